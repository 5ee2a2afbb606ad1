import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, SOURCE } from '@streamer/core'
import { defineEncoder, defineSource, defineTransport, type RawFrame, type Stream } from '@streamer/core/plugin'
import encoderJpeg from '@streamer/encoder-jpeg'
import sourceFake from '@streamer/source-fake'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { watchTcp, watchUdp } from '../../../test/support/clients.js'
import { root } from '../../../test/support/documents.js'
import { OpenResources } from '../src/contract/open-resources.js'
import { fakeCamera, startStreamer, type TestServer, type TestServerOptions } from '../src/index.js'

async function started(options?: TestServerOptions): Promise<TestServer> {
  const server = await startStreamer(options)
  onTestFinished(() => server.stop())
  return server
}

const portOf = (url: string) => Number(new URL(url).port)

/** A transport without sockets that says which options it got. */
const loud = defineTransport({
  name: 'loud',
  configSchema: z.strictObject({
    host: z.string().default('everywhere'),
    port: z.int().min(0).max(65535).default(7000),
    word: z.string().default('none')
  }),
  create: ({ host, port, word }) => ({
    accepts: ['mjpeg'],
    start: async (_, streams: ReadonlyMap<string, Stream>) => [`loud://${host}:${port}/${word}/${[...streams.keys()]}`],
    stop: async () => {}
  })
})

describe('startStreamer', () => {
  it('serves over http, tcp and udp on the loopback interface and free ports', async () => {
    const server = await started()
    expect(server.urls.every((url) => new URL(url).hostname === '127.0.0.1')).toBe(true)
    const picture = await (await fetch(new URL('snapshot.jpg', server.url('http')))).arrayBuffer()
    expect(Buffer.from(picture).readUInt16BE()).toBe(0xffd8)
    const tcp = await watchTcp(portOf(server.url('tcp')))
    const udp = await watchUdp(portOf(server.url('udp')))
    await Promise.all([tcp.more(2), udp.more(2)])
    tcp.close()
    udp.close()
  })

  it('can be there twice', async () => {
    const servers = [await started(), await started()]
    expect(new Set(servers.flatMap(({ urls }) => urls)).size).toBe(2 * servers[0]!.urls.length)
  })

  it('gives the frames of a manual camera and no others, byte for byte', async () => {
    const camera = fakeCamera({ manual: true, width: 64, height: 48 })
    const server = await started({ camera })
    const viewer = await server.watch()
    for (let count = 0; count < 5; count++) {
      const frame = await camera.step()
      expect(Buffer.compare(await viewer.next(), frame.data)).toBe(0)
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(server.streamer.streams.get('main')?.stats()).toMatchObject({ captured: 5, published: 5, starts: 1 })
  })

  it('encodes what a raw camera gives', async () => {
    const camera = fakeCamera({ manual: true, output: 'raw' })
    const server = await started({ camera })
    const viewer = await server.watch()
    const picture = viewer.next()
    // The encoder begins with the first frame, and may have lost it by then.
    const steps = (async () => {
      for (let isThere = false; !isThere; ) {
        await camera.step()
        isThere = await Promise.race([picture.then(() => true), new Promise<false>((no) => setTimeout(no, 20, false))])
      }
    })()
    expect((await picture).readUInt16BE()).toBe(0xffd8)
    await steps
  })

  it('runs the camera only while somebody watches', async () => {
    const camera = fakeCamera()
    const server = await started({ camera })
    expect(camera.stats()).toMatchObject({ starts: 0 })
    const viewer = await server.watch()
    await camera.started()
    await viewer.next()
    viewer.close()
    await camera.stopped()
  })

  it('starts a camera again that crashed, with its viewers still there, and without a pause that a test would notice', async () => {
    const camera = fakeCamera()
    const server = await started({ camera })
    const viewer = await server.watch()
    await viewer.next()
    for (let run = 2; run < 6; run++) {
      await camera.crash('out of film')
      await camera.started(run)
    }
    await viewer.next()
    expect(server.logs.some((line) => line.startsWith('warn ') && line.includes('out of film'))).toBe(true)
    expect(server.streamer.streams.get('main')?.stats()).toMatchObject({ failures: 4, starts: 5 })
  })

  it('shows "no signal" soon after a camera was disconnected', async () => {
    const camera = fakeCamera()
    const server = await started({ camera })
    const viewer = await server.watch()
    await viewer.next()
    await camera.disconnect()
    const stats = () => server.streamer.streams.get('main')!.stats()
    while (stats().placeholders === 0) await viewer.next()
    expect(stats().lastFailure?.code).toBe('ERR_CAMERA_NOT_FOUND')
    camera.connect()
    await camera.started()
  })

  it('starts a camera again that hangs', async () => {
    const camera = fakeCamera()
    const server = await started({ camera, watchdog: 0.2 })
    await server.watch()
    await camera.started()
    camera.stall()
    await camera.started(2)
    expect(server.streamer.streams.get('main')?.stats().lastFailure?.code).toBe('ERR_SOURCE_STALLED')
  })

  it('serves several cameras by name', async () => {
    const cameras = {
      front: fakeCamera({ manual: true, width: 32, height: 32 }),
      door: fakeCamera({ manual: true, width: 64, height: 64 })
    }
    const server = await started({ cameras, transports: [{ use: 'http' }] })
    const viewers = [await server.watch('front'), await server.watch('door')]
    const frames = [await cameras.front.step(), await cameras.door.step()]
    for (const [index, viewer] of viewers.entries())
      expect(Buffer.compare(await viewer.next(), frames[index]!.data)).toBe(0)
  })

  it('says which camera lacks or is one too many', async () => {
    const camera = fakeCamera()
    const refused = (options: TestServerOptions) => expect(startStreamer(options)).rejects
    await refused({ camera, cameras: { front: camera } }).toThrow('give either camera')
    await refused({ camera, streams: { front: {}, door: {} } }).toThrow('one camera for 2 streams (front, door)')
    await refused({ cameras: { front: camera }, streams: { door: {} } }).toThrow('none for the stream door')
    await refused({ camera, source: { use: 'fake' } }).toThrow('a camera and a source')
  })

  it('takes a transport under development as it is, on a free port, with its own options', async () => {
    const server = await started({
      transports: [{ plugin: loud, word: 'hello' }, { use: 'http' }, { plugin: loud, name: 'second', port: 5 }]
    })
    expect(server.url('loud')).toBe('loud://127.0.0.1:0/hello/main')
    expect(server.url('second')).toBe('loud://127.0.0.1:5/none/main')
    await (await server.watch()).next()
  })

  it('takes a transport by its path', async () => {
    const server = await started({
      baseDir: root,
      transports: [{ use: './packages/transport-tcp' }]
    })
    await (await watchTcp(portOf(server.url('tcp')))).more(1)
  })

  it('takes a source and an encoder as they are', async () => {
    const source = defineSource({ ...sourceFake, name: 'my-source' })
    const encoder = defineEncoder({
      ...encoderJpeg,
      create: (options, context) => encoderJpeg.create(options, context)
    })
    const server = await started({
      source: { plugin: source, width: 40, height: 30 },
      encoder: { plugin: encoder, quality: 30 },
      transports: [{ use: 'http' }]
    })
    await (await server.watch()).next()
    expect(server.streamer.streams.get('main')?.stats()).toMatchObject({ width: 40, height: 30 })
  })

  it('refuses options with the place and the value', async () => {
    const refused = (options: TestServerOptions) => expect(startStreamer(options)).rejects
    await refused({ transports: [{ use: 'http', prot: 1 }] }).toThrow('transports[0].prot: unknown key')
    await refused({ transports: [{ use: 'http' }, { plugin: loud, wrod: 'x' }] }).toThrow(
      'transports[1].wrod: unknown key with the value "x"; did you mean "word"?'
    )
    await refused({ source: { plugin: loud } as never }).toThrow('source.plugin is a transport plugin')
    await refused({ transports: [{ plugin: {} } as never] }).toThrow('transports[0].plugin is not a plugin')
    await refused({ streams: { front: { source: { use: 'fake', wdth: 5 } } } }).toThrow('streams.front.source.wdth')
  })

  it('fails as a server does when a port is taken, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    const open = new OpenResources()
    onTestFinished(() => open.close())
    await open.run(() =>
      expect(startStreamer({ transports: [{ use: 'udp' }, { use: 'http', port }] })).rejects.toMatchObject({
        code: 'ERR_LISTEN'
      })
    )
    expect(await open.stillOpen()).toEqual([])
  })

  it('says which transports there are', async () => {
    const server = await started({ transports: [{ use: 'udp' }] })
    expect(() => server.url('http')).toThrow('there is no transport "http", only udp')
    await expect(server.watch()).rejects.toThrow('cannot watch without the transport "http"')
    await expect((await started()).watch('garden')).rejects.toThrow('garden')
  })
})

describe('stop', () => {
  it('leaves no socket, timer or process, with clients and a camera in full swing', async () => {
    const open = new OpenResources()
    onTestFinished(() => open.close())
    await open.run(async () => {
      const camera = fakeCamera({ output: 'raw' })
      const server = await startStreamer({ camera })
      const viewer = await server.watch()
      const tcp = await watchTcp(portOf(server.url('tcp')))
      await viewer.next()
      await tcp.more(1)
      await camera.crash()
      await server.stop()
      await server.stop()
      await expect(viewer.next()).rejects.toThrow('this viewer was closed')
      await tcp.until(() => tcp.ended)
      expect(camera.isRunning).toBe(false)
    })
    expect(await open.stillOpen()).toEqual([])
  })

  it('comes by itself at the end of the block', async () => {
    const camera = fakeCamera()
    {
      await using server = await startStreamer({ camera })
      await server.watch()
      await camera.started()
    }
    await camera.stopped()
  })

  it('ends the loop over the pictures of a viewer', async () => {
    const server = await started()
    let pictures = 0
    for await (const picture of await server.watch()) {
      expect(picture.length).toBeGreaterThan(100)
      if (++pictures === 3) await server.stop()
    }
    expect(pictures).toBeGreaterThanOrEqual(3)
  })
})

it('a fake camera can stand in the place of any source', async () => {
  const camera = fakeCamera({ manual: true, output: 'raw', width: 32, height: 16 })
  const streamer = await compose({ transports: [{ use: 'http', port: 0 }] }, { override: [[SOURCE, camera]] })
  await streamer.start()
  onTestFinished(() => streamer.stop())
  streamer.streams.get('main')?.subscribe({ label: 'test', onFrame() {} })
  const frame: RawFrame = await camera.step()
  expect(frame).toMatchObject({ width: 32, height: 16 })
})

it('two lines do with the test runner of Node, which ends by itself then', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'streamer-testkit-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const lines = `
    import { test } from 'node:test'
    import { fakeCamera, startStreamer } from '@streamer/testkit'
    test('serves', async (t) => {
      const server = await startStreamer({ camera: fakeCamera() })
      t.after(() => server.stop())
      await (await server.watch()).next()
    })`
  await writeFile(join(folder, 'serves.test.mjs'), lines)
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_)/.test(name)))
  const runner = spawn(process.execPath, ['--test'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let report = ''
  runner.stdout.setEncoding('utf8').on('data', (text: string) => {
    report += text
  })
  const [code] = await once(runner, 'close')
  expect(report).toContain('# pass 1')
  expect(code).toBe(0)
})
