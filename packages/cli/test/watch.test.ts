import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { JpegSplitter } from '@streamer/jpeg-splitter'
import { startStreamer, type TestServer } from '@streamer/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { cert, key } from '../../receiver/test/certificate.js'
import { type RunningCommand, Workplace } from './run-command.js'

let server: TestServer
let place: Workplace
beforeAll(async () => {
  server = await startStreamer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  place = await Workplace.create()
})
afterEach(() => place.dispose())

const urlOf = (scheme: 'http' | 'tcp' | 'udp') =>
  scheme === 'http' ? new URL('stream.mjpg', server.url('http')).href : server.url(scheme)

function picturesIn(bytes: Buffer): number {
  let pictures = 0
  const splitter = new JpegSplitter({ onJpeg: () => pictures++ })
  splitter.push(bytes)
  splitter.end()
  const { garbageBytes, truncated } = splitter.counters
  expect({ garbageBytes, truncated }).toEqual({ garbageBytes: 0, truncated: 0 })
  return pictures
}

/** The address of a port where nothing listens. */
async function nobody(): Promise<string> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  listener.close()
  await once(listener, 'close')
  return `tcp://127.0.0.1:${port}`
}

async function ends(running: RunningCommand, signal: NodeJS.Signals): Promise<number | null> {
  running.child.kill(signal)
  return (await running.ended).code
}

describe.each(['http', 'tcp', 'udp'] as const)('streamer watch of %s', (scheme) => {
  it('tells how it goes, and sums up after so many frames', async () => {
    const { code, stdout, stderr } = await place.run(['watch', urlOf(scheme), '--frames', '40'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^receiving over (http|tcp\/2|udp\/2)\n/)
    expect(stdout).toMatch(/^\d+\.\d fps, \d+\.\d Mbit\/s/m)
    expect(stdout).toMatch(/^40 frames in \d+\.\d s, \d+\.\d fps, \d+\.\d Mbit\/s over (http|tcp|udp)/m)
  })
})

describe('streamer watch', () => {
  it('writes JPEGs into a folder, a file, and to standard output', async () => {
    const run = (output: string) => place.start(['watch', urlOf('udp'), '--frames', '3', '--output', output])
    expect((await run('frames/').ended).code).toBe(0)
    expect(await readdir(join(place.folder, 'frames'))).toEqual(['000001.jpg', '000002.jpg', '000003.jpg'])
    expect(picturesIn(await readFile(join(place.folder, 'frames/000002.jpg')))).toBe(1)
    expect((await run('clip.mjpeg').ended).code).toBe(0)
    expect(picturesIn(await readFile(join(place.folder, 'clip.mjpeg')))).toBe(3)
    const piped = run('-')
    const chunks: Buffer[] = []
    piped.child.stdout?.removeAllListeners('data')
    // As bytes: `setEncoding` came before.
    const stdout = piped.child.stdout as unknown as { _readableState: { decoder: null; encoding: null } }
    Object.assign(stdout._readableState, { decoder: null, encoding: null })
    piped.child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    expect((await piped.ended).code).toBe(0)
    expect(picturesIn(Buffer.concat(chunks))).toBe(3)
    expect(piped.stderr).toMatch(/^receiving over [\s\S]*^3 frames in /m)
  })

  it('gives programs an object a second, and one at the end', async () => {
    const { code, stdout } = await place.run(['watch', urlOf('udp'), '--duration', '2500ms', '--json'])
    expect(code).toBe(0)
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>)
    expect(events.map(({ event }) => event).slice(-1)).toEqual(['summary'])
    expect(events.length).toBeGreaterThan(1)
    expect(events.at(-1)).toMatchObject({
      protocol: 'udp/2',
      datagrams: { duplicate: 0 },
      rateBps: expect.any(Number),
      parity: expect.any(Number),
      roundTripMs: expect.any(Number)
    })
    expect(events.at(-1)?.frames).toBeGreaterThan(1)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends by %s with a summary and 0 when frames came', async (signal) => {
    const running = place.start(['watch', urlOf('udp')])
    await running.output(/fps/)
    expect(await ends(running, signal)).toBe(0)
    expect(running.stdout).toMatch(/\d+ frames in \d/)
    expect(running.stderr).toBe('')
  })

  it('ends with 1 and the reason when nothing came', async () => {
    const url = await nobody()
    expect(await place.run(['watch', url, '--duration', '10ms'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^streamer: /)
    })
    const running = place.start(['watch', url])
    await running.output(/trying again/)
    expect(await ends(running, 'SIGINT')).toBe(1)
    expect(running.stdout).toBe(`receive: ${url}: nothing listens there; trying again\n`)
    expect(running.stderr).toContain(`streamer: receive: ${url}: nothing listens there\n`)
    const wrong = place.start(['watch', new URL('state', server.url('http')).href])
    await wrong.output(/no MJPEG stream.*trying again/)
    expect(await ends(wrong, 'SIGINT')).toBe(1)
  })

  it('ends quietly with 0 when the reader of its output goes away', async () => {
    for (const args of [['--output', '-'], []]) {
      const running = place.start(['watch', urlOf('tcp'), ...args])
      running.child.stdout?.once('data', () => running.child.stdout?.destroy())
      expect(await running.ended).toEqual({ code: 0, signal: null })
      expect(running.stderr.replace(/^receiving over .*\n/, '').replace(/^\d+\.\d fps.*\n/gm, '')).toBe('')
    }
  })

  it('goes on while nobody reads its pictures, and ends by a signal', async () => {
    const running = place.start(['watch', urlOf('tcp'), '--output', '-'])
    running.child.stdout?.removeAllListeners('data')
    running.child.stdout?.pause()
    await running.output(/fps.* dropped/)
    running.child.kill('SIGINT')
    running.child.stdout?.resume()
    expect((await running.ended).code).toBe(0)
  })

  it('shows the stream on a page of its own', async () => {
    const running = place.start(['watch', urlOf('udp'), '--serve', '0'])
    const [, url = ''] = await running.output(/to be seen at (http:\S+)/)
    const answer = await fetch(new URL('snapshot.jpg', url))
    expect(answer.headers.get('content-type')).toBe('image/jpeg')
    expect(picturesIn(Buffer.from(await answer.arrayBuffer()))).toBe(1)
    expect(await (await fetch(url)).text()).toContain('<html')
    expect(new URL(url).hostname).toBe('127.0.0.1')
    expect(await ends(running, 'SIGTERM')).toBe(0)
  })

  it('says so when the page cannot be served', async () => {
    const port = new URL(server.url('http')).port
    const { code, stderr } = await place.run(['watch', urlOf('udp'), '--serve', port])
    expect(code).toBe(1)
    expect(stderr).toContain('address already in use')
  })

  it('leaves what is there alone, unless it is told to write over it', async () => {
    await mkdir(join(place.folder, 'full'))
    await writeFile(join(place.folder, 'full/mine.txt'), 'mine')
    await writeFile(join(place.folder, 'mine.mjpeg'), 'mine')
    for (const [name, message] of [
      ['full', 'is not empty'],
      ['mine.mjpeg', 'is there already'],
      ['no/folder/here', 'cannot be written']
    ] as const) {
      const { code, stderr } = await place.run(['watch', urlOf('tcp'), '--frames', '1', '--output', name])
      expect({ code, says: stderr.includes(message) }).toEqual({ code: 2, says: true })
    }
    const forced = await place.run(['watch', urlOf('tcp'), '--frames', '1', '--output', 'mine.mjpeg', '--force'])
    expect(forced.code).toBe(0)
    expect((await stat(join(place.folder, 'mine.mjpeg'))).size).toBeGreaterThan(100)
  })

  it.each([
    [[], 'watch needs <url>'],
    [['nowhere'], 'is no address of a stream'],
    [['udp://127.0.0.1', 'udp://127.0.0.1'], 'is too much'],
    [['udp://127.0.0.1', '--frames', '0'], '--frames'],
    [['udp://127.0.0.1', '--duration', '10'], '--duration'],
    [['udp://127.0.0.1', '--delay', '2h'], '--delay'],
    [['udp://127.0.0.1', '--serve', '70000'], '--serve'],
    [['udp://127.0.0.1', '--key-file', 'none'], '--key-file'],
    [['udp://127.0.0.1', '--key', 'a', '--key-file', 'none'], 'give one of them'],
    [['udp://127.0.0.1', '--key', 'short'], 'key: a key must have 16 bytes or more, this one has 5'],
    [['udp://127.0.0.1', '--insecure'], '--insecure is for addresses that begin with https:// or tcps://'],
    [['tcps://127.0.0.1', '--ca', 'none'], '--ca: none cannot be read'],
    [['tcps://127.0.0.1', '--ca', 'none', '--insecure'], 'give one'],
    [['udp://127.0.0.1', '--frame', '3'], 'did you mean --frames?'],
    [['udp://127.0.0.1', '--width', '3'], '--width']
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await place.run(['watch', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('has its own help', async () => {
    const { code, stdout } = await place.run(['watch', '--help'])
    expect(code).toBe(0)
    for (const word of [
      'streamer watch <url>',
      '--serve',
      '--output',
      '--delay',
      '--key-file',
      '--key-name',
      '--ca',
      '--insecure'
    ])
      expect(stdout).toContain(word)
    expect(stdout).not.toContain('--width')
  })

  it('takes the key of a flag, a file, or the variable of its scheme', async () => {
    const [secret, other] = ['a secret of enough bytes', 'the secret of the house']
    const keyed = await startStreamer({
      transports: [
        { use: 'tcp', port: 0, key: secret, keys: { house: other } },
        { use: 'udp', port: 0, key: secret }
      ]
    })
    onTestFinished(() => keyed.stop())
    await writeFile(join(place.folder, 'key.txt'), `${secret}\n`)
    const [tcp, udp] = [keyed.url('tcp'), keyed.url('udp')]
    for (const [args, env] of [
      [[tcp, '--key', secret], {}],
      [[tcp, '--key', other, '--key-name', 'house'], {}],
      [[udp, '--key-file', 'key.txt'], {}],
      [[udp], { STREAMER_UDP_KEY: ` ${secret} `, STREAMER_TCP_KEY: other }],
      [[tcp], { STREAMER_TCP_KEY: secret, STREAMER_UDP_KEY: other }],
      [[tcp, '--key', secret], { STREAMER_TCP_KEY: other }]
    ] as const) {
      const { code, stderr } = await place.run(['watch', ...args, '--frames', '2'], env)
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
    }
    const wrong = place.start(['watch', tcp, '--key', other])
    await wrong.output(/does not prove that it knows the key; trying again/)
    expect(await ends(wrong, 'SIGINT')).toBe(1)
    expect(`${wrong.stdout}${wrong.stderr}`).not.toContain(other)
  })

  it('believes a server with TLS by --ca, or --insecure', async () => {
    const [certificate, privateKey] = [join(place.folder, 'cert.pem'), join(place.folder, 'key.pem')]
    await Promise.all([writeFile(certificate, cert), writeFile(privateKey, key)])
    const secured = await startStreamer({
      transports: [{ use: 'tcp', port: 0, tls: { cert: certificate, key: privateKey } }]
    })
    onTestFinished(() => secured.stop())
    const url = `tcps://127.0.0.1:${new URL(secured.url('tcp')).port}`
    const { code, stdout } = await place.run(['watch', url, '--insecure', '--frames', '2'])
    expect(code).toBe(0)
    expect(stdout).toContain('over tcp/2')
    const doubtful = place.start(['watch', url])
    await doubtful.output(/self-signed.*trying again/)
    expect(await ends(doubtful, 'SIGINT')).toBe(1)
    // It is trusted then, and for another name than this address.
    const elsewhere = place.start(['watch', url, '--ca', certificate])
    await elsewhere.output(/altnames.*trying again/)
    expect(await ends(elsewhere, 'SIGINT')).toBe(1)
  })

  it('goes on when the server was away', async () => {
    const first = await startStreamer({ transports: [{ use: 'tcp', port: 0 }] })
    const url = first.url('tcp')
    const running = place.start(['watch', url])
    await running.output(/fps/)
    await first.stop()
    await running.output(/trying again/)
    const second = await startStreamer({ transports: [{ use: 'tcp', port: Number(new URL(url).port) }] })
    onTestFinished(() => second.stop())
    await running.output(/receiving[\s\S]*trying again[\s\S]*receiving/)
    expect(await ends(running, 'SIGINT')).toBe(0)
    expect(running.stdout).toMatch(/connected again \d+ time/)
  })
})
