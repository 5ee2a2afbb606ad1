import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compose, LOGGER, type Streamer, SUPERVISION } from '@streamer/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RecordHeader, RecordReader } from '../../packages/source-libcamera/src/records.ts'
import { type Watch, watchHttp } from '../support/clients.ts'
import { type LogLine, recordingLogger } from '../support/logger.ts'
import { TestCamera } from './camera.ts'
import { writeVirtualCameras } from './global-setup.ts'
import { cpuSeconds, helperPid, helperPids, openDescriptors, residentBytes } from './processes.ts'
import { helper, root } from './root.ts'

let streamer: Streamer | undefined
let child: ChildProcess | undefined
let camera: TestCamera | undefined
const log: LogLine[] = []
const watches: Watch[] = []

beforeEach(() => {
  expect(helperPids()).toEqual([])
  log.length = 0
})
afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close()
  await streamer?.stop()
  await camera?.stop()
  streamer = undefined
  camera = undefined
  child?.kill('SIGKILL')
  child = undefined
  await writeVirtualCameras()
  expect(helperPids()).toEqual([])
})

/** A server with the camera of libcamera, and a client that watches. */
async function served(more: Record<string, unknown> = {}): Promise<Watch> {
  const transports = [{ use: 'http', host: '127.0.0.1', port: 0 }]
  const source = { use: 'libcamera', helper, backend: 'helper', ...more }
  streamer = await compose(
    { source, transports, watchdog: 1 },
    {
      override: [
        [LOGGER, recordingLogger(log)],
        [SUPERVISION, { backoffMinMs: 50 }]
      ]
    }
  )
  await streamer.start()
  const watch = await watchHttp(`${streamer.urls[0]}stream.mjpg`)
  watches.push(watch)
  return watch
}

const stats = () => streamer?.streams.get('main')?.stats()

describe('with viewers attached', () => {
  it('a helper that is killed with -9 is replaced, and viewers stay', async () => {
    const watch = await served()
    await watch.more(10)
    const pid = helperPid()
    process.kill(pid, 'SIGKILL')
    await watch.until(() => stats()?.starts === 2 && stats()?.state === 'live')
    await watch.more(10)
    expect(watch.ended).toBe(false)
    expect(stats()).toMatchObject({ failures: 1, lastFailure: { code: 'ERR_CAMERA_FAILED' } })
    expect(log).toContainEqual({
      level: 'warn',
      message: expect.stringMatching(/source-libcamera: the camera helper was ended by SIGKILL/)
    })
  })

  it('a helper that hangs is killed and replaced', async () => {
    const watch = await served()
    await watch.more(10)
    const pid = helperPid()
    process.kill(pid, 'SIGSTOP')
    await watch.until(() => stats()?.starts === 2 && stats()?.state === 'live')
    await watch.more(10)
    expect(watch.ended).toBe(false)
    expect(stats()?.lastFailure).toMatchObject({ code: 'ERR_SOURCE_STALLED' })
    expect(helperPids()).not.toContain(pid)
  })

  it('a camera that comes later is found without a restart of the server', async () => {
    await rm(join(root(), 'usr/share/libcamera/pipeline/virtual/virtual.yaml'))
    const watch = await served()
    await watch.more(1)
    expect(stats()).toMatchObject({ state: 'recovering', lastFailure: { code: 'ERR_CAMERA_NOT_FOUND' } })
    expect(stats()?.lastFailure?.message).toBe('source-libcamera: libcamera finds no camera')
    await writeVirtualCameras()
    await watch.until(() => stats()?.state === 'live')
    await watch.more(5)
    expect(watch.ended).toBe(false)
  })

  it('libcamera giving up costs a restart', async () => {
    const watch = await served()
    await watch.more(5)
    const pid = helperPid()
    process.kill(pid, 'SIGABRT')
    await watch.until(() => stats()?.starts === 2 && stats()?.state === 'live')
    expect(stats()?.lastFailure?.message).toMatch(/libcamera gave up \(SIGABRT\)/)
  })
})

describe('start and stop', () => {
  it('happen 50 times with no process and no descriptor left', async () => {
    camera = new TestCamera()
    await camera.start()
    await camera.next(1)
    await camera.stop()
    const before = openDescriptors()
    for (let turn = 0; turn < 50; turn++) {
      await camera.start()
      await camera.next(1)
      expect(helperPids()).toHaveLength(1)
      await camera.stop()
      expect(helperPids()).toEqual([])
    }
    expect(camera.source.stats()).toMatchObject({ starts: 51, garbage: 0 })
    expect(openDescriptors()).toBeLessThanOrEqual(before)
  })

  it('follow demand: nobody watches, no helper', async () => {
    const transports = [{ use: 'http', host: '127.0.0.1', port: 0 }]
    const source = { use: 'libcamera', helper, backend: 'helper' }
    streamer = await compose({ source, transports, linger: 0 })
    await streamer.start()
    const isIdle = async () => {
      while (helperPids().length > 0 || stats()?.state !== 'idle') await new Promise((resolve) => setImmediate(resolve))
    }
    await isIdle()
    for (let turn = 0; turn < 3; turn++) {
      const watch = await watchHttp(`${streamer.urls[0]}stream.mjpg`)
      await watch.more(3)
      expect(helperPids()).toHaveLength(1)
      watch.close()
      await isIdle()
    }
    expect(stats()).toMatchObject({ starts: 3, failures: 0 })
  })

  it('a start that is given up leaves nothing behind', async () => {
    camera = new TestCamera()
    const starting = camera.start()
    await camera.stop()
    await expect(starting).rejects.toThrow()
    expect(helperPids()).toEqual([])
  })
})

describe('the helper', () => {
  function spawned(args: readonly string[]): ChildProcess {
    const [file = '', ...rest] = helper
    child = spawn(file, [...rest, 'stream', ...args], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      env: { ...process.env, LIBCAMERA_LOG_LEVELS: '*:FATAL' }
    })
    return child
  }

  it('ends when whoever started it is gone', async () => {
    const helperProcess = spawned([])
    await once(helperProcess.stdout as NodeJS.ReadableStream, 'data')
    const ended = once(helperProcess, 'exit')
    helperProcess.stdout?.resume()
    helperProcess.stdin?.end()
    expect(await ended).toEqual([0, null])
  })

  it('ends when nobody reads its frames any more', async () => {
    const helperProcess = spawned([])
    await once(helperProcess.stdout as NodeJS.ReadableStream, 'data')
    const ended = once(helperProcess, 'exit')
    helperProcess.stdout?.destroy()
    expect(await ended).toEqual([1, null])
  })

  it('lets hostile lines on its standard input change nothing', async () => {
    const helperProcess = spawned([])
    const frames: number[] = []
    const reader = new RecordReader({
      allocate: ({ payloadBytes }) => Buffer.alloc(payloadBytes),
      onFrame: ({ sequence, width }) => {
        frames.push(sequence)
        expect(width).toBe(640)
      }
    })
    const events: Array<{ event: string; message?: string }> = []
    let rest = ''
    ;(helperProcess.stdio[3] as NodeJS.ReadableStream).on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) events.push(JSON.parse(line))
    })
    const hostile = [
      'set id=1',
      '\x00\x01\x02\x03',
      'set '.repeat(10_000),
      `set id=2 width=${'9'.repeat(400)}`,
      'set id=3 width=-1',
      'set id=4 framerate=nan',
      'set id=5 quality=1e309',
      'stop',
      'set id=6 camera=1 output=raw',
      'set id=7 frames=1',
      'set\tid=8',
      ' set id=9',
      'set id="><script> quality=200',
      'set id=10 quality= ',
      '{"set":{"quality":5}}',
      'x'.repeat(1 << 20)
    ]
    helperProcess.stdin?.write(Buffer.from(`${hostile.join('\n')}\n`, 'latin1'))
    const goal = () =>
      events.filter(({ event }) => event === 'refused').length >= hostile.length - 1 && frames.length > 30
    await new Promise<void>((resolve) => {
      helperProcess.stdout?.on('data', (chunk: Buffer) => {
        reader.push(chunk)
        if (goal()) resolve()
      })
    })
    // `set id=1` sets nothing, which is allowed, and answered.
    const answers = events.filter(({ event }) => event !== 'refused' && event !== 'metadata').map(({ event }) => event)
    expect(answers.sort()).toEqual(['applied', 'ready'])
    const ended = once(helperProcess, 'exit')
    helperProcess.stdin?.end()
    expect(await ended).toEqual([0, null])
  })

  it('drops the oldest frames when nobody reads, and counts them', async () => {
    const helperProcess = spawned(['framerate=0'])
    const headers: RecordHeader[] = []
    const reader = new RecordReader({
      allocate: ({ payloadBytes }) => Buffer.alloc(payloadBytes),
      onFrame: (header, data) => {
        headers.push(header)
        // Whole, whatever was dropped around it.
        expect([data.readUInt16BE(0), data.readUInt16BE(data.length - 2)]).toEqual([0xffd8, 0xffd9])
      }
    })
    const output = helperProcess.stdout as NodeJS.ReadableStream
    output.on('data', (chunk: Buffer) => reader.push(chunk))
    await once(output, 'data')
    output.pause()
    const pid = helperPid()
    const before = residentBytes(pid)
    // A second of its work is some hundred frames, far more than any pipe holds.
    const goal = cpuSeconds(pid) + 1
    while (cpuSeconds(pid) < goal) await new Promise((resolve) => setImmediate(resolve))
    const after = residentBytes(pid)
    output.resume()
    const isThrough = () => (headers.at(-1)?.dropped ?? 0) > 50
    while (!isThrough()) await once(output, 'data')
    const { sequence = 0, dropped = 0 } = headers.at(-1) ?? {}
    expect(sequence + 1 - headers.length).toBeGreaterThanOrEqual(dropped)
    expect(after - before).toBeLessThan(8 << 20)
    const sequences = headers.map((header) => header.sequence)
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
  })

  it('gives the frames of ten minutes without growing', async () => {
    const minutes = 10
    const total = minutes * 60 * 30
    const helperProcess = spawned(['framerate=0', `frames=${total}`])
    let count = 0
    let last = -1
    let early = 0
    let late = 0
    let ours = { early: 0, late: 0 }
    const memory = Buffer.alloc(1 << 20)
    const reader = new RecordReader({
      allocate: ({ payloadBytes }) => memory.subarray(0, payloadBytes),
      onFrame: ({ sequence, payload }) => {
        expect(sequence).toBeGreaterThan(last)
        expect(payload).toBe('jpeg')
        last = sequence
        count++
        if (count !== total / 10 && count !== total - 100) return
        const pid = helperPid()
        if (count === total / 10) {
          early = residentBytes(pid)
          ours = { early: process.memoryUsage.rss(), late: 0 }
        } else {
          late = residentBytes(pid)
          ours = { ...ours, late: process.memoryUsage.rss() }
        }
      }
    })
    const ended = once(helperProcess, 'exit')
    helperProcess.stdout?.on('data', (chunk: Buffer) => reader.push(chunk))
    expect(await ended).toEqual([0, null])
    expect(count).toBe(total)
    expect(early).toBeGreaterThan(0)
    // Pages that the allocators keep; what is lost for each frame would be 16 000 times as much.
    expect(late - early).toBeLessThan(2 << 20)
    expect(ours.late - ours.early).toBeLessThan(64 << 20)
  })

  it('has no camera where the pictures of the virtual one cannot be read, and says so', async () => {
    await rm(join(root(), 'srv/broken'), { recursive: true, force: true })
    const yaml = `%YAML 1.1\n---\n"Broken":\n  supported_formats:\n  - width: 640\n    height: 480\n    frame_rates: [30, 30]\n  frames:\n    path: "/srv/broken/"\n  location: "CameraLocationBack"\n  model: "Broken"\n`
    await writeFile(join(root(), 'usr/share/libcamera/pipeline/virtual/virtual.yaml'), yaml)
    camera = new TestCamera()
    await expect(camera.start()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_CAMERA_(NOT_FOUND|FAILED)$/)
    })
  })
})

describe('a helper of another version of libcamera', () => {
  it('is not there: the dynamic linker says so, and so do we', async () => {
    const missing = join(root(), 'opt/no-such-helper')
    camera = new TestCamera({ helper: [missing] })
    await expect(camera.start()).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      message: expect.stringContaining(pathToFileURL(missing).pathname)
    })
  })
})
