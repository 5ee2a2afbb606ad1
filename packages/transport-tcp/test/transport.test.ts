import { once } from 'node:events'
import { isStreamerError } from '@streamer/core/plugin'
import { pickleHead, pickleTail } from '@streamer/numpy-pickle'
import { afterEach, describe, expect, test, vi } from 'vitest'
import tcp, { configSchema } from '../src/index.js'
import { Cleanup, Client, hasIpv6, StandInLogger, StandInRun, StandInStream, serve } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const jpeg = { payload: 'jpeg' }
/** Says that it is longer than memory can be, which makes the session throw. */
const tooLong = { length: 2 ** 40, byteLength: 2 ** 40 } as unknown as Uint8Array
const picture = (seed: number, length = 5000) => Buffer.alloc(length, seed)

/** Opens a client and waits until it is subscribed. */
async function join(stream: StandInStream, port: number, host?: string): Promise<Client> {
  const before = stream.hub.size
  const client = await Client.open(cleanup, port, host)
  await stream.clients(before + 1)
  return client
}

/** Publishes until the kernel takes no more for a client that does not read; gives the number of frames. */
async function fill(stream: StandInStream, label: string, length = 400_000): Promise<number> {
  const delivered = () => stream.hub.stats().find((stats) => stats.label === label)!
  for (let frame = 1; ; frame++) {
    stream.publish(picture(frame % 256, length))
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    if (delivered().waiting === 1) return frame
  }
}

const labelOf = (client: Client) => `127.0.0.1:${client.socket.localPort}`

describe('clients', () => {
  test('each gets every frame, pickled by default, from one buffer for all', async () => {
    const { stream, port, transport } = await serve(cleanup)
    const clients = [await join(stream, port), await join(stream, port)]
    for (let frame = 1; frame <= 5; frame++) {
      stream.publish(picture(frame))
      for (const client of clients) await client.has(frame)
    }
    const expected = [1, 2, 3, 4, 5].map((seed) => Buffer.concat([pickleHead(5000), picture(seed), pickleTail]))
    for (const client of clients) expect(client.frames).toEqual(expected)
    const bytes = 10 * (8 + expected[0]!.length)
    expect(transport.stats()).toMatchObject({ connections: 2, framesSent: 10, bytesSent: bytes, ignoredBytes: 0 })
  })

  test('with payload jpeg the bytes are those of the camera', async () => {
    const { stream, port } = await serve(cleanup, jpeg)
    const client = await join(stream, port)
    stream.publish(picture(9))
    expect(await client.has(1)).toEqual([picture(9)])
  })

  test('each stream has a port of its own', async () => {
    const streams = [new StandInStream('front'), new StandInStream('door')]
    const { ports, urls } = await serve(cleanup, jpeg, streams)
    expect(urls).toEqual(streams.map(({ name }, index) => `tcp://127.0.0.1:${ports[index]}/${name}`))
    const clients = [await join(streams[0]!, ports[0]!), await join(streams[1]!, ports[1]!)]
    streams[1]!.publish(picture(2))
    streams[0]!.publish(picture(1))
    expect((await clients[0]!.has(1))[0]).toEqual(picture(1))
    expect((await clients[1]!.has(1))[0]).toEqual(picture(2))
  })

  test.for([['::', '::1'] as const, ['::', '127.0.0.1'] as const])(
    'a server on %s serves a client that calls %s',
    async ([host, called], { skip }) => {
      skip(!hasIpv6 && called === '::1', 'this machine has no IPv6')
      const { stream, port, urls } = await serve(cleanup, { ...jpeg, host })
      expect(urls).toEqual([`tcp://[::]:${port}`])
      const client = await join(stream, port, called)
      stream.publish(picture(3))
      expect(await client.has(1)).toEqual([picture(3)])
      const shown = called === '::1' ? '[::1]' : called
      expect(stream.hub.stats()[0]?.label).toBe(`${shown}:${client.socket.localPort}`)
    }
  )

  test('one that has shut down its own side goes on receiving', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const client = await join(stream, port)
    client.socket.end()
    await vi.waitFor(() => expect(transport.stats()).toMatchObject({ halfClosed: 1 }))
    for (let frame = 1; frame <= 3; frame++) {
      stream.publish(picture(frame))
      await client.has(frame)
    }
    expect(client.frames).toEqual([picture(1), picture(2), picture(3)])
  })

  test('one that has left while there is nothing to send is given up after 10 seconds, one that gets frames is not', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    cleanup.add(vi, () => vi.useRealTimers())
    const whole = await Client.open(cleanup, port)
    const half = await Client.open(cleanup, port)
    while (transport.stats().connections !== 2) await new Promise(setImmediate)
    vi.advanceTimersByTime(100)
    await stream.clients(2)
    half.socket.end()
    while (transport.stats().halfClosed === 0) await new Promise(setImmediate)
    vi.advanceTimersByTime(9_900)
    stream.publish(picture(1))
    await half.has(1)
    vi.advanceTimersByTime(9_900)
    expect(stream.hub.size).toBe(2)
    const closed = once(half.socket, 'end')
    vi.advanceTimersByTime(200)
    expect(stream.hub.size).toBe(1)
    await closed
    expect(transport.stats()).toMatchObject({ abandoned: 1, stalled: 0 })
    vi.advanceTimersByTime(3_600_000)
    stream.publish(picture(2))
    expect(await whole.has(2)).toEqual([picture(1), picture(2)])
  })

  test('one that the core drops is disconnected, and another takes its place', async () => {
    const { stream, port, transport } = await serve(cleanup, { ...jpeg, maxClients: 1 })
    const client = await join(stream, port)
    const ended = once(client.socket, 'end')
    stream.publish(tooLong)
    expect(stream.hub.size).toBe(0)
    await ended
    await vi.waitFor(() => expect(transport.stats()).toMatchObject({ disconnects: 1 }))
    const next = await join(stream, port)
    stream.publish(picture(1))
    expect(await next.has(1)).toEqual([picture(1)])
  })

  test('one that goes away ends its subscription', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const gone = await join(stream, port)
    const staying = await join(stream, port)
    gone.socket.destroy()
    let frames = 0
    while (stream.hub.size > 1) {
      stream.publish(picture(1))
      await staying.has(++frames)
    }
    expect(transport.stats()).toMatchObject({ connections: 2, disconnects: 1 })
  })

  test('what they send is counted and thrown away, up to a limit', async () => {
    const { stream, port, transport } = await serve(cleanup, jpeg)
    const client = await join(stream, port)
    client.socket.write(Buffer.alloc(50_000_000))
    await vi.waitFor(() => expect(transport.stats().ignoredBytes).toBeGreaterThan(0))
    for (let frame = 1; frame <= 20; frame++) {
      stream.publish(picture(frame))
      await client.has(frame)
    }
    expect(client.socket.writableLength).toBeGreaterThan(0)
    expect(transport.stats().ignoredBytes).toBeLessThan(200_000)
  })

  test('there is no room beyond maxClients, over all streams, until somebody leaves', async () => {
    const streams = [new StandInStream('front'), new StandInStream('door')]
    const { ports, transport, logger } = await serve(cleanup, { ...jpeg, maxClients: 1 }, streams)
    const first = await join(streams[0]!, ports[0]!)
    const refused = await Client.open(cleanup, ports[1]!)
    await once(refused.socket, 'end')
    expect(transport.stats()).toMatchObject({ connections: 1, refused: 1 })
    expect(logger.warnings).toEqual(['no room for another client: maxClients is 1'])
    first.socket.resetAndDestroy()
    await vi.waitFor(() => expect(streams[0]!.hub.size).toBe(0))
    await join(streams[1]!, ports[1]!)
  })
})

describe('slow clients', () => {
  test('a reader that pauses gets whole frames later, the newest last, and the rest are dropped', async () => {
    const { stream, port } = await serve(cleanup, jpeg)
    const client = await join(stream, port)
    client.socket.pause()
    await fill(stream, labelOf(client))
    for (let frame = 0; frame < 20; frame++) stream.publish(picture(7, 400_000))
    stream.publish(picture(255, 1000))
    const { dropped, offered } = stream.hub.stats()[0]!
    expect(dropped).toBe(21)
    client.socket.resume()
    await client.has(offered - dropped)
    expect(client.frames).toHaveLength(offered - dropped)
    expect(client.frames.at(-1)).toEqual(picture(255, 1000))
    expect(client.rest).toBe(0)
    for (const frame of client.frames) expect(frame.every((byte) => byte === frame[0])).toBe(true)
  })

  test('a stalled reader is cut, one that is idle for lack of frames is not, and goes on to be watched', async () => {
    const { stream, port, transport, logger } = await serve(cleanup, { ...jpeg, stallTimeoutMs: 200 })
    const idleStream = new StandInStream('idle')
    const idle = await serve(cleanup, { ...jpeg, stallTimeoutMs: 200 }, [idleStream])
    const quiet = await join(idleStream, idle.port)
    const stalled = await join(stream, port)
    const label = labelOf(stalled)
    stalled.socket.pause()
    await fill(stream, label)
    // It was there before, silent for longer, with the same limit.
    await vi.waitFor(() => expect(stream.hub.size).toBe(0), { timeout: 30_000 })
    await vi.waitFor(() => expect(transport.stats()).toMatchObject({ stalled: 1, disconnects: 1 }))
    expect(logger.warnings).toEqual([`cut ${label}: it took nothing for 200 ms`])
    expect(idleStream.hub.size).toBe(1)
    idleStream.publish(picture(1))
    expect(await quiet.has(1)).toEqual([picture(1)])
    quiet.socket.pause()
    await fill(idleStream, labelOf(quiet))
    await vi.waitFor(() => expect(idleStream.hub.size).toBe(0), { timeout: 30_000 })
    expect(idle.transport.stats()).toMatchObject({ stalled: 1 })
  })

  test('a reader that is slow but reads is not cut', async () => {
    const { stream, port, transport } = await serve(cleanup, { ...jpeg, stallTimeoutMs: 300 })
    const slow = await join(stream, port)
    // One frame longer than all buffers on the way, taken bit by bit, over several times the limit.
    stream.publish(picture(5, 30_000_000))
    slow.socket.on('data', () => slow.socket.pause())
    const trickle = setInterval(() => slow.socket.resume(), 2)
    cleanup.add(trickle, clearInterval)
    await slow.has(1)
    expect(slow.frames[0]?.length).toBe(30_000_000)
    expect(transport.stats()).toMatchObject({ stalled: 0 })
  })

  test('stalled readers hold one frame each in memory, and the others get every frame', async () => {
    const { stream, port } = await serve(cleanup, { ...jpeg, stallTimeoutMs: 3_600_000 })
    const stalled: Client[] = []
    for (let index = 0; index < 5; index++) {
      const client = await join(stream, port)
      client.socket.pause()
      stalled.push(client)
    }
    for (const client of stalled) await fill(stream, labelOf(client))
    const reader = await join(stream, port)
    const before = process.memoryUsage().arrayBuffers
    for (let frame = 1; frame <= 300; frame++) {
      stream.publish(picture(frame % 256, 400_000))
      await reader.has(frame)
      reader.frames[frame - 1] = Buffer.alloc(0)
    }
    expect(stream.hub.stats().at(-1)).toMatchObject({ delivered: 300, dropped: 0 })
    // 300 frames are 120 MB for each client; what is not collected yet is far below one client's share.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80_000_000)
  })
})

describe('the life of a transport', () => {
  const create = (options: Record<string, unknown> = {}) =>
    tcp.create(configSchema.parse({ host: '127.0.0.1', port: 0, ...options }), {
      name: 'tcp',
      logger: new StandInLogger(),
      baseDir: '/',
      host: { version: '0', startedAtMs: 0, streams: new Map(), transports: () => [], disconnect: () => false }
    })
  const streams = (...names: string[]) =>
    new Map((names.length === 0 ? ['camera'] : names).map((name) => [name, new StandInStream(name)]))

  test('it starts again after a stop, on the same port, and stop closes every connection', async () => {
    const { transport, port, stream } = await serve(cleanup, jpeg)
    const client = await join(stream, port)
    await Promise.all([transport.stop(), transport.stop(), once(client.socket, 'end')])
    await transport.stop()
    expect(stream.hub.size).toBe(0)
    const again = cleanup.add(create({ port }), (started) => started.stop())
    expect(await again.start(new StandInRun(), streams())).toEqual([`tcp://127.0.0.1:${port}`])
    expect(await transport.start(new StandInRun(), streams())).toHaveLength(1)
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
    const starting = transport.start(run, streams('a', 'b', 'c'))
    run.abort()
    await expect(starting).rejects.toThrow('aborted by the test')
    const stopped = transport.start(new StandInRun(), streams())
    const stopping = transport.stop()
    await expect(stopped).rejects.toThrow('transport-tcp: stopped')
    await stopping
    expect(await transport.start(new StandInRun(), streams())).toHaveLength(1)
  })

  test('a run that is aborted later closes connections and port', async () => {
    const { run, stream, port } = await serve(cleanup, jpeg)
    const client = await join(stream, port)
    const ended = once(client.socket, 'end')
    run.abort()
    await ended
    expect(stream.hub.size).toBe(0)
    const again = cleanup.add(create({ port }), (started) => started.stop())
    await again.start(new StandInRun(), streams())
  })

  test('when one port is taken none stays open, and the message names it', async () => {
    const { port } = await serve(cleanup)
    const transport = create({ ports: { door: port } })
    const error = await transport.start(new StandInRun(), streams('front', 'door')).then(undefined, (reason) => reason)
    expect(isStreamerError(error) && error.code).toBe('ERR_LISTEN')
    expect(String(error)).toContain(`transport-tcp: cannot listen on 127.0.0.1:${port}: address already in use`)
    await expect(create({ port: 65_535 }).start(new StandInRun(), streams('a', 'b'))).rejects.toThrow(
      'cannot listen on 127.0.0.1:65536: ports end at 65535'
    )
    const missing = create({ host: 'no-such-host.invalid' }).start(new StandInRun(), streams())
    await expect(missing).rejects.toMatchObject({ code: 'ERR_LISTEN' })
  })

  test('a port for a stream that does not exist is a mistake in the configuration', async () => {
    const transport = create({ ports: { dor: 1, front: 0, dorr: 2 } })
    await expect(transport.start(new StandInRun(), streams('front', 'door'))).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      exitCode: 2,
      message:
        'transport-tcp: ports.dor: it carries no stream of that name, only front, door; ports.dorr: it carries no stream of that name, only front, door'
    })
  })

  test('so is a port that the first stream takes already, unless that one has its own', async () => {
    const { port } = await serve(cleanup)
    const transport = create({ port, ports: { door: port } })
    await expect(transport.start(new StandInRun(), streams('front', 'door'))).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: `transport-tcp: ports.door: ${port} is the port of "front", the first stream without one here; set "port" or ports.front to another one`
    })
    const own = create({ port, ports: { door: port, front: 0 } })
    await expect(own.start(new StandInRun(), streams('front', 'door'))).rejects.toMatchObject({ code: 'ERR_LISTEN' })
  })

  test('options out of range or unknown are refused', () => {
    for (const options of [
      { port: -1 },
      { ports: { a: 'x' } },
      { ports: { a: 7000, b: 7000 } },
      { stallTimeoutMs: 5 },
      { payload: 'png' },
      { prot: 1 }
    ]) {
      expect(configSchema.safeParse(options).success).toBe(false)
    }
    expect(configSchema.parse({})).toEqual({
      host: '::',
      port: 8888,
      ports: {},
      payload: 'pickle',
      maxClients: 64,
      stallTimeoutMs: 30_000,
      keys: {}
    })
  })
})
