import { fileURLToPath } from 'node:url'
import { type EncodedFrame, type Frame, type RawFrame, silentLogger } from '@streamer/core/plugin'
import { afterEach, describe, expect, it } from 'vitest'
import { configSchema, type LibcameraOptions } from '../src/config.ts'
import { HelperSource } from '../src/helper-source.ts'

const standIn = fileURLToPath(new URL('stand-in-helper.mjs', import.meta.url))

let source: HelperSource
const frames: Frame[] = []
const lines: string[] = []
let failure: (Error & { code?: string }) | undefined
let waiting: Array<() => void> = []

/** Starts a camera behind the stand-in helper. */
async function start(fault: string, options: LibcameraOptions = {}, codec: 'mjpeg' | 'h264' = 'mjpeg'): Promise<void> {
  const config = configSchema.parse({ helper: [process.execPath, standIn, fault], ...options })
  const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) }
  source = new HelperSource(config, '/', logger)
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  await source.start({
    signal: new AbortController().signal,
    codec,
    push: (frame) => {
      frames.push(frame)
      wake()
    },
    fail: (error) => {
      failure = error
      wake()
    }
  })
}

async function until(enough: () => boolean): Promise<void> {
  while (!enough()) await new Promise<void>((resolve) => waiting.push(resolve))
}

const textOf = (frame: Frame | undefined) => Buffer.from((frame as EncodedFrame).data).toString()

afterEach(async () => {
  await source.stop()
  frames.length = 0
  lines.length = 0
  failure = undefined
  waiting = []
})

describe('frames of a stand-in helper', () => {
  it('come as they are, with their header', async () => {
    await start('none')
    await until(() => frames.length >= 3)
    expect(frames[1]).toMatchObject({
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: 1,
      width: 64,
      height: 48
    })
    expect(textOf(frames[2])).toMatch(/^frame 2 /)
    expect(source.stats()).toMatchObject({ starts: 1, dropped: 0, garbage: 0 })
  })

  it('are planes for a stream of another codec, in memory that is used again when they are released', async () => {
    await start('none', {}, 'h264')
    await until(() => frames.length >= 2)
    const [first, second] = frames as RawFrame[]
    expect(first).toMatchObject({ kind: 'raw', pixelFormat: 'nv12', width: 64, height: 48 })
    expect(first?.planes.map(({ data, stride }) => [data.length, stride])).toEqual([
      [64 * 48, 64],
      [32 * 48, 64]
    ])
    expect(second?.planes[0]?.data.every((value) => value === 1)).toBe(true)
    const memory = first?.planes[0]?.data.buffer
    first?.release?.()
    const from = frames.length
    await until(() => frames.length >= from + 3)
    expect(frames.slice(from).some((frame) => (frame as RawFrame).planes[0]?.data.buffer === memory)).toBe(true)
  })

  it('are asked for as the configuration says', async () => {
    await start('none', {
      width: 800,
      height: 600,
      quality: 42,
      rotation: 90,
      flipVertical: true,
      threads: 3,
      controls: { gain: 2 }
    })
    await until(() => frames.length >= 1)
    expect(JSON.parse(textOf(frames[0]).replace(/^frame \d+ /, ''))).toEqual({
      camera: '0',
      output: 'jpeg',
      threads: '3',
      turnedBy: 'camera',
      width: '800',
      height: '600',
      framerate: '30',
      quality: '42',
      rotation: '90',
      flipHorizontal: 'false',
      flipVertical: 'true',
      gain: '2'
    })
  })
})

describe('a stand-in helper that cannot start', () => {
  it.each([
    ['busy', 'ERR_CAMERA_BUSY', /it is busy/],
    ['no-camera', 'ERR_CAMERA_NOT_FOUND', /it is no-camera/],
    ['permission', 'ERR_CAMERA_PERMISSION', /it is permission/],
    ['unsupported', 'ERR_CAMERA_UNSUPPORTED', /it is unsupported/],
    ['failed', 'ERR_CAMERA_FAILED', /it is failed/],
    ['exit', 'ERR_CAMERA_FAILED', /ended with exit code 4: something is wrong/],
    ['library', 'ERR_CAMERA_HELPER_MISSING', /does not fit the installed libcamera/],
    ['abort', 'ERR_CAMERA_FAILED', /libcamera gave up \(SIGABRT\)/],
    ['silent', 'ERR_CAMERA_TIMEOUT', /did not start within 10 s/]
  ])('because of "%s" is told by its code', async (fault, code, message) => {
    await expect(start(fault)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(failure).toBeUndefined()
  })
})

describe('a stand-in helper that fails while it runs', () => {
  it.each([
    ['garbage', 'ERR_SOURCE_OUTPUT', /something that is no frame/],
    ['huge', 'ERR_SOURCE_OUTPUT', /something that is no frame/],
    ['half', 'ERR_CAMERA_FAILED', /ended with exit code 0, within a frame/],
    ['disconnected', 'ERR_CAMERA_FAILED', /the camera was unplugged/],
    ['timeout', 'ERR_CAMERA_TIMEOUT', /check the cable/]
  ])('because of "%s" is told once, by its code', async (fault, code, message) => {
    await start(fault)
    await until(() => failure !== undefined)
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('is ended when it hangs', async () => {
    await start('hangs')
    await until(() => frames.length > 0)
    await source.stop()
    const count = frames.length
    await source.stop()
    expect(frames.length).toBe(count)
  })

  it('may say what is no event: that is counted, and frames go on', async () => {
    await start('garbage-events')
    await until(() => frames.length > 5)
    expect(source.stats()).toMatchObject({ garbage: 4 })
    expect(lines[0]).toBe('source-libcamera: the camera helper said something that is no event')
    expect(failure).toBeUndefined()
  })
})

describe('changes', () => {
  it('are in force as the helper says', async () => {
    await start('none')
    expect(await source.controls.set({ brightness: 0.3 })).toMatchObject({ brightness: 0.25 })
  })

  it('that the helper refuses change nothing, also not at the next start', async () => {
    await start('refuses')
    await expect(source.controls.set({ brightness: 0.3 })).rejects.toMatchObject({ code: 'ERR_CONTROL_INVALID' })
    expect(source.controls.values().brightness).toBe(0)
    expect(source.controls.wanted.has('brightness')).toBe(false)
  })

  it('of which the helper dies hold at the next start', async () => {
    await start('dies-on-set')
    await source.controls.set({ brightness: 0.5 })
    await until(() => failure !== undefined)
    await source.stop()
    expect(source.controls.wanted.get('brightness')).toBe(0.5)
  })

  it('while it does not run are checked, and hold from the next start on', async () => {
    await start('none')
    await source.stop()
    await expect(source.controls.set({ brightness: 3 })).rejects.toThrow(/a number from -1 to 1 is needed/)
    expect(await source.controls.set({ brightness: 0.75 })).toMatchObject({ brightness: 0.75 })
    expect(source.controls.wanted.get('brightness')).toBe(0.75)
  })

  it('that the configuration asks for and the camera does not have are told', async () => {
    await start('refuses-start', { controls: { nothing: 1 } })
    await until(() => frames.length > 0)
    expect(lines.join('\n')).toMatch(/this camera has no control "nothing"/)
  })

  it('that the configuration asks for beyond what the camera has: the default is the nearest that it has', async () => {
    await start('none', { controls: { brightness: 7 } })
    const brightness = source.controls.list().find(({ name }) => name === 'brightness')
    expect(brightness).toMatchObject({ minimum: -1, maximum: 1, default: 1 })
  })
})
