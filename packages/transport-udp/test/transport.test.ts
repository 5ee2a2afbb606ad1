import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isStreamerError } from '@streamer/core/plugin'
import { afterEach, describe, expect, test, vi } from 'vitest'
import udp, { configSchema, UdpTransport } from '../src/index.js'
import { Cleanup, Client, hasIpv6, parseFrames, StandInLogger, StandInRun, StandInStream, serve } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const jpeg = { payload: 'jpeg' }
/** Says that it is longer than memory can be, which makes the session throw. */
const tooLong = { length: 2 ** 40, byteLength: 2 ** 40 } as unknown as Uint8Array
const picture = (seed: number, length = 5000) => Buffer.alloc(length, seed)

/** Publishes one frame and gives what `client` got of it. */
async function exchange(stream: StandInStream, client: Client, data: Buffer): Promise<Buffer> {
  const before = client.received.length
  stream.publish(data)
  const datagrams = (await client.has(before + 1 + Math.ceil(data.length / 1200))).slice(before)
  return parseFrames(datagrams, 1200, 32)[0]!.data
}

describe('registration', () => {
  test('REGISTERED comes first, then frames', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const client = await Client.open(cleanup, port)
    await client.send('REGISTER_CLIENT')
    while (stream.hub.size === 0) await nextTurn()
    stream.publish(picture(1))
    const [answer, ...frame] = await client.has(7)
    expect(answer?.toString()).toBe('REGISTERED')
    expect(parseFrames(frame, 1200, 32)).toEqual([{ id: 0n, data: picture(1) }])
    expect(transport.stats()).toMatchObject({ registrations: 1, framesSent: 1, datagramsSent: 7, sendErrors: 0 })
  })

  test('registering again is answered again and doubles nothing', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const client = await Client.open(cleanup, port)
    await client.register()
    await client.register()
    await client.register('REGISTER_CLIENT\n')
    expect(stream.hub.size).toBe(1)
    expect(await exchange(stream, client, picture(2))).toEqual(picture(2))
    expect(client.received).toHaveLength(3 + 6)
    expect(transport.stats()).toMatchObject({ registrations: 1, repeatedRegistrations: 2 })
  })

  test('a name after the registration chooses the stream, and another one later changes it', async () => {
    const streams = [new StandInStream('front'), new StandInStream('back door')]
    const { port, transport, urls } = await serve(cleanup, jpeg, streams)
    expect(urls).toEqual([`udp://127.0.0.1:${port}/front`, `udp://127.0.0.1:${port}/back%20door`])
    const client = await Client.open(cleanup, port)
    const other = await Client.open(cleanup, port)
    await client.register('REGISTER_CLIENT back door')
    await other.register()
    expect(streams.map(({ hub }) => hub.size)).toEqual([1, 1])
    expect(await exchange(streams[1]!, client, picture(3))).toEqual(picture(3))
    await client.send('REGISTER_CLIENT nowhere')
    await vi.waitFor(() => expect(transport.stats()).toMatchObject({ refusedUnknownStream: 1 }))
    await client.register('REGISTER_CLIENT front')
    expect(streams.map(({ hub }) => hub.size)).toEqual([2, 0])
    expect(await exchange(streams[0]!, client, picture(4))).toEqual(picture(4))
  })

  test('there is no room beyond maxClients until somebody leaves', async () => {
    const { stream, port, transport, logger } = await serve(cleanup, { ...jpeg, maxClients: 2 })
    const [first, second, third] = [
      await Client.open(cleanup, port),
      await Client.open(cleanup, port),
      await Client.open(cleanup, port)
    ]
    await first.register()
    await second.register()
    await third.send('REGISTER_CLIENT')
    await vi.waitFor(() => expect(transport.stats()).toMatchObject({ refusedFull: 1 }))
    expect(logger.warnings).toEqual(['no room for another client: maxClients is 2'])
    await second.send('DISCONNECT')
    await vi.waitFor(() => expect(stream.hub.size).toBe(1))
    await third.register()
    expect(third.received.map(String)).toEqual(['REGISTERED'])
    expect(second.received.map(String)).toEqual(['REGISTERED'])
  })
})

describe('clients', () => {
  test('two on one address with different ports do not disturb each other', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const first = await Client.open(cleanup, port)
    const second = await Client.open(cleanup, port)
    await first.register()
    await second.register()
    await first.send('DISCONNECT')
    await vi.waitFor(() => expect(stream.hub.size).toBe(1))
    expect(await exchange(stream, second, picture(5))).toEqual(picture(5))
    expect(first.received).toHaveLength(1)
    expect(stream.hub.stats()[0]?.label).toBe(`127.0.0.1:${second.port}`)
    await first.send('KEEPALIVE')
    await first.send('DISCONNECT')
    await vi.waitFor(() => expect(transport.stats()).toMatchObject({ disconnects: 1, ignoredStrangers: 2 }))
  })

  test('one that is gone without a word harms nobody', async () => {
    const { stream, port, run } = await serve(cleanup, jpeg)
    const gone = await Client.open(cleanup, port)
    const staying = await Client.open(cleanup, port)
    await gone.register()
    await staying.register()
    await gone.close()
    for (let frame = 0; frame < 10; frame++)
      expect(await exchange(stream, staying, picture(frame))).toEqual(picture(frame))
    expect(stream.hub.stats().map(({ delivered }) => delivered)).toEqual([10, 10])
    expect(run.failures).toEqual([])
  })

  test.for([
    ['::', '::1', '[::]'] as const,
    ['::', '127.0.0.1', '[::]'] as const,
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'] as const,
    ['localhost', 'localhost', undefined] as const
  ])('a server on %s serves a client that calls %s', async ([host, called, shown], { skip }) => {
    skip(!hasIpv6 && called === '::1', 'this machine has no IPv6')
    const { stream, port, urls } = await serve(cleanup, { ...jpeg, host })
    if (shown !== undefined) expect(urls).toEqual([`udp://${shown}:${port}`])
    const address = called === 'localhost' ? new URL(urls[0]!).hostname.replace(/^\[|\]$/g, '') : called
    const client = await Client.open(cleanup, port, address)
    await client.register()
    expect(await exchange(stream, client, picture(6))).toEqual(picture(6))
    expect(stream.hub.stats()[0]?.label).toBe(
      address.includes(':') ? `[${address}]:${client.port}` : `${address}:${client.port}`
    )
  })
})

test('a client that the core drops is forgotten, and can register again', async () => {
  const { stream, port, transport } = await serve(cleanup, { ...jpeg, maxClients: 1 })
  const client = await Client.open(cleanup, port)
  await client.register()
  stream.publish(tooLong)
  expect(stream.hub.size).toBe(0)
  expect(transport.stats()).toMatchObject({ revoked: 1, disconnects: 0 })
  await client.register()
  expect(transport.stats()).toMatchObject({ registrations: 2, repeatedRegistrations: 0, refusedFull: 0 })
  expect(await exchange(stream, client, picture(8))).toEqual(picture(8))
})

describe('time-out', () => {
  afterEach(() => void vi.useRealTimers())

  test('a silent client is forgotten after 30 seconds, one that keeps alive or registers again is not', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const clients = [
      await Client.open(cleanup, port),
      await Client.open(cleanup, port),
      await Client.open(cleanup, port)
    ]
    for (const client of clients) await client.register()
    const [, keeping, repeating] = clients
    vi.advanceTimersByTime(20_000)
    await keeping!.send('KEEPALIVE')
    await repeating!.register()
    while (transport.stats().keepalives === 0) await nextTurn()
    vi.advanceTimersByTime(9_900)
    expect(stream.hub.size).toBe(3)
    vi.advanceTimersByTime(1_100)
    expect(stream.hub.stats().map(({ label }) => label)).toEqual([
      `127.0.0.1:${keeping!.port}`,
      `127.0.0.1:${repeating!.port}`
    ])
    vi.advanceTimersByTime(20_000)
    expect(stream.hub.size).toBe(0)
    expect(transport.stats()).toMatchObject({ registrations: 3, keepalives: 1, timedOut: 3 })
  })
})

describe('strangers', () => {
  test('random bytes and datagrams of 64 KiB are ignored and counted while a client goes on receiving', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const client = await Client.open(cleanup, port)
    const stranger = await Client.open(cleanup, port)
    await client.register()
    const noise = [
      Buffer.alloc(65_507),
      Buffer.alloc(65_507, 'KEEPALIVE'),
      Buffer.alloc(0),
      Buffer.from('GET / HTTP/1.1')
    ]
    for (let round = 1; round <= 25; round++) {
      for (const datagram of noise) await stranger.send(datagram)
      expect(await exchange(stream, client, picture(round))).toEqual(picture(round))
      while (transport.stats().ignoredDatagrams! < round * noise.length) await nextTurn()
    }
    expect(transport.stats()).toMatchObject({ ignoredDatagrams: 100, registrations: 1 })
    expect(stranger.received).toEqual([])
  })

  test('a flood of registrations from many ports is answered ten times in a second and address at most', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { stream, port, transport, logger } = await serve(cleanup, jpeg)
    const client = await Client.open(cleanup, port)
    await client.register()
    const flood: Client[] = []
    for (let index = 0; index < 100; index++) flood.push(await Client.open(cleanup, port))
    for (const one of flood) await one.send('REGISTER_CLIENT')
    while (transport.stats().refusedRate! < 91) await nextTurn()
    expect(transport.stats()).toMatchObject({ registrations: 10, refusedRate: 91, refusedFull: 0 })
    expect(await exchange(stream, client, picture(7))).toEqual(picture(7))
    expect(logger.warnings).toHaveLength(1)
    vi.advanceTimersByTime(1000)
    await flood[99]!.register()
    expect(flood.filter(({ received }) => received.length > 0)).toHaveLength(10)
    vi.useRealTimers()
  })
})

describe('the life of a transport', () => {
  const create = (options: Record<string, unknown> = {}) =>
    udp.create(configSchema.parse({ host: '127.0.0.1', port: 0, ...options }), {
      name: 'udp',
      logger: new StandInLogger(),
      baseDir: '/',
      host: { version: '0', startedAtMs: 0, streams: new Map(), transports: () => [], disconnect: () => false }
    })
  const streams = () => new Map([['camera', new StandInStream()]])

  test('it starts again after a stop, on the same port', async () => {
    const { transport, port, stream } = await serve(cleanup, jpeg)
    const client = await Client.open(cleanup, port)
    await client.register()
    await Promise.all([transport.stop(), transport.stop()])
    await transport.stop()
    expect(stream.hub.size).toBe(0)
    const again = cleanup.add(create({ port }), (started) => started.stop())
    expect(await again.start(new StandInRun(), streams())).toEqual([`udp://127.0.0.1:${port}`])
    await again.stop()
    const same = await transport.start(new StandInRun(), streams())
    expect(same).toHaveLength(1)
  })

  test('stop without start does nothing, start without stop is a mistake', async () => {
    const transport = cleanup.add(create(), (started) => started.stop())
    await transport.stop()
    await transport.start(new StandInRun(), streams())
    await expect(transport.start(new StandInRun(), streams())).rejects.toThrow(TypeError)
  })

  test('a run that is aborted before or during the start leaves nothing open', async () => {
    const transport = cleanup.add(create(), (started) => started.stop())
    const aborted = new StandInRun()
    aborted.abort()
    await expect(transport.start(aborted, streams())).rejects.toThrow('aborted by the test')
    const run = new StandInRun()
    const starting = transport.start(run, streams())
    run.abort()
    await expect(starting).rejects.toThrow('aborted by the test')
    const stopped = transport.start(new StandInRun(), streams())
    const stopping = transport.stop()
    await expect(stopped).rejects.toThrow('transport-udp: stopped')
    await stopping
    expect(await transport.start(new StandInRun(), streams())).toHaveLength(1)
  })

  test('a run that is aborted later closes sessions and socket', async () => {
    const { run, stream, port } = await serve(cleanup, jpeg)
    const client = await Client.open(cleanup, port)
    await client.register()
    run.abort()
    expect(stream.hub.size).toBe(0)
    await vi.waitFor(async () => {
      const probe = createSocket('udp4')
      probe.bind(port, '127.0.0.1')
      await once(probe, 'listening')
      probe.close()
    })
    expect(run.failures).toEqual([])
  })

  test('a port that is taken is told with the part, the address and the reason', async () => {
    const { port } = await serve(cleanup)
    const error = await create({ port })
      .start(new StandInRun(), streams())
      .then(undefined, (reason: unknown) => reason)
    expect(isStreamerError(error) && error.code).toBe('ERR_LISTEN')
    expect(String(error)).toContain(`transport-udp: cannot listen on 127.0.0.1:${port}: address already in use`)
    const missing = create({ host: 'no-such-host.invalid' }).start(new StandInRun(), streams())
    await expect(missing).rejects.toMatchObject({ code: 'ERR_LISTEN' })
  })

  test('options out of range or unknown are refused', () => {
    for (const options of [{ port: 65_536 }, { chunkSize: 63 }, { headerWidth: 48 }, { payload: 'png' }, { prot: 1 }]) {
      expect(configSchema.safeParse(options).success).toBe(false)
    }
    expect(configSchema.parse({})).toEqual({
      host: '::',
      port: 9999,
      chunkSize: 1200,
      headerWidth: 32,
      payload: 'pickle',
      clientTimeoutMs: 30_000,
      legacy: 'local',
      keys: {},
      maxDatagram: 1452,
      portMapping: false,
      maxClients: 64,
      registrationsPerSecond: 10
    })
    expect(create()).toBeInstanceOf(UdpTransport)
  })
})
