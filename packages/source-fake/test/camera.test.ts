import jpegTurbo from '@julusian/jpeg-turbo'
import { type EncodedFrame, isStreamerError, type RawFrame } from '@streamer/core/plugin'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FakeCamera } from '../src/camera.js'
import type { FakeCameraOptions } from '../src/config.js'
import { StandInClock, StandInRun } from './stand-ins.js'

const tiny: FakeCameraOptions = { width: 16, height: 16 }
const started: FakeCamera[] = []

/** A camera whose time passes only when the test says. */
async function startWithClock(options: FakeCameraOptions = {}, run = new StandInRun()) {
  const clock = new StandInClock()
  const camera = new FakeCamera({ ...tiny, ...options }, clock)
  started.push(camera)
  await camera.start(run)
  return { camera, clock, run }
}

/** A camera in real time. */
async function start(options: FakeCameraOptions, run = new StandInRun()) {
  const camera = new FakeCamera({ ...tiny, framerate: 240, ...options })
  started.push(camera)
  await camera.start(run)
  return { camera, run }
}

afterEach(async () => {
  for (const camera of started.splice(0)) await camera.stop()
})

describe('timing', () => {
  it('takes 333.3 seconds for 10 000 frames at 30 per second although every timer is late or early', async () => {
    const times: number[] = []
    const release = new StandInRun((frame) => {
      times.push(frame.timestampUs)
      ;(frame as RawFrame).release?.()
    })
    const { camera, clock } = await startWithClock({ framerate: 30 }, release)
    const startUs = clock.nowUs()
    clock.tick()
    for (let turn = 0; times.length <= 10_000; turn++) clock.tick(((turn * 7919) % 1900) - 900)
    expect(release.sequences).toEqual([...Array(10_001).keys()])
    times.forEach((timeUs, index) => {
      const lateUs = timeUs - startUs - (index * 1_000_000) / 30
      expect(lateUs).toBeGreaterThanOrEqual(-1)
      expect(lateUs).toBeLessThan(3000)
    })
    expect(camera.stats()).toMatchObject({ frames: 10_001, skipped: 0 })
  })

  it('skips frames after a pause instead of sending them in a burst', async () => {
    const { camera, clock, run } = await startWithClock({ framerate: 100 })
    clock.tick()
    clock.tick()
    clock.tick(55_000)
    clock.tick()
    expect(run.sequences).toEqual([0, 1, 7, 8])
    expect(camera.stats()).toMatchObject({ frames: 4, skipped: 5 })
  })

  it('begins with frame 0 however late the first timer is', async () => {
    const { camera, clock, run } = await startWithClock()
    clock.tick(900_000)
    clock.tick()
    expect(run.sequences).toEqual([0, 1])
    expect(camera.stats().skipped).toBe(0)
  })

  it('begins with frame 0 in every run and comes at the asked rate in real time', async () => {
    const { camera, run } = await start({})
    await run.until(({ frames }) => frames.length >= 5)
    await camera.stop()
    const again = new StandInRun()
    await camera.start(again)
    await again.until(({ frames }) => frames.length >= 2)
    expect([run.sequences[0], again.sequences[0]]).toEqual([0, 0])
    expect(camera.stats().starts).toBe(2)
  })
})

describe('raw output', () => {
  it('gives rgb24 of the asked size with a timestamp of the monotonic clock', async () => {
    const { clock, run } = await startWithClock({ width: 33, height: 20 })
    clock.tick()
    const frame = run.frames[0] as RawFrame
    expect(frame).toMatchObject({ kind: 'raw', pixelFormat: 'rgb24', width: 33, height: 20, sequence: 0 })
    expect(frame.timestampUs).toBe(clock.nowUs())
    expect(frame.planes).toHaveLength(1)
    expect(frame.planes[0]!.stride).toBe(99)
    expect(frame.planes[0]!.data.length).toBe(99 * 20)
  })

  it('draws in released memory again, and never in memory that is still out', async () => {
    const { clock, run } = await startWithClock()
    for (let turn = 0; turn < 3; turn++) clock.tick()
    const [first, second, third] = run.frames as RawFrame[]
    expect(new Set([first, second, third].map((frame) => frame!.planes[0]!.data)).size).toBe(3)
    second!.release!()
    second!.release!()
    clock.tick()
    clock.tick()
    const [fourth, fifth] = run.frames.slice(3) as RawFrame[]
    expect(fourth!.planes[0]!.data).toBe(second!.planes[0]!.data)
    expect([first, fourth, third].map((frame) => frame!.planes[0]!.data)).not.toContain(fifth!.planes[0]!.data)
  })
})

describe('JPEG output', () => {
  it('gives whole JPEGs of the asked size that keep no memory beyond their bytes', async () => {
    const { run } = await start({ output: 'jpeg', width: 64, height: 48 })
    await run.until(({ frames }) => frames.length >= 3)
    for (const frame of run.frames as EncodedFrame[]) {
      expect(frame).toMatchObject({ kind: 'encoded', codec: 'mjpeg', keyframe: true, width: 64, height: 48 })
      expect(frame.data.buffer.byteLength).toBe(frame.data.length)
      const { width, height } = jpegTurbo.decompressSync(Buffer.from(frame.data), { format: jpegTurbo.FORMAT_RGB })
      expect([width, height]).toEqual([64, 48])
    }
  })

  it('leaves out frames while one is being encoded', async () => {
    const { camera, clock, run } = await startWithClock({ output: 'jpeg' })
    clock.tick()
    clock.tick()
    clock.tick()
    await run.until(({ frames }) => frames.length >= 1)
    clock.tick()
    await run.until(({ frames }) => frames.length >= 2)
    expect(run.sequences).toEqual([0, 3])
    expect(camera.stats()).toMatchObject({ frames: 2, skipped: 2 })
  })

  it('is smaller at a lower quality', async () => {
    const sizes: number[] = []
    for (const quality of [95, 10]) {
      const { run } = await start({ output: 'jpeg', quality, width: 160, height: 120 })
      await run.until(({ frames }) => frames.length >= 1)
      sizes.push((run.frames[0] as EncodedFrame).data.length)
    }
    expect(sizes[1]).toBeLessThan(sizes[0]! / 2)
  })
})

describe('faults', () => {
  it('stalls without a word after the asked number of frames', async () => {
    const { clock, run } = await startWithClock({ faults: { stallAfter: 3 } })
    while (clock.armed) clock.tick()
    expect(run.sequences).toEqual([0, 1, 2])
    expect(run.failures).toEqual([])
  })

  it('fails once after the asked number of frames', async () => {
    for (const crashAfter of [0, 3]) {
      const { clock, run } = await startWithClock({ faults: { crashAfter } })
      while (clock.armed) clock.tick()
      expect(run.frames).toHaveLength(crashAfter)
      expect(run.failures).toHaveLength(1)
      expect(run.failures[0]).toMatchObject({ code: 'ERR_SOURCE_FAILED' })
      expect(run.failures[0]!.message).toBe(
        `source-fake: crashes after ${crashAfter} frames, as faults.crashAfter says`
      )
    }
  })

  it('cuts every JPEG in half after the asked number of frames', async () => {
    const { run } = await start({ output: 'jpeg', faults: { truncateAfter: 2 } })
    await run.until(({ frames }) => frames.length >= 4)
    const ends = (run.frames as EncodedFrame[]).map(({ data }) => Buffer.from(data.subarray(-2)).toString('hex'))
    expect(ends.slice(0, 4).map((end) => end === 'ffd9')).toEqual([true, true, false, false])
    const sizes = (run.frames as EncodedFrame[]).map(({ data }) => data.length)
    expect(Math.abs(sizes[3]! - sizes[0]! / 2)).toBeLessThan(sizes[0]! / 8)
  })

  it('refuses the first starts, then runs', async () => {
    const camera = new FakeCamera({ ...tiny, faults: { failStarts: 2 } })
    started.push(camera)
    for (const count of ['1 of 2', '2 of 2']) {
      const error = await camera.start(new StandInRun()).catch((thrown: unknown) => thrown)
      expect(isStreamerError(error) && error.code).toBe('ERR_SOURCE_FAILED')
      expect((error as Error).message).toContain(count)
      await camera.stop()
    }
    const run = new StandInRun()
    await camera.start(run)
    await run.until(({ frames }) => frames.length >= 1)
    expect(camera.stats()).toMatchObject({ starts: 3, refused: 2 })
  })

  it('happen only in the first runs when told so', async () => {
    const { camera, clock, run } = await startWithClock({ faults: { crashAfter: 1, runs: 2 } })
    const failures: number[] = []
    for (const next of [run, new StandInRun(), new StandInRun()]) {
      if (next !== run) await camera.start(next)
      for (let turn = 0; turn < 5 && clock.armed; turn++) clock.tick()
      failures.push(next.failures.length)
      await camera.stop()
    }
    expect(failures).toEqual([1, 1, 0])
  })
})

describe('start and stop', () => {
  it('gives nothing after the stop, which may be called twice and without a start', async () => {
    const camera = new FakeCamera(tiny)
    await camera.stop()
    const { camera: other, clock, run } = await startWithClock()
    clock.tick()
    await other.stop()
    await other.stop()
    expect(clock.armed).toBe(false)
    expect(run.frames).toHaveLength(1)
  })

  it('gives nothing after the run is aborted, even while a JPEG is being encoded', async () => {
    const { camera, clock, run } = await startWithClock({ output: 'jpeg', width: 640, height: 480 })
    clock.tick()
    run.abort.abort()
    expect(clock.armed).toBe(false)
    await camera.stop()
    expect(run.frames).toEqual([])
  })

  it('gives nothing from the call of stop on, even while a JPEG is being encoded', async () => {
    const { camera, clock, run } = await startWithClock({ output: 'jpeg', width: 640, height: 480 })
    clock.tick()
    await camera.stop()
    expect(run.frames).toEqual([])
  })

  it('fails when there is no memory for a JPEG', async () => {
    const { camera, clock, run } = await startWithClock({ output: 'jpeg' })
    // Real want of memory would end more than this test.
    const alloc = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementationOnce(() => {
      throw new RangeError('Array buffer allocation failed')
    })
    clock.tick()
    await run.until(({ failures }) => failures.length > 0)
    alloc.mockRestore()
    expect(run.failures).toMatchObject([{ code: 'ERR_SOURCE_FAILED' }])
    await camera.stop()
  })

  it('can be stopped by the receiver of a frame', async () => {
    let camera: FakeCamera | undefined
    const stopper = new StandInRun(() => void camera?.stop())
    const standIn = await startWithClock({}, stopper)
    camera = standIn.camera
    standIn.clock.tick()
    expect(standIn.clock.armed).toBe(false)
  })

  it('can be stopped while it starts, and then gives nothing', async () => {
    for (const output of ['raw', 'jpeg'] as const) {
      const clock = new StandInClock()
      const camera = new FakeCamera({ ...tiny, output }, clock)
      started.push(camera)
      const run = new StandInRun()
      const starting = camera.start(run)
      const stopping = camera.stop()
      await expect(starting).rejects.toThrow('source-fake: stopped')
      await stopping
      expect(clock.armed).toBe(false)
      expect(run.frames).toEqual([])
      await camera.start(run)
      clock.tick()
      await run.until(({ frames }) => frames.length > 0)
    }
  })

  it('refuses a second start without a stop as a programming mistake', async () => {
    const { camera } = await startWithClock()
    await expect(camera.start(new StandInRun())).rejects.toThrow(TypeError)
  })
})

describe('controls', () => {
  it('change the picture of the next frame', async () => {
    const { camera, clock, run } = await startWithClock({ width: 64, height: 48, framerate: 240 })
    // The third pixel from the left in the first row, where the sweeping bar has not come yet.
    const corner = () => Array.from((run.frames.at(-1) as RawFrame).planes[0]!.data.subarray(6, 9))
    clock.tick()
    expect(corner()).toEqual([255, 255, 255])
    expect(await camera.controls.set({ pattern: 'black' })).toEqual({ pattern: 'black', brightness: 0 })
    clock.tick()
    expect(corner()).toEqual([0, 0, 0])
    await camera.controls.set({ brightness: 0.2 })
    clock.tick()
    expect(corner()).toEqual([51, 51, 51])
  })

  it('are listed with their ranges and configured defaults', () => {
    const { controls } = new FakeCamera({ pattern: 'gradient', brightness: 0.5 })
    expect(controls.list()).toMatchObject([
      { name: 'pattern', type: 'enum', values: ['bars', 'gradient', 'black'], default: 'gradient' },
      { name: 'brightness', type: 'number', minimum: -1, maximum: 1, default: 0.5 }
    ])
    expect(controls.values()).toEqual({ pattern: 'gradient', brightness: 0.5 })
  })

  it('refuse what is out of range, of another type or unknown, and change nothing then', async () => {
    const { controls } = new FakeCamera()
    for (const values of [
      { brightness: 1.1 },
      { brightness: Number.NaN },
      { brightness: '0' },
      { pattern: 'stripes' },
      { pattern: 1 },
      { pattern: 'black', zoom: 2 }
    ]) {
      const error = await controls.set(values).catch((thrown: unknown) => thrown)
      expect(isStreamerError(error) && error.code).toBe('ERR_CONTROL_INVALID')
    }
    expect(controls.values()).toEqual({ pattern: 'bars', brightness: 0 })
  })
})
