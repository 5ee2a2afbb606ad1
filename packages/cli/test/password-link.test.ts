import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compose } from '@streamer/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

const write = (name: string, text: string) => writeFile(join(place.folder, name), text)

async function password(input: string) {
  const running = place.start(['password'])
  running.child.stdin?.end(input)
  const { code } = await running.ended
  return { code, stdout: running.stdout, stderr: running.stderr }
}

describe('streamer password', () => {
  it('makes the text for the configuration, which shows it to nobody', async () => {
    const { code, stdout, stderr } = await password('gehöft 7\n')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^scrypt\$N=16384,r=8,p=5\$\S+\$\S+\n$/)
    await write(
      '.streamerrc',
      `transports: [{ use: http, key: the key of this server, users: { anna: { password: ${JSON.stringify(stdout.trim())}, role: admin } } }]`
    )
    const shown = await place.run(['config'])
    expect(shown.code).toBe(0)
    expect(shown.stdout).toContain('anna')
    expect(shown.stdout).not.toMatch(/scrypt|the key of/)
  })

  it('refuses what is none, and never takes it from the command line', async () => {
    expect(await password('\n')).toMatchObject({ code: 2, stderr: expect.stringContaining('empty') })
    expect(await password('a\nb\n')).toMatchObject({ code: 2, stderr: expect.stringContaining('one line') })
    expect(await password('x'.repeat(9000))).toMatchObject({ code: 2, stderr: expect.stringContaining('too long') })
    expect((await place.run(['password', 'secret'])).code).toBe(2)
  })

  it('is told of where the configuration has something else, without showing it', async () => {
    await write('.streamerrc', 'transports: [{ use: http, users: { anna: { password: my own words } } }]')
    const { code, stderr } = await place.run(['config'])
    expect(code).toBe(2)
    expect(stderr).toContain('streamer password')
    expect(stderr).not.toContain('my own words')
  })
})

describe('streamer link', () => {
  it('makes addresses that the server of the same configuration lets in', async () => {
    const transport = { use: 'http', host: '127.0.0.1', port: 0, keyFile: 'key.txt', basePath: '/cam' }
    const source = { use: 'fake', width: 64, height: 48 }
    await write('key.txt', 'sixteen characters and more\n')
    await write('.streamerrc', JSON.stringify({ source, transports: [transport] }))
    const streamer = await compose({
      source,
      transports: [{ ...transport, keyFile: join(place.folder, 'key.txt') }]
    })
    try {
      await streamer.start()
      const url = streamer.urls[0]!
      expect((await fetch(`${url}state`)).status).toBe(401)
      const all = await place.run(['link', '--url', url])
      expect(all).toMatchObject({ code: 0, stderr: '' })
      const [page = '', stream = ''] = all.stdout.trim().split('\n')
      expect((await fetch(page)).status).toBe(200)
      expect((await fetch(stream, { method: 'HEAD' })).status).toBe(200)
      const name = decodeURIComponent(/\/cam\/([^/]+)\/stream/.exec(stream)?.[1] ?? '')
      const one = await place.run(['link', '--url', url, '--stream', name, '--for', '7d'])
      const [, snapshot = ''] = one.stdout.trim().split('\n')
      expect((await fetch(snapshot, { method: 'HEAD' })).status).toBe(200)
      expect((await fetch(`${url}state?${snapshot.split('?')[1]}`)).status).toBe(403)
    } finally {
      await streamer.stop()
    }
  })

  it('says what is wrong', async () => {
    const wrong = async (...flags: string[]) => {
      const { code, stderr } = await place.run(['link', ...flags])
      expect(code).toBe(2)
      return stderr
    }
    expect(await wrong('--for', '5 minutes')).toContain('--for')
    expect(await wrong('--for', '0h')).toContain('--for')
    expect(await wrong()).toContain('has no key')
    await write('.streamerrc', 'transports: [{ use: http, port: 0, key: sixteen characters and more }]')
    expect(await wrong()).toContain('--url')
    expect(await wrong('--url', 'camera')).toContain('--url')
    expect(await wrong('--stream', 'nobody')).toContain('nobody')
    expect(await wrong('--name', 'tcp')).toContain('there is http')
  })
})
