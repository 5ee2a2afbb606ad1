import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { monotonicUs } from '@streamer/core/plugin'
import {
  CodecNumber,
  DataFlag,
  makeProof,
  nonceLength,
  parseKey,
  RecordType,
  RefusalReason,
  readTcpWelcome,
  tcpFrameHeadLength
} from '@streamer/protocol'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { makeCertificate } from '../../../test/support/certificate.js'
import { configSchema, TcpTransport } from '../src/index.js'
import { StandInClient } from './stand-in-client.js'
import { Cleanup, Client, StandInLogger, StandInRun, StandInStream, serve } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())
const certificate = makeCertificate()
afterAll(() => certificate.remove())

const jpeg = { payload: 'jpeg' }
const key = 'correct horse battery staple'
const keyBytes = parseKey(key)
const withKey = { key: keyBytes }
const picture = (seed: number, length = 5000) => Buffer.alloc(length, seed)
const turn = () => new Promise(setImmediate)

/** Serves with the certificate. */
const serveTls = (options: object = {}, stream = new StandInStream()) =>
  serve(cleanup, { ...jpeg, tls: certificate.tls, ...options }, [stream], certificate.folder)

/** Time-outs wait for the test; microtasks, sockets and `setImmediate` go on. */
function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  cleanup.add(vi, () => vi.useRealTimers())
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

/** Publishes until the kernel takes no more for the only client, which does not read. */
async function fill(stream: StandInStream): Promise<void> {
  for (let frame = 0; stream.hub.stats()[0]!.waiting === 0; frame++) {
    stream.publish(picture(frame % 256, 400_000))
    for (let count = 0; count < 10; count++) await turn()
  }
}

describe('a client that says hello', () => {
  it('is welcomed and gets frames with their numbers and times', async () => {
    const { stream, port, transport } = await serve(cleanup)
    const beforeUs = monotonicUs()
    const client = await StandInClient.join(cleanup, port)
    const welcome = readTcpWelcome(await client.ofType(RecordType.welcome))!
    expect(welcome).toMatchObject({ codec: CodecNumber.mjpeg, proof: Buffer.alloc(0) })
    expect(welcome.serverTimeUs).toBeGreaterThanOrEqual(beforeUs)
    const published = []
    for (let count = 1; count <= 3; count++) {
      published.push(stream.publish(picture(count)))
      await client.has(count)
    }
    for (const [index, frame] of client.frames.entries()) {
      const { data, timestampUs } = published[index]!
      expect(frame).toMatchObject({ sequence: index, captureUs: timestampUs, codec: CodecNumber.mjpeg, flags: 0, data })
      expect(frame.sendUs).toBeGreaterThanOrEqual(timestampUs)
    }
    const bytes = 3 * (8 + tcpFrameHeadLength + 5000)
    expect(transport.stats()).toMatchObject({ connections: 1, versionTwo: 1, framesSent: 3, bytesSent: bytes })
  })

  it('in time is understood, also when the server was held up', async () => {
    const { port, transport } = await serve(cleanup)
    const client = await StandInClient.open(cleanup, port)
    await until(() => transport.stats().connections === 1)
    client.say(RecordType.hello, client.helloBody)
    const endMs = performance.now() + 150
    while (performance.now() < endMs);
    await client.ofType(RecordType.welcome)
  })

  it('byte by byte is understood', async () => {
    const { stream, port } = await serve(cleanup)
    const client = await StandInClient.open(cleanup, port)
    client.socket.setNoDelay()
    const hello = client.writer.write(RecordType.hello, client.helloBody)
    for (let at = 0; at < hello.length; at++) {
      client.send(hello.subarray(at, at + 1))
      await turn()
    }
    await client.ofType(RecordType.welcome)
    stream.publish(picture(1))
    await client.has(1)
  })

  it('sees a gap for frames that only others were sent, and none for those that nobody was', async () => {
    const { stream, port } = await serve(cleanup)
    const slow = await StandInClient.join(cleanup, port)
    slow.socket.pause()
    await fill(stream)
    const other = await StandInClient.join(cleanup, port)
    for (let count = 1; count <= 5; count++) {
      stream.publish(picture(count))
      await other.has(count)
    }
    slow.socket.resume()
    const newest = other.frames.at(-1)!
    await slow.until(() => slow.frames.at(-1)?.sequence === newest.sequence)
    expect(slow.frames.at(-1)!.data).toEqual(newest.data)
    const sequences = slow.frames.map(({ sequence }) => sequence)
    const old = sequences.slice(0, -1)
    expect(old).toEqual(old.map((_, index) => index))
    expect(newest.sequence).toBe(old.length + 4)
  })

  it('is told when the camera gives nothing new', async () => {
    const { stream, port } = await serve(cleanup)
    const clients = [await StandInClient.join(cleanup, port), await StandInClient.join(cleanup, port)]
    const frame = stream.publish(picture(1))
    for (const client of clients) await client.has(1)
    stream.hub.publish(frame)
    for (const client of clients) await client.has(2)
    stream.publish(picture(2))
    for (const client of clients) {
      await client.has(3)
      expect(client.frames.map(({ sequence, flags }) => [sequence, flags])).toEqual([
        [0, 0],
        [1, DataFlag.repeated],
        [2, 0]
      ])
    }
  })

  it('gets the stream that it names, or that of the port', async () => {
    const streams = [new StandInStream('front'), new StandInStream('door')]
    const { ports, transport } = await serve(cleanup, {}, streams)
    await StandInClient.join(cleanup, ports[0]!, { stream: 'door' })
    expect(streams.map(({ hub }) => hub.size)).toEqual([0, 1])
    await StandInClient.join(cleanup, ports[0]!)
    await StandInClient.join(cleanup, ports[1]!)
    expect(streams.map(({ hub }) => hub.size)).toEqual([1, 2])
    const lost = await StandInClient.open(cleanup, ports[0]!, { stream: 'back' })
    lost.say(RecordType.hello, lost.helloBody)
    expect(await lost.refusal()).toBe(RefusalReason.stream)
    expect(transport.stats()).toMatchObject({ refusedUnknownStream: 1, versionTwo: 3 })
  })

  it('may ask for the clock, at most ten times a second', async () => {
    const { port, transport } = await serve(cleanup)
    const client = await StandInClient.join(cleanup, port)
    const beforeUs = monotonicUs()
    client.ping(77)
    await client.ofType(RecordType.clock)
    const [clock] = client.clocks
    expect(clock).toMatchObject({ clientTimeUs: 77, rateKbps: 0, parityPermille: 0 })
    expect(clock!.receivedUs).toBeGreaterThanOrEqual(beforeUs)
    expect(clock!.sentUs).toBeGreaterThanOrEqual(clock!.receivedUs)
    for (let count = 0; count < 200; count++) client.ping(count)
    const seen = () => transport.stats() as Record<string, number>
    await until(() => seen().pings! + seen().ignoredPings! === 201)
    expect(seen().ignoredPings).toBeGreaterThan(0)
    await client.until(() => client.clocks.length === seen().pings)
  })

  it('is no longer listened to when it talks without end, and gets frames still', async () => {
    const { stream, port, transport } = await serve(cleanup)
    const client = await StandInClient.join(cleanup, port)
    const talk = Buffer.concat(Array.from({ length: 20_000 }, () => client.writer.write(2, randomBytes(1000))))
    client.socket.write(talk)
    await until(() => (transport.stats() as Record<string, number>).ignoredPings! > 2)
    stream.publish(picture(1))
    await client.has(1)
    expect(client.socket.writableLength).toBeGreaterThan(0)
    expect((transport.stats() as Record<string, number>).ignoredPings).toBeLessThan(200)
  })

  it('may shut down its side and goes on receiving, unless it has yet to say something', async () => {
    const { stream, port, transport } = await serve(cleanup)
    const client = await StandInClient.join(cleanup, port)
    client.socket.end()
    await until(() => transport.stats().halfClosed === 1)
    stream.publish(picture(1))
    await client.has(1)
    const early = await StandInClient.open(cleanup, port)
    early.socket.end(early.writer.write(RecordType.hello, early.helloBody).subarray(0, 20))
    await early.gone()
    expect(early.received).toBe(0)
  })

  it('has five seconds for it', async () => {
    const { stream, port, transport } = await serve(cleanup)
    stopTime()
    const client = await StandInClient.open(cleanup, port)
    client.send(client.writer.write(RecordType.hello, client.helloBody).subarray(0, 20))
    // Node gives what came to the server within a few turns, after which its clock runs.
    await until(() => transport.stats().connections === 1)
    while (vi.getTimerCount() !== 1) await turn()
    for (let count = 0; count < 50; count++) await turn()
    vi.advanceTimersByTime(4900)
    await turn()
    expect(client.isGone).toBe(false)
    vi.advanceTimersByTime(100)
    await client.gone()
    expect(client.received).toBe(0)
    expect(transport.stats()).toMatchObject({ timedOut: 1, versionTwo: 0 })
    expect(stream.hub.size).toBe(0)
  })

  it.each([
    ['a body that is longer than any', Buffer.from('d521000000100000', 'hex')],
    ['another version', Buffer.from('d531000000000000', 'hex')],
    ['no hello', Buffer.from('d5220000060000000000000000000', 'hex')],
    ['a hello that is cut off', Buffer.from(`d521000010000000${'00'.repeat(16)}`, 'hex')]
  ])('is cut when what follows is %s', async (_, bytes) => {
    const { port, transport, stream } = await serve(cleanup)
    const client = await StandInClient.open(cleanup, port)
    client.send(bytes)
    await client.gone()
    expect(client.received).toBe(0)
    expect(transport.stats()).toMatchObject({ malformed: 1, versionTwo: 0 })
    expect(stream.hub.size).toBe(0)
  })
})

describe('age', () => {
  const old = () => ({ timestampUs: monotonicUs() - 60_000_000 })

  it('is no reason to keep a frame back, as when the camera is silent and its last picture comes again', async () => {
    const { stream, port } = await serve(cleanup, jpeg)
    const client = await StandInClient.join(cleanup, port)
    stream.publish(picture(1), old())
    await client.has(1)
  })

  it('does not grow while a slow client takes a frame: the newest one comes next', async () => {
    const { stream, port } = await serve(cleanup)
    const client = await StandInClient.join(cleanup, port)
    client.socket.pause()
    await fill(stream)
    stream.publish(picture(7))
    stream.publish(picture(8))
    client.socket.resume()
    await client.until(() => client.frames.at(-1)?.data.equals(picture(8)) === true)
    expect(client.frames.some(({ data }) => data.equals(picture(7)))).toBe(false)
  })

  it('of more than maxAgeMs keeps a frame back, and counts when a slow client is ready', async () => {
    const { stream, port } = await serve(cleanup, { maxAgeMs: 1000 })
    const client = await StandInClient.join(cleanup, port)
    client.socket.pause()
    await fill(stream)
    stream.publish(picture(7), old())
    client.socket.resume()
    await until(() => stream.hub.stats()[0]!.expired === 1)
    stream.publish(picture(8))
    await client.until(() => client.frames.at(-1)?.data.equals(picture(8)) === true)
    expect(client.frames.some(({ data }) => data.equals(picture(7)))).toBe(false)
  })
})

it('a client that takes nothing is cut', async () => {
  const { stream, port, transport } = await serve(cleanup, { stallTimeoutMs: 200 })
  const client = await StandInClient.join(cleanup, port)
  client.socket.pause()
  await fill(stream)
  await stream.clients(0)
  expect(transport.stats()).toMatchObject({ stalled: 1 })
})

describe('with a key', () => {
  it('all is sealed after the proof', async () => {
    const { stream, port, transport } = await serve(cleanup, { key })
    const client = await StandInClient.join(cleanup, port, withKey)
    const data = randomBytes(3000)
    const wire: Buffer[] = []
    client.socket.on('data', (bytes) => wire.push(bytes))
    stream.publish(data)
    stream.publish(data)
    await client.has(2)
    expect(client.frames.map((frame) => frame.data.equals(data))).toEqual([true, true])
    const bytes = Buffer.concat(wire)
    expect(bytes.includes(data.subarray(0, 8))).toBe(false)
    expect(transport.stats()).toMatchObject({ versionTwo: 1, pings: 1, bytesSent: bytes.length })
  })

  it('nobody gets a byte of a picture who does not know it', async () => {
    const { stream, port, transport, logger } = await serve(cleanup, { key })
    const wrong = await StandInClient.open(cleanup, port)
    wrong.say(RecordType.hello, wrong.helloBody)
    const welcome = await wrong.ofType(RecordType.welcome)
    stream.publish(picture(1))
    wrong.say(RecordType.proof, makeProof(parseKey('another key of that length'), 'client', wrong.helloBody, welcome))
    expect(await wrong.refusal()).toBe(RefusalReason.keyWrong)
    const without = await StandInClient.open(cleanup, port)
    without.say(RecordType.hello, without.helloBody)
    without.ping(1)
    expect(await without.refusal()).toBe(RefusalReason.keyNeeded)
    const reflecting = await StandInClient.open(cleanup, port)
    reflecting.say(RecordType.hello, reflecting.helloBody)
    const { proof } = readTcpWelcome(await reflecting.ofType(RecordType.welcome))!
    reflecting.say(RecordType.proof, proof)
    expect(await reflecting.refusal()).toBe(RefusalReason.keyWrong)
    const old = await Client.open(cleanup, port)
    old.socket.write('GET / HTTP/1.1\r\n\r\n')
    await expect(old.gone).rejects.toThrow('the connection is gone')
    stream.publish(picture(2))
    expect(stream.subscribed).toBe(0)
    expect(old.rest + old.frames.length).toBe(0)
    expect(transport.stats()).toMatchObject({ refusedKey: 3, refusedLegacy: 1, versionTwo: 0, framesSent: 0 })
    expect(logger.warnings).toEqual([
      'refused a client without the right key',
      'refused a client of version 1, which knows no keys'
    ])
  })

  it('the room that strangers hold is free again after five seconds', async () => {
    const { stream, port, transport } = await serve(cleanup, { key, maxClients: 2 })
    stopTime()
    const silent = await StandInClient.open(cleanup, port)
    const halfway = await StandInClient.open(cleanup, port)
    halfway.say(RecordType.hello, halfway.helloBody)
    await halfway.ofType(RecordType.welcome)
    expect(transport.stats()).toMatchObject({ connections: 2 })
    const late = await StandInClient.open(cleanup, port, withKey)
    await late.gone()
    vi.advanceTimersByTime(5000)
    expect(await halfway.refusal()).toBe(RefusalReason.keyNeeded)
    await silent.gone()
    await until(() => (transport.stats() as Record<string, number>).disconnects! >= 1)
    await StandInClient.join(cleanup, port, withKey)
    expect(stream.hub.size).toBe(1)
    expect(silent.received).toBe(0)
    expect(transport.stats()).toMatchObject({ refused: 1, refusedKey: 1, refusedLegacy: 1, timedOut: 1 })
  })

  it('a stranger that does not read its refusal is cut a second later', async () => {
    const { port, transport } = await serve(cleanup, { key })
    stopTime()
    const client = await StandInClient.open(cleanup, port, { keyName: 'nobody' })
    client.say(RecordType.hello, client.helloBody)
    await client.ofType(RecordType.refused)
    expect(transport.stats().disconnects).toBe(0)
    vi.advanceTimersByTime(1000)
    await until(() => transport.stats().disconnects === 1)
  })

  it('of its own, each client is served under its name', async () => {
    const keys = { anna: `${key} of anna`, ben: `${key} of ben` }
    const { port, stream } = await serve(cleanup, { keys })
    await StandInClient.join(cleanup, port, { key: parseKey(keys.anna), keyName: 'anna' })
    expect(stream.hub.size).toBe(1)
    const ben = await StandInClient.open(cleanup, port, { keyName: 'ben' })
    ben.say(RecordType.hello, ben.helloBody)
    const welcome = await ben.ofType(RecordType.welcome)
    ben.say(RecordType.proof, makeProof(parseKey(keys.anna), 'client', ben.helloBody, welcome))
    expect(await ben.refusal()).toBe(RefusalReason.keyWrong)
    const nobody = await StandInClient.open(cleanup, port)
    nobody.say(RecordType.hello, nobody.helloBody)
    expect(await nobody.refusal()).toBe(RefusalReason.keyNeeded)
  })

  it('a session that somebody recorded cannot be played again', async () => {
    const { port, stream, transport } = await serve(cleanup, { key })
    const client = await StandInClient.join(cleanup, port, withKey)
    client.ping(5)
    await client.until(() => client.clocks.length === 2)
    const replaying = await StandInClient.open(cleanup, port)
    replaying.send(Buffer.concat(client.said))
    expect(await replaying.refusal()).toBe(RefusalReason.keyWrong)
    expect(stream.hub.size).toBe(1)
    expect(transport.stats()).toMatchObject({ versionTwo: 1, refusedKey: 1 })
  })

  it('the same hello never makes the same connection', async () => {
    const { port } = await serve(cleanup, { key })
    const nonces = []
    for (let round = 0; round < 2; round++) {
      const client = await StandInClient.open(cleanup, port)
      client.say(RecordType.hello, Buffer.from(client.helloBody).fill(7, 0, nonceLength))
      nonces.push(readTcpWelcome(await client.ofType(RecordType.welcome))!.serverNonce)
    }
    expect(nonces[0]).not.toEqual(nonces[1])
  })

  it('a record that was changed on the way, or comes twice, ends the connection', async () => {
    const { port, stream, transport } = await serve(cleanup, { key })
    const changed = await StandInClient.join(cleanup, port, withKey)
    const ping = changed.writer.write(RecordType.ping, Buffer.alloc(6))
    ping[10]! ^= 1
    changed.send(ping)
    await changed.gone()
    const twice = await StandInClient.join(cleanup, port, withKey)
    twice.send(twice.said.at(-1)!)
    await twice.gone()
    await stream.clients(0)
    expect(transport.stats()).toMatchObject({ forged: 2, malformed: 0 })
  })

  it('which streams there are is for those who know it', async () => {
    const { port } = await serve(cleanup, { key })
    const stranger = await StandInClient.open(cleanup, port, { stream: 'back' })
    stranger.say(RecordType.hello, stranger.helloBody)
    await stranger.ofType(RecordType.welcome)
    stranger.ping(0)
    expect(await stranger.refusal()).toBe(RefusalReason.keyNeeded)
    const lost = await StandInClient.open(cleanup, port, { ...withKey, stream: 'back' })
    await Promise.allSettled([lost.join()])
    expect(await lost.refusal()).toBe(RefusalReason.stream)
  })
})

describe('a client of version 1', () => {
  it('gets frames 100 ms after it came, without a word', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    stopTime()
    const client = await Client.open(cleanup, port)
    await until(() => transport.stats().connections === 1)
    vi.advanceTimersByTime(99)
    expect(stream.hub.size).toBe(0)
    vi.advanceTimersByTime(1)
    await stream.clients(1)
    stream.publish(picture(1))
    expect(await client.has(1)).toEqual([picture(1)])
    expect(transport.stats()).toMatchObject({ versionTwo: 0, ignoredBytes: 0 })
  })

  it('gets them at once when it says something else, or that it will say nothing', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    stopTime()
    const talking = await Client.open(cleanup, port)
    // What TLS begins with is nothing special where there is no certificate.
    talking.socket.write(Buffer.of(0x16, 0xd5))
    await stream.clients(1)
    const ended = await Client.open(cleanup, port)
    ended.socket.end()
    await stream.clients(2)
    stream.publish(picture(1))
    expect(await talking.has(1)).toEqual([picture(1)])
    expect(await ended.has(1)).toEqual([picture(1)])
    expect(transport.stats()).toMatchObject({ ignoredBytes: 2, halfClosed: 1 })
  })

  it('is served nowhere with legacy: deny', async () => {
    const { stream, port, transport, logger } = await serve(cleanup, { legacy: 'deny' })
    const client = await Client.open(cleanup, port)
    client.socket.write('hello')
    await expect(client.gone).rejects.toThrow()
    await StandInClient.join(cleanup, port)
    expect(stream.subscribed).toBe(1)
    expect(transport.stats()).toMatchObject({ refusedLegacy: 1 })
    expect(logger.warnings).toEqual(['refused a client of version 1: legacy is deny'])
  })

  it('is served at local addresses with legacy: local', async () => {
    const { stream, port } = await serve(cleanup, { legacy: 'local', ...jpeg })
    const client = await Client.open(cleanup, port)
    await stream.clients(1)
    stream.publish(picture(1))
    await client.has(1)
  })
})

describe('with a certificate', () => {
  const ca = certificate.cert

  it('version 2 is spoken in TLS', async () => {
    const { stream, port, transport } = await serveTls()
    const client = await StandInClient.join(cleanup, port, { ca })
    for (let count = 1; count <= 3; count++) {
      stream.publish(picture(count, 300_000))
      await client.has(count)
    }
    expect(client.frames.map(({ data }) => data.equals(picture(data[0]!, 300_000)))).toEqual([true, true, true])
    expect(transport.stats()).toMatchObject({ tlsConnections: 1, versionTwo: 1, framesSent: 3 })
  })

  it('version 1 is spoken in TLS with a client that is silent there', async () => {
    const { stream, port } = await serveTls()
    const socket = connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' })
    cleanup.add(socket, () => socket.destroy())
    await stream.clients(1)
    stream.publish(picture(3, 100))
    let bytes = Buffer.alloc(0)
    while (bytes.length < 108) bytes = Buffer.concat([bytes, ...((await once(socket, 'data')) as Buffer[])])
    expect(bytes).toEqual(Buffer.concat([Buffer.of(100, 0, 0, 0, 0, 0, 0, 0), picture(3, 100)]))
  })

  it('a slow client gets the newest frame', async () => {
    const { stream, port } = await serveTls()
    const client = await StandInClient.join(cleanup, port, { ca })
    client.socket.pause()
    await fill(stream)
    stream.publish(picture(9))
    client.socket.resume()
    await client.until(() => client.frames.at(-1)?.data.equals(picture(9)) === true)
  })

  it('a ping is answered after the frame that is being sent', async () => {
    const { stream, port, transport } = await serveTls({ key })
    const client = await StandInClient.join(cleanup, port, { ca, ...withKey })
    client.socket.pause()
    await fill(stream)
    client.ping(5)
    await until(() => transport.stats().pings === 2)
    const sending = transport.stats().framesSent as number
    client.socket.resume()
    await client.until(() => client.clocks.length === 2)
    expect(client.frames.length).toBeGreaterThan(sending)
    expect(client.clocks[1]!.sentUs).toBeGreaterThanOrEqual(client.clocks[1]!.receivedUs)
  })

  it('a client that takes nothing is cut, one that reads slowly is not', async () => {
    const { stream, port, transport } = await serveTls({ stallTimeoutMs: 300 })
    const slow = await StandInClient.join(cleanup, port, { ca })
    stream.publish(picture(5, 20_000_000))
    slow.socket.on('data', () => slow.socket.pause())
    const trickle = setInterval(() => slow.socket.resume(), 2)
    cleanup.add(trickle, clearInterval)
    await slow.has(1)
    expect(transport.stats()).toMatchObject({ stalled: 0 })
    clearInterval(trickle)
    slow.socket.pause()
    await fill(stream)
    await stream.clients(0)
    expect(transport.stats()).toMatchObject({ stalled: 1 })
  })

  it('nobody is served without TLS', async () => {
    const { stream, port, transport, logger } = await serveTls()
    const client = await StandInClient.open(cleanup, port)
    client.say(RecordType.hello, client.helloBody)
    await client.gone()
    stopTime()
    const silent = await StandInClient.open(cleanup, port)
    await until(() => transport.stats().connections === 2)
    vi.advanceTimersByTime(5000)
    await silent.gone()
    expect(client.received + silent.received).toBe(0)
    expect(stream.subscribed).toBe(0)
    expect(transport.stats()).toMatchObject({ refusedTls: 2 })
    expect(logger.warnings).toEqual(['refused a client that came without TLS; legacy: allow serves it'])
  })

  it('all are served with legacy: allow', async () => {
    const { stream, port } = await serveTls({ legacy: 'allow' })
    const old = await Client.open(cleanup, port)
    await stream.clients(1)
    const clients = [await StandInClient.join(cleanup, port), await StandInClient.join(cleanup, port, { ca })]
    stream.publish(picture(1))
    await old.has(1)
    for (const client of clients) await client.has(1)
  })

  it('a handshake that fails, or never ends, is cut', async () => {
    const { port, transport, logger } = await serveTls()
    const bad = await StandInClient.open(cleanup, port)
    bad.send(Buffer.concat([Buffer.from('16030100050102030405', 'hex'), randomBytes(100)]))
    await bad.gone()
    await until(() => transport.stats().disconnects === 1)
    expect(transport.stats()).toMatchObject({ tlsErrors: 1, tlsConnections: 0 })
    expect(logger.warnings).toEqual(['cut a client with which TLS could not be agreed upon'])
    stopTime()
    const slow = await StandInClient.open(cleanup, port)
    slow.send(Buffer.from('160301', 'hex'))
    while (vi.getTimerCount() !== 1) await turn()
    for (let count = 0; count < 50; count++) await turn()
    vi.advanceTimersByTime(5000)
    await slow.gone()
    expect(transport.stats()).toMatchObject({ timedOut: 1 })
  })

  it('a start without its files is refused', async () => {
    const start = (tls: object) =>
      new TcpTransport(configSchema.parse({ host: '127.0.0.1', port: 0, tls }), {
        name: 'tcp',
        logger: new StandInLogger(),
        baseDir: certificate.folder
      }).start(new StandInRun(), new Map([['camera', new StandInStream()]]))
    await expect(start({ cert: 'nowhere.pem', key: 'key.pem' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/^transport-tcp: tls\.cert: cannot read .*nowhere\.pem: ENOENT/)
    })
    await expect(start({ cert: 'cert.pem', key: 'cert.pem' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/^transport-tcp: tls: cert\.pem and cert\.pem cannot be used: /)
    })
  })
})

describe('options', () => {
  it.each([
    [{ key: 'short' }, 'key'],
    [{ key, keyFile: 'key' }, 'keyFile'],
    [{ key, legacy: 'allow' }, 'legacy'],
    [{ keyFile: 'key', legacy: 'allow' }, 'legacy'],
    [{ keys: { anna: key }, legacy: 'allow' }, 'legacy'],
    [{ keys: { '': key } }, 'keys'],
    [{ tls: { cert: 'cert.pem' } }, 'tls']
  ])('%j are a mistake', (options, path) => {
    const { success, error } = configSchema.safeParse(options)
    expect(success).toBe(false)
    expect(error!.issues[0]!.path[0]).toBe(path)
  })

  it('take a key from the environment, which is a mistake beside legacy: allow as well', async () => {
    vi.stubEnv('STREAMER_TCP_KEY', key)
    cleanup.add(vi, () => vi.unstubAllEnvs())
    const { port, stream } = await serve(cleanup)
    await StandInClient.join(cleanup, port, withKey)
    expect(stream.hub.size).toBe(1)
    await expect(serve(cleanup, { legacy: 'allow' })).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })
})

it('survives whatever strangers send', { timeout: 120_000 }, async () => {
  const { port, stream, transport } = await serveTls({ key, maxClients: 10_000 })
  const client = await StandInClient.join(cleanup, port, { ...withKey, ca: certificate.cert })
  const { port: plainPort, stream: plainStream } = await serve(cleanup, { key, maxClients: 10_000 })
  const said = Buffer.concat(client.said)
  for (let round = 0; round < 400; round++) {
    const bytes = round % 4 === 0 ? randomBytes(round) : Buffer.from(said)
    for (let flips = 0; flips <= round % 5 && bytes.length > 0; flips++) {
      bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256)
    }
    if (round % 3 === 0 && bytes.length > 0) bytes[0] = round % 2 === 0 ? 0xd5 : 0x16
    const stranger = await StandInClient.open(cleanup, round % 2 === 0 ? port : plainPort)
    stranger.socket.removeAllListeners('data')
    stranger.socket.on('data', (data) => {
      stranger.received += data.length
    })
    stranger.socket.end(bytes)
    await stranger.gone()
    // A welcome with its proof and a refusal are what a stranger can get, or an alert of TLS.
    expect(stranger.received).toBeLessThan(200)
  }
  const data = randomBytes(3000)
  stream.publish(data)
  await client.has(1)
  expect(client.frames[0]!.data.equals(data)).toBe(true)
  expect(stream.subscribed).toBe(1)
  expect(plainStream.subscribed).toBe(0)
  expect(transport.stats()).toMatchObject({ versionTwo: 1 })
})
