import { randomBytes } from 'node:crypto'
import { DatagramType } from '@streamer/protocol'
import { openUdpSocket } from '@streamer/socket-options'
import { afterEach, describe, expect, it } from 'vitest'
import { frameDatagrams } from '../src/wire.js'
import { StandInClient } from './stand-in-client.js'
import { Cleanup, Client, parseFrames, serve, WatchedBursts } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** How a machine without koffi, or of another system, has it. */
const openNothing = () => undefined
const noBursts = 'each datagram costs a system call here: UDP_SEGMENT (Linux 4.18 or later, koffi) is not to be had'
/** As `configSchema` has it, but for the pickle. */
const layout = { chunkSize: 1200, headerWidth: 32, payload: 'jpeg' } as const
const bytes = (datagrams: readonly Uint8Array[]) => datagrams.map((datagram) => Buffer.from(datagram))
const total = (datagrams: readonly Uint8Array[]) => datagrams.reduce((sum, { length }) => sum + length, 0)

/** Serves version 1, and has a client registered. */
async function serveOne(open?: typeof openUdpSocket, options: Record<string, unknown> = {}) {
  const lines: string[] = []
  const served = await serve(cleanup, { payload: 'jpeg', ...options }, undefined, (line) => lines.push(line), open)
  const client = await Client.open(cleanup, served.port)
  await client.register()
  const counters = () => served.transport.stats() as Record<string, number>
  /** Resolves with what came of the next `count` datagrams. */
  const next = async (count: number) => {
    const datagrams = bytes((await client.has(count + 1)).slice(1))
    client.received.length = 1
    return datagrams
  }
  return { ...served, lines, client, counters, next }
}

describe.each([
  ['with bursts', openUdpSocket, process.platform === 'linux' ? [] : [noBursts]],
  ['without bursts', openNothing, [noBursts]]
] as const)('frames %s', (_name, open, said) => {
  it('of version 1 come as the datagrams of the document, in their order, and are counted', async () => {
    const { stream, next, counters, lines } = await serveOne(open)
    expect(lines).toEqual(said)
    const sizes = [52_000, 10, 1200, 1201, 100_000, 52_000]
    let [sent, sentBytes] = [1, 'REGISTERED'.length]
    for (const [id, size] of sizes.entries()) {
      const data = randomBytes(size)
      const datagrams = bytes(frameDatagrams(data, id, layout))
      stream.publish(data)
      expect(await next(datagrams.length)).toEqual(datagrams)
      sent += datagrams.length
      sentBytes += total(datagrams)
    }
    expect(counters()).toMatchObject({
      framesSent: sizes.length,
      datagramsSent: sent,
      bytesSent: sentBytes,
      sendErrors: 0,
      refusedBursts: 0
    })
  })

  it('come to clients of both families of addresses', async ({ skip }) => {
    const { stream, port } = await serve(cleanup, { payload: 'jpeg', host: '::' }, undefined, undefined, open)
    const addresses = ['127.0.0.1', '::1']
    const clients = await Promise.all(addresses.map((address) => Client.open(cleanup, port, address))).catch(() => [])
    skip(clients.length === 0, 'this machine has no IPv6')
    for (const client of clients) await client.register()
    const data = randomBytes(30_000)
    stream.publish(data)
    for (const client of clients)
      expect(parseFrames((await client.has(27)).slice(1), 1200, 32)).toEqual([{ id: 0n, data }])
  })

  it.each([
    ['without a key', {}, {}],
    ['with a key', { key: 'correct horse battery staple' }, { key: Buffer.from('correct horse battery staple') }]
  ])('of version 2 come whole %s', async (_key, options, clientOptions) => {
    const { port, stream, transport } = await serve(cleanup, options, undefined, undefined, open)
    const client = await StandInClient.open(cleanup, port, clientOptions)
    await client.register()
    const whole: Buffer[] = []
    client.onFrame = (frame) => whole.push(frame)
    const frames = [50_000, 3, 52_000, 1200].map((size) => randomBytes(size))
    for (const [index, frame] of frames.entries()) {
      stream.publish(frame)
      await client.until(() => whole.length > index)
    }
    expect(whole.map((frame, index) => frame.equals(frames[index]!))).toEqual([true, true, true, true])
    const stats = transport.stats() as Record<string, number>
    expect(stats.framesSent).toBe(4)
    expect(stats.sendErrors).toBe(0)
  })
})

describe.runIf(process.platform === 'linux')('where the kernel takes bursts', () => {
  it('a frame costs one system call for each client of version 1', async () => {
    const watched = new WatchedBursts()
    const { stream, next, port } = await serveOne(watched.open)
    const other = await Client.open(cleanup, port)
    await other.register()
    for (let frame = 0; frame < 3; frame++) {
      stream.publish(randomBytes(52_000))
      await next(45)
    }
    await other.has(1 + 3 * 45)
    expect(watched.calls).toEqual(new Array(6).fill([1, 44]))
  })

  it('what is due at once of a frame costs one system call for a client of version 2', async () => {
    const watched = new WatchedBursts()
    const { port, stream } = await serve(cleanup, {}, undefined, undefined, watched.open)
    const client = await StandInClient.open(cleanup, port)
    await client.register()
    stream.publish(randomBytes(50_000))
    const [first] = await client.hasData(1)
    await client.hasData(first!.dataCount)
    const lengths = watched.calls.flat()
    expect(watched.calls.every(({ length }) => length === 1)).toBe(true)
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(first!.dataCount)
    expect(lengths.length).toBeLessThan(first!.dataCount / 2)
  })

  it.each(['EIO', 'EMSGSIZE', 'EINVAL'])(
    'a way that takes no bursts (%s) gets every datagram for itself from then on, which is told once',
    async (code) => {
      const watched = new WatchedBursts()
      watched.fails = (burst) => (burst.bytes.length > burst.segment ? code : undefined)
      const { stream, next, counters, lines, port, client } = await serveOne(watched.open)
      for (let id = 0; id < 3; id++) {
        const data = randomBytes(52_000)
        stream.publish(data)
        expect(await next(45)).toEqual(bytes(frameDatagrams(data, id, layout)))
      }
      // The start of the first frame, and then its chunks in vain.
      expect(watched.calls).toEqual([[1], []])
      const told = `the way to 127.0.0.1:${client.port} takes no bursts (${code}): each datagram costs a system call there`
      expect(lines).toEqual([told])
      watched.fails = () => undefined
      const other = await Client.open(cleanup, port)
      await other.register()
      stream.publish(randomBytes(52_000))
      await Promise.all([next(45), other.has(46)])
      expect(watched.calls.slice(2)).toEqual([[1, 44]])
      expect(lines).toEqual([told])
      expect(counters()).toMatchObject({ framesSent: 5, datagramsSent: 2 + 5 * 45, sendErrors: 0, refusedBursts: 1 })
    }
  )

  it('a way that takes no long datagrams in bursts still takes short ones', async () => {
    const watched = new WatchedBursts()
    watched.fails = ({ bytes: { length }, segment }) => (length > segment && segment >= 1400 ? 'EMSGSIZE' : undefined)
    const { port, stream, transport } = await serve(cleanup, {}, undefined, undefined, watched.open)
    const client = await StandInClient.open(cleanup, port)
    await client.register()
    await client.ofType(DatagramType.probe)
    await client.report({ longest: 1452 })
    await client.ofType(DatagramType.clock)
    const whole: Buffer[] = []
    client.onFrame = (frame) => whole.push(frame)
    stream.publish(randomBytes(50_000))
    await client.until(() => whole.length === 1)
    const attempts = watched.calls.length
    stream.publish(randomBytes(5 * 1330))
    await client.until(() => whole.length === 2)
    expect(watched.calls.length).toBeGreaterThan(attempts)
    expect((transport.stats() as Record<string, number>).refusedBursts).toBe(1)
  })

  it('what there is no room for waits in its order, and the client with it', async () => {
    const watched = new WatchedBursts()
    const { stream, next, counters, port } = await serveOne(watched.open)
    const other = await Client.open(cleanup, port)
    await other.register()
    // A burst of 54 finds no room, and neither does what is left of it after the datagram that Node waits with; then there is some.
    watched.fails = ({ bytes: { length }, segment }) => (length > 52 * segment ? 'EAGAIN' : undefined)
    for (let id = 0; id < 4; id++) {
      const data = randomBytes(100_000)
      const datagrams = bytes(frameDatagrams(data, id, layout))
      stream.publish(data)
      other.received.length = 1
      expect(await next(datagrams.length)).toEqual(datagrams)
      expect(bytes((await other.has(1 + datagrams.length)).slice(1))).toEqual(datagrams)
    }
    // The start, no room twice, 52 of 54, and the 30 that are left.
    expect(watched.calls.slice(0, 4)).toEqual([[1], [], [], [52]])
    expect(watched.calls.filter(([length]) => length === 30)).toHaveLength(8)
    expect(counters()).toMatchObject({ framesSent: 8, datagramsSent: 2 + 8 * 85, sendErrors: 0, refusedBursts: 0 })
  })

  it('datagrams of one client of version 2 that wait are not those of the next', async () => {
    const watched = new WatchedBursts()
    const key = 'correct horse battery staple'
    const { port, stream } = await serve(cleanup, { key }, undefined, undefined, watched.open)
    const open = () => StandInClient.open(cleanup, port, { key: Buffer.from(key) })
    const clients = [await open(), await open()]
    for (const client of clients) await client.register()
    watched.fails = () => 'EAGAIN'
    const frame = randomBytes(30_000)
    stream.publish(frame)
    for (const client of clients) {
      const [first] = await client.hasData(1)
      const shards = await client.hasData(first!.dataCount)
      expect(client.count(-2)).toBe(0)
      expect(Buffer.concat(shards.map(({ shard }) => shard)).equals(frame)).toBe(true)
      expect(client.seen.filter(({ type }) => type === DatagramType.data)).toHaveLength(first!.dataCount)
    }
  })

  it('what the network refuses is counted datagram by datagram, and the client goes on', async () => {
    const watched = new WatchedBursts()
    const { stream, next, counters, logger, client } = await serveOne(watched.open)
    watched.fails = ({ bytes: { length }, segment }) => (length > segment ? 'EPERM' : undefined)
    stream.publish(randomBytes(52_000))
    expect(await next(1)).toHaveLength(1)
    expect(counters()).toMatchObject({ framesSent: 0, datagramsSent: 2, sendErrors: 44, refusedBursts: 0 })
    expect(logger.warnings).toEqual([`cannot send to 127.0.0.1:${client.port}: EPERM`])
    watched.fails = () => undefined
    stream.publish(randomBytes(52_000))
    await next(45)
    expect(counters()).toMatchObject({ framesSent: 1, datagramsSent: 2 + 45, sendErrors: 44 })
  })

  it('stops while datagrams wait for room', async () => {
    const watched = new WatchedBursts()
    const { stream, transport } = await serveOne(watched.open)
    watched.fails = () => 'EAGAIN'
    stream.publish(randomBytes(52_000))
    await transport.stop()
    expect(stream.hub.size).toBe(0)
  })
})
