import { randomBytes } from 'node:crypto'
import {
  ByeReason,
  type Data,
  DataFlag,
  DatagramType,
  RefusalReason,
  type Refused,
  readClock,
  readDatagram,
  writeResend
} from '@streamer/protocol'
import { repairData } from '@streamer/reed-solomon'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useQuickSealing } from '../../protocol/src/aead.js'
import { StandInClient } from './stand-in-client.js'
import { Cleanup, Client, StandInStream, serve, WatchedBursts } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const key = 'correct horse battery staple'
const keyBytes = Buffer.from(key)

/** A frame of random bytes, and its datagrams put together again. */
const joined = (shards: ReadonlyArray<{ shard: Buffer }>) => Buffer.concat(shards.map(({ shard }) => shard))

const padded = (sequence: number) => Buffer.alloc(5000, sequence)

/** Datagrams of the frame that this one belongs to. */
const frameLength = ({ dataCount, parityCount }: Data) => dataCount + parityCount

describe.each([
  ['without a key', {}, undefined],
  ['with a key', { key }, keyBytes]
])('a connection %s', (_name, options, clientKey) => {
  let served: Awaited<ReturnType<typeof serve>>
  let client: StandInClient
  const counters = () => served.transport.stats() as Record<string, number>

  beforeEach(async () => {
    served = await serve(cleanup, options)
    client = await StandInClient.open(cleanup, served.port, clientKey ? { key: clientKey } : {})
  })

  it('brings every frame whole, without parity and within 3 % where nothing is lost', async () => {
    await client.register()
    await client.ofType(DatagramType.probe)
    await client.report({ longest: 1452 })
    await client.ofType(DatagramType.clock)
    const data = randomBytes(40_000)
    served.stream.publish(data)
    const [first] = await client.hasData(1)
    const shards = await client.hasData(first!.dataCount)
    expect(joined(shards)).toEqual(data)
    expect(first).toMatchObject({ frameId: 0, frameSize: 40_000, stream: 0, flags: 0, index: 0, parityCount: 0 })
    expect(first!.captureUs).toBe(served.stream.latest!.timestampUs)
    const wire = client.seen
      .filter(({ type }) => type === DatagramType.data)
      .reduce((sum, { length }) => sum + length, 0)
    expect(wire / data.length).toBeLessThanOrEqual(clientKey === undefined ? 1.03 : 1.041)
  })

  it('brings the welcome again while nothing comes of it, and then frames that are not taken for lost', async () => {
    await client.send(client.hello(await client.token()))
    let sequence = 0
    const publishing = setInterval(() => served.stream.publish(padded(sequence++)), 10)
    cleanup.add(publishing, () => clearInterval(publishing))
    await client.until(() => client.count(DatagramType.welcome) === 4)
    const early = new Set(client.data().map(({ frameId }) => frameId)).size
    expect(early).toBeLessThan(sequence)
    client.connect(readDatagram(client.seen.find(({ type }) => type === DatagramType.welcome)!.body)!)
    client.seen.length = 0
    for (let report = 1; report <= 3; report++) {
      await client.report({ ...client.totals, clientTimeUs: report * 100_000 })
      await client.until(() => client.count(DatagramType.clock) === report)
      const frames = new Set(client.data().map(({ frameId }) => frameId)).size
      await client.until(() => new Set(client.data().map(({ frameId }) => frameId)).size > frames + 5)
    }
    expect(client.data().every(({ parityCount }) => parityCount === 0)).toBe(true)
    const { rateKbps } = readClock((await client.ofType(DatagramType.clock)).body)!
    expect(rateKbps).toBeGreaterThan(5000)
  })

  it('answers a report with both clocks', async () => {
    await client.register()
    await client.report({ clientTimeUs: 123_456 })
    const clock = readClock((await client.ofType(DatagramType.clock)).body)!
    expect(clock.clientTimeUs).toBe(123_456)
    expect(clock.sentUs).toBeGreaterThanOrEqual(clock.receivedUs)
    expect(clock.rateKbps).toBeGreaterThan(0)
  })

  it('answers a report on the way of the next shards, where there are some', async () => {
    const watched = new WatchedBursts()
    const { stream, port, transport } = await serve(cleanup, options, undefined, undefined, watched.open)
    const reporter = await StandInClient.open(cleanup, port, clientKey ? { key: clientKey } : {})
    await reporter.register()
    const data = randomBytes(3000)
    // Three shards and the answer, sooner or later: what nothing took along leaves by itself four times a second.
    for (let time = 1; !watched.calls.some(([count]) => count === 4); time++) {
      await reporter.report({ ...reporter.totals, clientTimeUs: time * 100_000 })
      await vi.waitFor(() => expect(transport.stats()).toHaveProperty('reports', time), { interval: 5 })
      stream.publish(data)
      stream.publish(data)
      await reporter.until(() => reporter.count(DatagramType.clock) === time)
    }
    expect(reporter.count(DatagramType.clock)).toBe(transport.stats().reports)
  })

  it('adds parity when the client reports losses, the same for all, and it repairs the frame', async () => {
    await client.register()
    const ofFrame = (id: number) => client.data().filter(({ frameId }) => frameId === id)
    let sent = 0
    for (let round = 0; round < 5; round++) {
      served.stream.publish(randomBytes(30_000))
      await client.until(() => ofFrame(round).length > 0 && ofFrame(round).length === frameLength(ofFrame(round)[0]!))
      sent += ofFrame(round).length
      // A tenth of a second after the one before, for reports that come too soon are not taken.
      const clientTimeUs = (round + 1) * 100_000
      await client.report({ clientTimeUs, highest: sent, packets: Math.round(sent * 0.9), longest: 1200 })
      await client.until(() => client.count(DatagramType.clock) > round)
    }
    const data = randomBytes(30_000)
    served.stream.publish(data)
    await client.until(() => ofFrame(5).length > 0 && ofFrame(5).length === frameLength(ofFrame(5)[0]!))
    const shards = ofFrame(5)
    const head = shards[0]
    expect(head!.parityCount).toBeGreaterThan(4)
    const { dataCount } = head!
    const size = head!.shard.length
    const pieces: Array<Buffer | undefined> = shards.slice(0, dataCount).map(({ shard }) => shard)
    const rebuilt = pieces.map(() => undefined as Buffer | undefined)
    for (const lost of [0, 3, dataCount - 1]) {
      rebuilt[lost] = Buffer.alloc(pieces[lost]!.length)
      pieces[lost] = undefined
    }
    expect(
      repairData(
        pieces,
        shards.slice(dataCount).map(({ shard }) => shard),
        size,
        rebuilt
      )
    ).toBe(true)
    expect(Buffer.concat(pieces.map((piece, index) => piece ?? rebuilt[index]!))).toEqual(data)
  })

  it('sends a shard again that is asked for, at most three times', async () => {
    await client.register()
    served.stream.publish(randomBytes(5000))
    const shards = await client.hasData(5)
    for (let time = 0; time < 5; time++) await client.say(DatagramType.resend, writeResend(0, [2]))
    await client.report()
    await client.ofType(DatagramType.clock)
    const again = client.data().slice(5)
    expect(again.map(({ index, flags }) => [index, flags])).toEqual(Array(3).fill([2, DataFlag.resent]))
    expect(again[0]!.shard).toEqual(shards[2]!.shard)
    expect(counters().resentDatagrams).toBe(3)
  })

  it('takes each datagram once, and none that was changed', async () => {
    await client.register()
    const bye = client.outbound!.write(DatagramType.bye, Buffer.of(ByeReason.done))
    for (let bit = 8 * 12; bit < 8 * 20; bit += 5) {
      const forged = Buffer.from(bye)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      await client.send(forged)
    }
    const report = client.outbound!.write(DatagramType.report, Buffer.alloc(40, 1))
    await client.send(report)
    await client.send(report)
    await client.report()
    await client.ofType(DatagramType.clock)
    expect(counters().forged).toBe(13)
    expect(counters().replayed).toBe(1)
    expect(served.stream.hub.size).toBe(1)
    await client.send(bye)
    await served.stream.clients(0)
  })

  it('goes on at another port after it has shown that it is there', async () => {
    await client.register()
    served.stream.publish(randomBytes(1000))
    await client.hasData(1)
    await client.rebind()
    await client.report({ clientTimeUs: 5_000_000 })
    const challenge = await client.ofType(DatagramType.pathChallenge)
    await client.say(DatagramType.pathResponse, randomBytes(8))
    served.stream.publish(randomBytes(1000))
    await client.report({ clientTimeUs: 6_000_000 })
    expect(counters().movedClients).toBe(0)
    await client.say(DatagramType.pathResponse, challenge.body)
    while (counters().movedClients === 0) await new Promise((resolve) => setImmediate(resolve))
    const last = randomBytes(1000)
    served.stream.publish(last)
    await client.until(() => client.data().some(({ shard }) => shard.equals(last)))
    expect(served.stream.hub.size).toBe(1)
  })

  it('gets short datagrams again when the long ones stop coming', async () => {
    await client.register()
    await client.ofType(DatagramType.probe)
    await client.report({ longest: 1452 })
    await client.ofType(DatagramType.clock)
    let sent = 0
    const lengths: number[] = []
    for (let round = 0; lengths.at(-1) !== 1200 && round < 20; round++) {
      served.stream.publish(randomBytes(12_000))
      const ofRound = () => client.data().filter(({ frameId }) => frameId === round)
      await client.until(() => ofRound().length > 0 && ofRound().length === frameLength(ofRound()[0]!))
      sent += ofRound().length
      const longest = Math.max(...client.seen.slice(-ofRound().length).map(({ length }) => length))
      lengths.push(longest > 1200 ? longest : 1200)
      // Of what was sent as long datagrams, nothing came.
      await client.report({ clientTimeUs: (round + 1) * 1e6 + 1e12, highest: sent, packets: 1, longest: 1200 })
      await client.until(() => client.count(DatagramType.clock) >= round + 2)
    }
    expect(lengths.length).toBeGreaterThan(3)
    expect(lengths.slice(0, 3).every((length) => length > 1200)).toBe(true)
    expect(lengths.at(-1)).toBe(1200)
  })

  it('is told when its stream ends it', async () => {
    await client.register()
    served.stream.hub.closeAll('test')
    expect((await client.ofType(DatagramType.bye)).body[0]).toBe(ByeReason.revoked)
    expect(counters()).toMatchObject({ revoked: 1, disconnects: 0 })
  })

  it('is told when the server stops', async () => {
    await client.register()
    await served.transport.stop()
    expect((await client.ofType(DatagramType.bye)).body[0]).toBe(ByeReason.stopping)
  })

  it('is told that it is unknown, once the server is another', async () => {
    await client.register()
    await client.say(DatagramType.bye, Buffer.of(ByeReason.done))
    await served.stream.clients(0)
    await client.report()
    const { body } = await client.ofType(DatagramType.unknown)
    expect(body.readUInt32LE(4)).toBe(client.welcome!.connection)
  })

  it('is registered once, however often the same hello comes', async () => {
    const hello = client.hello(await client.token())
    for (let time = 0; time < 3; time++) await client.send(hello)
    await client.until(() => client.count(DatagramType.welcome) === 3)
    expect(served.stream.hub.size).toBe(1)
  })
})

describe('a registration', () => {
  it('gets at most three times its bytes before its address is proven', async () => {
    const { port, transport } = await serve(cleanup)
    const client = await StandInClient.open(cleanup, port)
    const hello = client.hello()
    await client.send(hello)
    await client.ofType(DatagramType.retry)
    const forged = client.hello(randomBytes(24))
    await client.send(forged)
    await client.send(client.hello())
    await client.until(() => client.seen.length === 3)
    const out = client.seen.map(({ type }) => type)
    expect(out).toEqual([DatagramType.retry, DatagramType.retry, DatagramType.retry])
    const stats = transport.stats() as Record<string, number>
    expect(stats.bytesSent! / (2 * hello.length + forged.length)).toBeLessThan(3)
    expect(stats.registrations).toBe(0)
  })

  it('is good for one address alone', async () => {
    const { port, stream } = await serve(cleanup)
    const client = await StandInClient.open(cleanup, port)
    const token = await client.token()
    await client.rebind()
    client.seen.length = 0
    await client.send(client.hello(token))
    await client.ofType(DatagramType.retry)
    expect(stream.hub.size).toBe(0)
  })

  it('cannot be played back once its connection has ended', async () => {
    const { port, stream, transport } = await serve(cleanup)
    const client = await StandInClient.open(cleanup, port)
    const hello = client.hello(await client.token())
    await client.send(hello)
    await client.ofType(DatagramType.welcome)
    await client.say(DatagramType.bye, Buffer.of(ByeReason.done))
    await stream.clients(0)
    await client.send(hello)
    const other = await StandInClient.open(cleanup, port)
    await other.register()
    expect((transport.stats() as Record<string, number>).registrations).toBe(2)
    expect(stream.hub.size).toBe(1)
  })

  it('names its stream', async () => {
    const streams = [new StandInStream('front'), new StandInStream('door')]
    const { port } = await serve(cleanup, {}, streams)
    const client = await StandInClient.open(cleanup, port, { stream: 'door' })
    expect(await client.register()).toMatchObject({ stream: 1, codec: 1 })
    expect(streams.map(({ hub }) => hub.size)).toEqual([0, 1])
    const lost = await StandInClient.open(cleanup, port, { stream: 'back' })
    expect(((await lost.register()) as Refused).reason).toBe(RefusalReason.stream)
  })

  it('is refused when there is no room, whatever the version', async () => {
    const { port } = await serve(cleanup, { maxClients: 1 })
    const old = await Client.open(cleanup, port)
    await old.register()
    const client = await StandInClient.open(cleanup, port)
    expect(((await client.register()) as Refused).reason).toBe(RefusalReason.full)
  })
})

describe('with a key', () => {
  it('nobody is served who does not know it', async () => {
    const { port, stream, transport, logger } = await serve(cleanup, { key })
    const without = await StandInClient.open(cleanup, port)
    expect(((await without.register()) as Refused).reason).toBe(RefusalReason.keyNeeded)
    const wrong = await StandInClient.open(cleanup, port, { key: Buffer.from('another key of that length') })
    expect(((await wrong.register()) as Refused).reason).toBe(RefusalReason.keyWrong)
    const old = await Client.open(cleanup, port)
    await old.send('REGISTER_CLIENT')
    const right = await StandInClient.open(cleanup, port, { key: keyBytes })
    await right.register()
    expect(old.received).toEqual([])
    expect(stream.hub.size).toBe(1)
    expect(transport.stats()).toMatchObject({ refusedKey: 2, refusedLegacy: 1 })
    expect(logger.warnings).toContain('refused a client of version 1, which knows no keys')
  })

  it('of its own, each client is served under its name', async () => {
    const { port } = await serve(cleanup, { keys: { anna: `${key} of anna`, ben: `${key} of ben` } })
    const anna = await StandInClient.open(cleanup, port, { key: Buffer.from(`${key} of anna`), keyName: 'anna' })
    expect(await anna.register()).toHaveProperty('connection')
    const ben = await StandInClient.open(cleanup, port, { key: Buffer.from(`${key} of anna`), keyName: 'ben' })
    expect(((await ben.register()) as Refused).reason).toBe(RefusalReason.keyWrong)
    const nobody = await StandInClient.open(cleanup, port, { key: Buffer.from(`${key} of anna`) })
    expect(((await nobody.register()) as Refused).reason).toBe(RefusalReason.keyWrong)
  })
})

it.each([
  [{ key }, ['datagrams for clients with a key are sealed by node:crypto here, at three times the cost']],
  [{}, []]
])('with %j the log says at the start when OpenSSL cannot be called directly', async (options, expected) => {
  useQuickSealing(false)
  cleanup.add(undefined, () => useQuickSealing(true))
  const lines: string[] = []
  await serve(cleanup, options, undefined, (line) => lines.push(line))
  const told = lines.filter((line) => line.includes('seal'))
  expect(told).toEqual(expected.map((text) => expect.stringContaining(text)))
})

describe('a client of version 1', () => {
  it('is served beside version 2', async () => {
    const { port, stream } = await serve(cleanup, { payload: 'jpeg' })
    const client = await StandInClient.open(cleanup, port)
    await client.register()
    const old = await Client.open(cleanup, port)
    await old.register()
    expect(old.received[0]!.toString()).toBe('REGISTERED')
    stream.publish(randomBytes(100))
    await old.has(3)
    await client.hasData(1)
  })

  it('is served nowhere with legacy: deny', async () => {
    const { port, transport, logger, stream } = await serve(cleanup, { legacy: 'deny' })
    const old = await Client.open(cleanup, port)
    await old.send('REGISTER_CLIENT')
    const client = await StandInClient.open(cleanup, port)
    await client.register()
    expect(old.received).toEqual([])
    expect(stream.hub.size).toBe(1)
    expect(transport.stats()).toMatchObject({ refusedLegacy: 1 })
    expect(logger.warnings).toContain('refused a client of version 1: legacy is deny')
  })
})

it('survives whatever a stranger sends', async () => {
  // Version 1 takes whatever begins with its word for a registration.
  const { port, stream, transport } = await serve(cleanup, { legacy: 'deny' })
  const client = await StandInClient.open(cleanup, port)
  await client.register()
  const valid = [
    client.hello(),
    client.hello(randomBytes(24)),
    client.outbound!.write(DatagramType.report, Buffer.alloc(40)),
    client.outbound!.write(DatagramType.resend, writeResend(0, [1, 2, 3]))
  ]
  const stranger = await StandInClient.open(cleanup, port)
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(valid[round % valid.length]!)
    for (let flips = 0; flips <= round % 4; flips++) bytes[Math.floor(Math.random() * bytes.length)] = round
    await stranger.send(round % 5 === 0 ? randomBytes(round % 1500) : bytes)
  }
  const data = randomBytes(3000)
  stream.publish(data)
  const shards = await client.hasData(3)
  expect(joined(shards)).toEqual(data)
  expect((transport.stats() as Record<string, number>).registrations).toBe(1)
})
