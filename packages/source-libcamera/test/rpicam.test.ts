import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { monotonicUs } from '@streamer/core/plugin'
import { killTimeoutMs } from '@streamer/subprocess'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { areGone, ListLogger, StandInRun } from '../../source-command/test/helpers.js'
import { configSchema, type LibcameraOptions } from '../src/config.js'
import { listRpicamCameras, RpicamSource } from '../src/rpicam/index.js'
import { ladder } from '../src/rpicam/program.js'

const program = fileURLToPath(new URL('stand-in-rpicam-vid.mjs', import.meta.url))

let folder: string
let temporary: string
let sources: RpicamSource[]
const { TMPDIR, PATH } = process.env

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpicam-test-'))
  temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  process.env.TMPDIR = temporary
  sources = []
})

afterEach(async () => {
  for (const source of sources) await source.stop()
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  process.env.PATH = PATH
  const pids = starts().map(({ pid }) => pid)
  const left = readdirSync(temporary)
  rmSync(folder, { recursive: true })
  await areGone(...pids)
  expect(left).toEqual([])
})

/** A program that is the stand-in with these variables, as `STAND_IN_…`. */
function standIn(variables: Readonly<Record<string, string>> = {}, name = 'rpicam-vid'): string {
  const all = { LOG: join(folder, 'log'), ...variables }
  const exports = Object.entries(all).map(([key, value]) => `export STAND_IN_${key}='${value}'\n`)
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${exports.join('')}exec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(file, 0o755)
  return file
}

interface Entry {
  readonly pid: number
  readonly start?: string[]
  readonly end?: number | string
}

/** What stand-ins have written down, in order. */
function entries(): Entry[] {
  const file = join(folder, 'log')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
}

const starts = () => entries().filter(({ start }) => start)

function makeSource(
  options: LibcameraOptions,
  variables?: Readonly<Record<string, string>>,
  logger = new ListLogger()
) {
  const config = configSchema.parse({ framerate: 100, width: 64, height: 48, ...options })
  const source = new RpicamSource({ rpicam: standIn(variables), ...config }, folder, logger)
  sources.push(source)
  return source
}

/** A source that runs, with its first frame. */
async function running(options: LibcameraOptions = {}, variables?: Record<string, string>, logger = new ListLogger()) {
  const source = makeSource(options, variables, logger)
  const run = new StandInRun()
  await source.start(run)
  await run.gets(1)
  return { source, run, logger }
}

/** The failure of a source that is started. */
async function failureOf(variables: Record<string, string>, options: LibcameraOptions = {}) {
  const source = makeSource(options, variables)
  const run = new StandInRun()
  await source.start(run)
  const error = await run.fails()
  await source.stop()
  expect(run.failures).toHaveLength(1)
  return error as Error & { code: string }
}

/** Resolves when the newest start had arguments that match. */
const startedWith = (pattern: RegExp) =>
  expect.poll(() => starts().at(-1)?.start?.join(' '), { timeout: 20_000, interval: 10 }).toMatch(pattern)

describe('frames of a stand-in rpicam-vid', () => {
  test('each JPEG is a frame, with its size, counted from 0', async () => {
    const { source, run } = await running()
    const frames = await run.gets(5)
    expect(frames.slice(0, 2)).toMatchObject([
      { kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence: 0, width: 64, height: 48 },
      { sequence: 1 }
    ])
    const { data } = frames[0]!
    expect([...data.subarray(0, 2), ...data.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9])
    await source.stop()
    expect(source.stats()).toMatchObject({ starts: 1, garbageBytes: 0, truncated: 0, oversized: 0 })
    expect(source.stats().frames).toBeGreaterThanOrEqual(5)
    expect(run.failures).toEqual([])
  })

  test('the time is that of the exposure by the sensor, as soon as its metadata are there, and never goes back', async () => {
    const { source, run } = await running()
    // The sensor of the stand-in takes pictures at 777 µs of a millisecond.
    const timed = () => run.frames.filter(({ timestampUs }) => timestampUs % 1000 === 777)
    while (timed().length < 4) await run.gets(run.frames.length + 1)
    await source.stop()
    expect(source.stats().sensorTimed).toBeGreaterThanOrEqual(4)
    const times = run.frames.map(({ timestampUs }) => timestampUs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBeLessThanOrEqual(monotonicUs())
  })

  test.each(['none', 'future', 'old'])(
    'with metadata "%s" frames flow, with the time of their arrival',
    async (METADATA) => {
      const before = monotonicUs()
      const { source, run } = await running({}, { METADATA })
      const frames = await run.gets(8)
      for (const { timestampUs } of frames) {
        expect(timestampUs).toBeGreaterThanOrEqual(before)
        expect(timestampUs).toBeLessThanOrEqual(monotonicUs())
      }
      expect(source.stats().sensorTimed).toBe(0)
    }
  )

  test('without mkfifo frames flow, and the log says that their time is that of their arrival', async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    process.env.PATH = bin
    const { run, logger } = await running()
    await run.gets(3)
    expect(await logger.line(/^warn/)).toMatch(/time of their arrival.*mkfifo/)
    expect(starts()[0]?.start).not.toContain('--metadata')
  })

  test('a JPEG that is cut off is dropped, counted and said, and the stream goes on', async () => {
    const { source, run, logger } = await running({}, { HALF: '2' })
    await run.gets(6)
    expect(source.stats().truncated).toBe(1)
    expect(await logger.line(/cut off/)).toMatch(/^warn source-libcamera: dropped a JPEG/)
    expect(run.failures).toEqual([])
  })
})

describe('arguments for a stand-in rpicam-vid', () => {
  const argumentsOf = async (options: LibcameraOptions) => {
    await running(options)
    return starts()[0]?.start
  }

  test('without options are the size, the rate, the quality, the camera, and a FIFO for the metadata', async () => {
    expect(await argumentsOf({})).toEqual(
      '-n -t 0 --codec mjpeg --flush -o - --width 64 --height 48 --framerate 100 -q 80 --camera 0 --metadata /dev/fd/3 --metadata-format txt'.split(
        ' '
      )
    )
  })

  test('turn and mirror the picture, and name the tuning file by its whole path', async () => {
    const given = await argumentsOf({
      rotation: 180,
      flipHorizontal: true,
      flipVertical: true,
      tuningFile: 'imx708.json',
      quality: 55,
      camera: 3
    })
    expect(given?.join(' ')).toContain(
      `-q 55 --camera 3 --rotation 180 --hflip --vflip --tuning-file ${join(folder, 'imx708.json')} --metadata`
    )
  })

  test('bring every control to its option', async () => {
    const given = await argumentsOf({
      controls: {
        exposureTimeUs: 5000,
        gain: 2.5,
        exposureValue: -1.5,
        meteringMode: 'matrix',
        awbMode: 'daylight',
        redGain: 1.5,
        blueGain: 2,
        focusMode: 'manual',
        lensPosition: 0,
        brightness: -0.2,
        contrast: 1.2,
        saturation: 0,
        sharpness: 2,
        noiseReduction: 'high-quality',
        hdr: 'single-exposure',
        zoom: 2
      }
    })
    expect(given?.slice(given.indexOf('--shutter')).join(' ')).toBe(
      '--shutter 5000 --gain 2.5 --ev -1.5 --metering average --awb daylight --awbgains 1.5,2 --autofocus-mode manual --lens-position 0 ' +
        '--brightness -0.2 --contrast 1.2 --saturation 0 --sharpness 2 --denoise cdn_hq --hdr single-exp --roi 0.2500,0.2500,0.5000,0.5000'
    )
  })

  test.each([
    ['HD Webcam C270', '1'],
    ['imx708', '0'],
    ['/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a', '0'],
    ['C270', '1'],
    ['7', '7']
  ])('have the number of the camera that is called %s', async (camera, number) => {
    await running({ camera })
    const given = starts().at(-1)?.start
    expect(given?.[given.indexOf('--camera') + 1]).toBe(number)
  })

  test.each([
    [{ rotation: 90 as const }, /^source-libcamera: rpicam-vid cannot rotate by 90 degrees; the camera helper can/],
    [{ rotation: 270 as const }, /cannot rotate by 270 degrees/],
    [{ output: 'raw' as const }, /gives JPEG only, not `output: raw`; the camera helper can/]
  ])('are not to be had for %o: start says so, and nothing runs', async (options, message) => {
    await expect(makeSource(options).start(new StandInRun())).rejects.toMatchObject({
      code: 'ERR_CAMERA_UNSUPPORTED',
      message: expect.stringMatching(message)
    })
    expect(starts()).toEqual([])
  })

  test.each([
    [{ shininess: 3 }, 'there is no control "shininess", only exposureTimeUs,'],
    [{ contrast: 99 }, 'cannot set contrast to 99: a number from 0 to 15.99 is needed']
  ])('are not to be had for the controls %o: start says so, and nothing runs', async (controls, message) => {
    await expect(makeSource({ controls }).start(new StandInRun())).rejects.toMatchObject({
      code: 'ERR_CONTROL_INVALID',
      message: expect.stringContaining(`source-libcamera: ${message}`)
    })
    expect(starts()).toEqual([])
  })
})

describe('the program that is run', () => {
  /** Makes PATH a folder with these stand-ins of rpicam-vid, and with what they need. */
  function pathWith(...names: string[]): void {
    rmSync(join(folder, 'rpicam-vid'), { force: true })
    for (const name of names) standIn({}, name)
    process.env.PATH = `${folder}:${temporary}`
  }

  const started = async () => {
    const config = configSchema.parse({ framerate: 100, width: 64, height: 48 })
    const logger = new ListLogger()
    const source = new RpicamSource(config, folder, logger)
    sources.push(source)
    const run = new StandInRun()
    await source.start(run)
    await run.gets(1)
    return /starting (\S+)/.exec(logger.commands[0] ?? '')?.[1]
  }

  test('is rpicam-vid of the PATH (here a stand-in), else libcamera-vid', async () => {
    pathWith('libcamera-vid', 'rpicam-vid')
    expect(await started()).toBe('rpicam-vid')
    pathWith('libcamera-vid')
    expect(await started()).toBe('libcamera-vid')
  })

  test('is said to be missing, with the package to install, when there is neither', async () => {
    pathWith()
    await expect(started()).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      message: expect.stringMatching(/neither rpicam-vid nor libcamera-vid; install the package rpicam-apps/)
    })
    await expect(listRpicamCameras(undefined)).rejects.toMatchObject({ code: 'ERR_SOURCE_NOT_FOUND' })
    await expect(listRpicamCameras('./my-vid')).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      message: expect.stringContaining('there is no program "./my-vid"; install the package rpicam-apps')
    })
  })
})

describe('a stand-in rpicam-vid that ends', () => {
  test.each([
    ['no-cameras', 'ERR_CAMERA_NOT_FOUND', /finds no camera; check its cable/],
    ['no-such-camera', 'ERR_CAMERA_NOT_FOUND', /does not find this camera; `streamer cameras` lists/],
    ['acquire', 'ERR_CAMERA_BUSY', /cannot have the camera: another program uses it$/],
    ['pipeline', 'ERR_CAMERA_BUSY', /cannot have the camera: another program uses it$/],
    ['other', 'ERR_SOURCE_ENDED', /ended with exit code 255: ERROR: \*\*\* something that nobody has seen yet \*\*\*$/],
    ['crash', 'ERR_SOURCE_ENDED', /crashed \(SIGSEGV\): a last word$/],
    ['crash-139', 'ERR_SOURCE_ENDED', /crashed \(exit code 139\)$/],
    ['abort', 'ERR_SOURCE_ENDED', /crashed \(SIGABRT\): terminate called/],
    ['terminated', 'ERR_SOURCE_ENDED', /was ended by SIGTERM$/]
  ])('with "%s" is %s', async (FAIL, code, message) => {
    const error = await failureOf({ FAIL })
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).toMatch(/^source-libcamera: ".*rpicam-vid" /)
  })

  test('keeps all of its last lines as the cause', async () => {
    const error = await failureOf({ FAIL: 'other' })
    expect(error.cause).toMatchObject({ message: expect.stringMatching(/^something came before\nERROR: /) })
  })

  test('for an option that its version does not know is named with it', async () => {
    expect(await failureOf({ OLD: 'metadata' })).toMatchObject({
      code: 'ERR_CAMERA_UNSUPPORTED',
      message: expect.stringMatching(/does not know the option --metadata: its version is too old; update/)
    })
  })

  test('an option is not given for a control at its default, so that an old version need not know it', async () => {
    const { run } = await running({ controls: { hdr: 'off', zoom: 1 } }, { OLD: 'hdr,roi,denoise,autofocus-mode' })
    expect(run.failures).toEqual([])
  })

  test('after some frames delivers them all before its end is reported', async () => {
    const run = new StandInRun()
    await makeSource({}, { FRAMES: '5' }).start(run)
    expect(await run.fails()).toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: expect.stringMatching(/ended with exit code 0: Halting/)
    })
    expect(run.frames).toHaveLength(5)
  })

  test('and one that writes no JPEG are reported once', async () => {
    expect(await failureOf({ GARBAGE: '1' })).toMatchObject({
      code: 'ERR_SOURCE_OUTPUT',
      message: expect.stringMatching(/wrote more than 1048576 bytes without a JPEG in them$/)
    })
  })

  test.each(['0', '3'])(
    'a camera that gives no pictures after %s is reported at once, and rpicam-vid ended',
    async (STALL) => {
      const source = makeSource({}, { STALL })
      const run = new StandInRun()
      await source.start(run)
      expect(await run.fails()).toMatchObject({
        code: 'ERR_CAMERA_TIMEOUT',
        message: expect.stringMatching(/gives no pictures to ".*"; check its cable/),
        cause: { message: expect.stringContaining('Camera frontend has timed out') }
      })
      expect(run.frames).toHaveLength(Number(STALL))
      // Nobody has called stop.
      await areGone(...starts().map(({ pid }) => pid))
      await source.stop()
      expect(run.failures).toHaveLength(1)
    }
  )
})

describe('stopping a stand-in rpicam-vid', () => {
  test('SIGINT ends it well, and what it says of that is no failure', async () => {
    const { source, run } = await running({}, { HALF: 'end' })
    await source.stop()
    expect(entries().at(-1)).toMatchObject({ end: 0 })
    expect(run.failures).toEqual([])
    // Half a JPEG is our doing, not its fault.
    expect(source.stats().truncated).toBe(0)
  })

  test.each(['134', 'SIGABRT', 'SIGSEGV'])(
    'one that ends with %s when it is told to end is no failure',
    async (END) => {
      const { source, run } = await running({}, { END })
      await source.stop()
      expect(String(entries().at(-1)?.end)).toBe(END)
      expect(run.failures).toEqual([])
    }
  )

  test.each(['SIGINT', 'SIGINT,SIGTERM'])('one that ignores %s is killed', async (IGNORE) => {
    const { source, run } = await running({}, { IGNORE })
    await source.stop()
    expect(entries().filter(({ end }) => end !== undefined)).toEqual([])
    expect(run.failures).toEqual([])
  })

  test('takes less than the core waits for, whatever it does', () => {
    const { interruptTimeoutMs, terminateTimeoutMs } = ladder
    expect(interruptTimeoutMs + terminateTimeoutMs + killTimeoutMs).toBeLessThan(1400)
  })

  test('without a start, twice, and during the start', async () => {
    const source = makeSource({ camera: 'imx708' })
    await source.stop()
    const starting = source.start(new StandInRun())
    const stopping = source.stop()
    await expect(starting).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    await Promise.all([stopping, source.stop()])
    const run = new StandInRun()
    await source.start(run)
    expect((await run.gets(1))[0]?.sequence).toBe(0)
  })

  test('while it looks for the camera ends that, too', async () => {
    const source = makeSource({ camera: 'imx708' }, { CAMERAS: 'hang' })
    const run = new StandInRun()
    const starting = source.start(run)
    await startedWith(/--list-cameras/)
    run.abort.abort(new Error('not wanted any more'))
    await expect(starting).rejects.toThrow('not wanted any more')
    expect(run.failures).toEqual([])
  })

  test('no file descriptor and no file is left, however often it was started', async () => {
    const source = makeSource({})
    const count = () => readdirSync('/proc/self/fd').length
    let before = 0
    for (let i = 0; i < 4; i++) {
      const run = new StandInRun()
      await source.start(run)
      await run.gets(1)
      expect(readdirSync(temporary)).toEqual([])
      await source.stop()
      if (i === 0) before = count()
    }
    await expect.poll(count, { timeout: 20_000 }).toBeLessThanOrEqual(before)
  })
})

describe('controls of a stand-in rpicam-vid', () => {
  test('are listed with what rpicam-vid takes, and have the configured values', async () => {
    const { controls } = makeSource({ framerate: 50, controls: { gain: 4 } })
    expect(controls.list().map(({ name }) => name)).toEqual([
      'exposureTimeUs',
      'gain',
      'exposureValue',
      'meteringMode',
      'awbMode',
      'redGain',
      'blueGain',
      'focusMode',
      'lensPosition',
      'brightness',
      'contrast',
      'saturation',
      'sharpness',
      'noiseReduction',
      'hdr',
      'zoom'
    ])
    expect(controls.list()[0]).toMatchObject({ type: 'integer', minimum: 0, maximum: 20_000, default: 0 })
    expect(controls.values()).toMatchObject({ gain: 4, contrast: 1, awbMode: 'auto' })
  })

  test('set before the start hold from the start on', async () => {
    const source = makeSource({})
    expect(await source.controls.set({ contrast: 2 })).toMatchObject({ contrast: 2, gain: 0 })
    await source.start(new StandInRun())
    await startedWith(/--contrast 2$/)
    expect(source.stats().starts).toBe(1)
  })

  test('a wrong value is refused, and nothing is changed', async () => {
    const { source } = await running()
    await expect(source.controls.set({ contrast: 2, zoom: 99 })).rejects.toMatchObject({ code: 'ERR_CONTROL_INVALID' })
    expect(source.controls.values()).toMatchObject({ contrast: 1, zoom: 1 })
    expect(source.stats().starts).toBe(1)
  })

  test('several changes cost one restart, in the same run, when the old program has ended', async () => {
    const { source, run } = await running({}, { SLOW: '500' })
    const changes = [{ contrast: 2 }, { gain: 4 }, { contrast: 3 }].map((values) => source.controls.set(values))
    expect(source.controls.values()).toMatchObject({ contrast: 1, gain: 0 })
    for (const values of await Promise.all(changes)) expect(values).toMatchObject({ contrast: 3, gain: 4 })
    await startedWith(/--gain 4 --contrast 3$/)
    const before = run.frames.length
    await run.gets(before + 3)
    expect(run.frames.map(({ sequence }) => sequence)).toEqual(run.frames.map((_, i) => i))
    expect(source.stats()).toMatchObject({ starts: 2, truncated: 0 })
    expect(run.failures).toEqual([])
    // Two at once could not have the camera.
    expect(entries().map(({ start }) => (start ? 'start' : 'end'))).toEqual(['start', 'end', 'start'])
  })

  test('the picture that the old program has begun is finished', async () => {
    const { source } = await running({}, { LAST: '1' })
    await source.controls.set({ contrast: 2 })
    await source.stop()
    expect(source.stats()).toMatchObject({ starts: 2, truncated: 0, droppedBytes: 0 })
  })

  test('a change that is taken back costs no restart', async () => {
    const { source } = await running()
    const changed = source.controls.set({ contrast: 2 })
    await source.controls.set({ contrast: 1 })
    expect(await changed).toMatchObject({ contrast: 1 })
    // Without blue, red is without effect as well.
    expect(await source.controls.set({ redGain: 2 })).toMatchObject({ redGain: 2 })
    expect(source.stats().starts).toBe(1)
  })

  test('a change during a restart costs one more, after it', async () => {
    const { source, run, logger } = await running({}, { IGNORE: 'SIGINT' })
    const first = source.controls.set({ contrast: 2 })
    await logger.line(/ignored SIGINT/)
    const second = source.controls.set({ contrast: 3 })
    await first
    expect(await second).toMatchObject({ contrast: 3 })
    await startedWith(/--contrast 3$/)
    expect(source.stats().starts).toBe(3)
    expect(run.failures).toEqual([])
  })

  test('changes that wait when the source is stopped hold from the next start on', async () => {
    const { source } = await running()
    const changed = source.controls.set({ contrast: 2 })
    await source.stop()
    expect(await changed).toMatchObject({ contrast: 2 })
    await source.start(new StandInRun())
    await startedWith(/--contrast 2$/)
    expect(source.stats().starts).toBe(2)
  })

  test('a stop during a restart leaves nothing running', async () => {
    const { source, run, logger } = await running({}, { IGNORE: 'SIGINT' })
    const changed = source.controls.set({ contrast: 2 })
    await logger.line(/ignored SIGINT/)
    await source.stop()
    await changed
    expect(source.stats().starts).toBe(1)
    await areGone(...starts().map(({ pid }) => pid))
    expect(run.failures).toEqual([])
  })

  test('a program that is gone at the restart is reported to the run and to whoever made the change', async () => {
    const { source, run } = await running()
    rmSync(join(folder, 'rpicam-vid'))
    await expect(source.controls.set({ contrast: 2 })).rejects.toMatchObject({ code: 'ERR_SOURCE_NOT_FOUND' })
    expect(run.failures).toMatchObject([{ code: 'ERR_SOURCE_NOT_FOUND' }])
  })
})

describe('cameras that a stand-in rpicam-vid lists', () => {
  test('have their number, id, model and sizes', async () => {
    expect(await listRpicamCameras(standIn())).toEqual([
      {
        index: 0,
        id: '/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a',
        model: 'imx708',
        modes: [
          { width: 1536, height: 864 },
          { width: 2304, height: 1296 },
          { width: 4608, height: 2592 }
        ]
      },
      {
        index: 1,
        id: '/base/scb/pcie@7d500000/usb@0,0-1:1.0-046d:0825',
        model: 'HD Webcam C270',
        modes: [
          { width: 640, height: 480 },
          { width: 1280, height: 960 }
        ]
      }
    ])
  })

  test('are none where it finds none', async () => {
    expect(await listRpicamCameras(standIn({ CAMERAS: 'none' }))).toEqual([])
  })

  test('are not to be had from one that fails', async () => {
    await expect(listRpicamCameras(standIn({ CAMERAS: 'fail' }))).rejects.toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: expect.stringContaining('failed to generate capture configuration')
    })
  })

  test('one that does not end is ended, by its time and by the signal', async () => {
    const rpicam = standIn({ CAMERAS: 'hang', IGNORE: 'SIGTERM' })
    await expect(listRpicamCameras(rpicam, undefined, 100)).rejects.toMatchObject({
      code: 'ERR_CAMERA_TIMEOUT',
      message: expect.stringMatching(/did not list the cameras within 0.1 s$/)
    })
    const abort = new AbortController()
    const listing = listRpicamCameras(rpicam, abort.signal)
    abort.abort(new Error('enough'))
    await expect(listing).rejects.toThrow('enough')
    await expect(listRpicamCameras(rpicam, abort.signal)).rejects.toThrow('enough')
  })

  test('a name that none of them has is said, with those that there are', async () => {
    await expect(makeSource({ camera: 'ov5647' }).start(new StandInRun())).rejects.toMatchObject({
      code: 'ERR_CAMERA_NOT_FOUND',
      message: expect.stringMatching(/there is no camera "ov5647", only imx708 \(.*\), HD Webcam C270 \(/)
    })
    await expect(makeSource({ camera: 'x' }, { CAMERAS: 'none' }).start(new StandInRun())).rejects.toMatchObject({
      code: 'ERR_CAMERA_NOT_FOUND',
      message: 'source-libcamera: there is no camera "x", nor any other'
    })
  })
})
