import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig, originText, type Path, type Setting, type Settings } from '../src/index.js'

let cwd: string

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'streamer-origins-'))
  const part = (kind: string) => `export default { kind: '${kind}', apiVersion: 1, name: 'any', create() {},
    configSchema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } } }`
  for (const kind of ['source', 'encoder', 'transport']) await writeFile(join(cwd, `${kind}.mjs`), part(kind))
})

afterEach(async () => {
  await rm(cwd, { recursive: true })
})

const flag = (name: string, value: unknown): Setting => ({ value, origin: { kind: 'flag', name } })

async function origins(file: string, settings: Settings): Promise<(path: Path) => string> {
  await writeFile(join(cwd, '.streamerrc'), file)
  const config = await loadConfig({ cwd, settings, replaced: new Set(['source', 'encoder']) })
  return (path) => {
    const origin = config.originOf(path)
    return origin.kind === 'default' ? 'default' : originText(origin)
  }
}

describe('the origin of a value', () => {
  it('is the default for an option that nobody wrote, also of a part that a flag chose', async () => {
    const of = await origins('linger: 3', {
      source: flag('--source', './source.mjs'),
      transport: flag('--transport', ['./transport.mjs'])
    })
    expect(of(['source', 'use'])).toBe('--source')
    expect(of(['source', 'width'])).toBe('default')
    expect(of(['transports', 0, 'use'])).toBe('--transport')
    expect(of(['transports', 0, 'port'])).toBe('default')
    expect(of(['linger'])).toBe('.streamerrc:1:1')
  })

  it('is the place in the file for an option of a transport that a flag kept but moved', async () => {
    const moved = await origins('transports:\n  - { use: http }\n  - { use: ./transport.mjs, port: 1 }\n', {
      transport: flag('--transport', ['./transport.mjs'])
    })
    expect(moved(['transports', 0, 'port'])).toBe('.streamerrc:3:29')
    expect(moved(['transports'])).toBe('--transport')
  })

  it('is the default for parts that a flag only added an option to', async () => {
    const of = await origins('transports: [{ use: ./transport.mjs }]', { width: flag('--width', 7) })
    expect(of(['source', 'width'])).toBe('--width')
    expect(of(['source', 'use'])).toBe('default')
  })
})
