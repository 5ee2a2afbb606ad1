import { fakeCamera, startStreamer, type TestServer } from '@streamer/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OpenResources } from '../../testkit/src/contract/open-resources.js'
import { type ReceiveOptions, receive } from '../src/index.js'
import { nextOf, receiving } from './support.js'

const schemes = ['http', 'tcp', 'udp'] as const
type Scheme = (typeof schemes)[number]

/** The address of a stream; that of the server alone where HTTP is concerned. */
function urlOf(server: TestServer, scheme: Scheme, stream?: string): string {
  const path = stream === undefined ? 'stream.mjpg' : `${stream}/stream.mjpg`
  if (scheme === 'http') return new URL(path, server.url('http')).href
  return server.urls.find(
    (url) => url.startsWith(`${scheme}:`) && (stream === undefined || url.endsWith(`/${stream}`))
  )!
}

async function serving(options: Parameters<typeof startStreamer>[0]): Promise<TestServer> {
  const server = await startStreamer(options)
  onTestFinished(() => server.stop())
  return server
}

describe.each(schemes)('%s', (scheme) => {
  test.for([
    ['pickled', {}],
    ['as they are', { payload: 'jpeg' }],
    ['with 64-bit headers', { headerWidth: 64 }]
  ] as const)('frames are those of the camera, to the byte, whatever version 1 is sent: %s', async ([what, more]) => {
    if (what === 'with 64-bit headers' && scheme !== 'udp') return
    const camera = fakeCamera({ manual: true, width: 640, height: 480 })
    const server = await serving({ camera, transports: [{ use: scheme, port: 0, ...(scheme === 'http' ? {} : more) }] })
    const receiver = receiving(urlOf(server, scheme))
    for (let count = 0; count < 5; count++) {
      const [frame, { data }] = await Promise.all([nextOf(receiver), camera.step()])
      expect(Buffer.compare(frame.data, data)).toBe(0)
      expect(frame).toMatchObject({ codec: 'mjpeg', sequence: count, repaired: false, repeated: false })
    }
    const stats = receiver.stats()
    expect(stats).toMatchObject({
      state: 'receiving',
      protocol: scheme === 'http' ? 'http' : `${scheme}/2`,
      frames: 5,
      framesLost: 0,
      dropped: 0,
      late: 0,
      refused: 0,
      reconnects: 0,
      lossAfter: 0
    })
    expect(stats.bytes).toBeGreaterThan(5 * 1000)
    expect(stats.ageMs).toBeDefined()
  })

  test('the stream is the one that the address names', async () => {
    const cameras = { front: fakeCamera({ manual: true }), door: fakeCamera({ manual: true, pattern: 'gradient' }) }
    const server = await serving({ cameras, transports: [{ use: scheme, port: 0 }] })
    for (const name of ['door', 'front'] as const) {
      const receiver = receiving(urlOf(server, scheme, name))
      const [frame, { data }] = await Promise.all([nextOf(receiver), cameras[name].step()])
      expect(Buffer.compare(frame.data, data)).toBe(0)
    }
  })

  test('a delay hands out the same frames, in order', async () => {
    const camera = fakeCamera({ manual: true })
    const server = await serving({ camera, transports: [{ use: scheme, port: 0 }] })
    const receiver = receiving(urlOf(server, scheme), { delayMs: 30 })
    for (let count = 0; count < 3; count++) {
      const [frame, { data }] = await Promise.all([nextOf(receiver), camera.step()])
      expect(Buffer.compare(frame.data, data)).toBe(0)
    }
  })

  test('goes on when the server was started anew on its port', async () => {
    const first = await startStreamer({ transports: [{ use: scheme, port: 0 }] })
    const url = urlOf(first, scheme)
    const states: string[] = []
    const receiver = receiving(url, { onState: (state) => states.push(state) })
    const { sequence } = await nextOf(receiver)
    await first.stop()
    const second = await startStreamer({ transports: [{ use: scheme, port: Number(new URL(url).port) }] })
    onTestFinished(() => second.stop())
    // What the first one sent may still wait.
    while (second.streamer.streams.values().next().value?.stats().published === 0) await nextOf(receiver)
    expect((await nextOf(receiver)).sequence).toBeGreaterThan(sequence)
    expect(states.filter((state) => state === 'receiving').length).toBeGreaterThan(1)
  })

  test('a server that is not there yet is waited for', async () => {
    const first = await startStreamer({ transports: [{ use: scheme, port: 0 }] })
    const url = urlOf(first, scheme)
    await first.stop()
    let refusals = 0
    let later: Promise<TestServer> | undefined
    const receiver = receiving(url, {
      onState: (state, detail) => {
        if (state !== 'waiting') return
        expect(detail).toContain('nothing listens there')
        if (++refusals === 2) later = startStreamer({ transports: [{ use: scheme, port: Number(new URL(url).port) }] })
      }
    })
    await nextOf(receiver)
    onTestFinished(async () => (await later)?.stop())
    expect(refusals).toBeGreaterThanOrEqual(2)
  })

  test('without reconnection the reason is thrown', async () => {
    const server = await startStreamer({ transports: [{ use: scheme, port: 0 }] })
    const url = urlOf(server, scheme)
    await server.stop()
    const error = await nextOf(receiving(url, { reconnect: false })).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_RECEIVE', message: `receive: ${url}: nothing listens there` })
  })

  test('frames beyond maxFrameBytes are refused and counted, the connection stays', async () => {
    const camera = fakeCamera({ manual: true })
    const server = await serving({ camera, transports: [{ use: scheme, port: 0 }] })
    const receiver = receiving(urlOf(server, scheme), { maxFrameBytes: 1000 })
    const waiting = receiver.next()
    for (let count = 1; count <= 3; count++) {
      await camera.step()
      while (receiver.stats().refused < count) await new Promise(setImmediate)
    }
    await receiver.close()
    expect((await waiting).done).toBe(true)
    expect(receiver.stats()).toMatchObject({ frames: 0, reconnects: 0 })
  })

  test('a slow consumer gets the newest frames', async () => {
    const camera = fakeCamera({ manual: true })
    const server = await serving({ camera, transports: [{ use: scheme, port: 0 }] })
    const receiver = receiving(urlOf(server, scheme))
    await Promise.all([nextOf(receiver), camera.step()])
    for (let count = 1; count <= 50; count++) {
      await camera.step()
      while (receiver.stats().frames < count + 1) await new Promise(setImmediate)
    }
    expect((await nextOf(receiver)).sequence).toBe(21)
    expect(receiver.stats().dropped).toBe(20)
  })

  test('nothing is open after an abort, whenever it comes, nor after a loop that is left', async () => {
    const server = await serving({ transports: [{ use: scheme, port: 0 }] })
    const url = urlOf(server, scheme)
    const open = new OpenResources()
    onTestFinished(() => open.close())
    const watch = async (until: (frames: number) => boolean, options: ReceiveOptions = {}) => {
      let frames = 0
      for await (const _ of receive(url, options)) if (until(++frames)) break
    }
    await open.run(async () => {
      await watch((frames) => frames === 3)
      for (let turns = 0; turns < 12; turns++) {
        const controller = new AbortController()
        const watched = watch(() => false, { signal: controller.signal })
        for (let turn = 0; turn < turns ** 2; turn++) await new Promise(setImmediate)
        controller.abort()
        await watched
      }
    })
    expect(await open.stillOpen()).toEqual([])
    // The server knows that all have gone.
    const [stream] = server.streamer.streams.values()
    while ((stream?.stats().clients.length ?? 0) > 0) await new Promise(setImmediate)
  })

  test('nothing is open after an abort while there is no server', async () => {
    const server = await startStreamer({ transports: [{ use: scheme, port: 0 }] })
    const url = urlOf(server, scheme)
    await server.stop()
    const open = new OpenResources()
    onTestFinished(() => open.close())
    await open.run(async () => {
      const controller = new AbortController()
      let waits = 0
      const onState = (state: string) => {
        if (state === 'waiting' && ++waits === 2) controller.abort()
      }
      for await (const _ of receive(url, { signal: controller.signal, onState })) throw new Error('a frame from nobody')
    })
    expect(await open.stillOpen()).toEqual([])
  })
})

test('no password of an address is told', async () => {
  let refusal = ''
  try {
    receive('udp://me:hunter2@host:0/')
  } catch (error) {
    refusal = (error as Error).message
  }
  expect(refusal).toContain('nothing can listen on port 0')
  expect(refusal).not.toContain('hunter2')
  const server = await startStreamer({ transports: [{ use: 'tcp', port: 0 }] })
  const url = server.url('tcp').replace('//', '//me:hunter2@')
  await server.stop()
  const message = await nextOf(receiving(url, { reconnect: false })).catch((error: Error) => error.message)
  expect(message).toContain('nothing listens there')
  expect(message).not.toContain('hunter2')
})

test('an address that is none is refused with what one looks like', () => {
  for (const url of [
    '',
    'nothing',
    'ftp://host/x',
    'rtsp://host/x',
    'udp://',
    'udp://host:0/x',
    'udp://host:9999/%zz'
  ]) {
    expect(() => receive(url)).toThrow(expect.objectContaining({ code: 'ERR_RECEIVE_ADDRESS', exitCode: 2 }))
  }
})
