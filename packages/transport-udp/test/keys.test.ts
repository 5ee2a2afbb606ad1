import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configSchema } from '../src/index.js'
import { readKeys } from '../src/keys.js'

const key = 'correct horse battery staple'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-keys-'))
  await writeFile(join(folder, 'key'), `  ${key}\n`)
  await writeFile(join(folder, 'short'), 'short\n')
})
afterAll(() => rm(folder, { recursive: true }))

const read = (options: object, environment = {}) =>
  readKeys({ keys: {}, ...options } as Parameters<typeof readKeys>[0], 'transport-udp', folder, environment)
const bytes = Buffer.from(key)

describe('keys', () => {
  it('are none by default', async () => {
    expect(await read({})).toEqual(new Map())
  })

  it('come from the option, the file beside the configuration, or the environment', async () => {
    expect(await read({ key })).toEqual(new Map([['', bytes]]))
    expect(await read({ keyFile: 'key' })).toEqual(new Map([['', bytes]]))
    expect(await read({}, { STREAMER_UDP_KEY: key })).toEqual(new Map([['', bytes]]))
  })

  it('of the configuration win over that of the environment', async () => {
    expect(await read({ key }, { STREAMER_UDP_KEY: 'another key of that length' })).toEqual(new Map([['', bytes]]))
    expect([...(await read({ keys: { anna: key } }, { STREAMER_UDP_KEY: key })).keys()]).toEqual(['anna'])
  })

  it('that cannot be used are refused without being shown', async () => {
    await expect(read({ keyFile: 'nowhere' })).rejects.toThrow(/^transport-udp: keyFile: cannot read .*nowhere: ENOENT/)
    await expect(read({ keyFile: 'short' })).rejects.toThrow(
      /^transport-udp: keyFile: .*short: a key must have 16 bytes or more, this one has 5$/
    )
    await expect(read({}, { STREAMER_UDP_KEY: 'short' })).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  it.each([
    [{ key: 'short' }, 'key'],
    [{ key, keyFile: 'key' }, 'keyFile'],
    [{ key, legacy: 'allow' }, 'legacy'],
    [{ keys: { anna: key }, legacy: 'allow' }, 'legacy'],
    [{ keys: { '': key } }, 'keys']
  ])('in %j are a mistake of the configuration', (options, path) => {
    const { success, error } = configSchema.safeParse(options)
    expect(success).toBe(false)
    expect(error!.issues[0]!.path[0]).toBe(path)
  })
})
