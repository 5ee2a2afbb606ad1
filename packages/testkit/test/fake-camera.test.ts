import type { EncodedFrame, Frame, RawFrame, SourceRun } from '@streamer/core/plugin'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fakeCamera, type SteerableFakeCamera } from '../src/index.js'

/** Stands in for the pipeline: keeps what it is given, and stops and starts the camera only when the test says so. */
class StandInRun implements SourceRun {
  readonly abort = new AbortController()
  readonly signal = this.abort.signal
  readonly frames: Frame[] = []
  readonly failures: Error[] = []
  #wake = () => {}

  push(frame: Frame): void {
    this.frames.push(frame)
    this.#wake()
  }

  fail(error: Error): void {
    this.failures.push(error)
  }

  async more(count: number): Promise<void> {
    const goal = this.frames.length + count
    while (this.frames.length < goal) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}

async function running(camera: SteerableFakeCamera): Promise<StandInRun> {
  const run = new StandInRun()
  await camera.start(run)
  onTestFinished(() => camera.stop())
  return run
}

const isJpeg = (data: Uint8Array) =>
  data[0] === 0xff && data[1] === 0xd8 && data.at(-2) === 0xff && data.at(-1) === 0xd9

describe('a camera that runs by itself', () => {
  it('gives JPEGs of 320x240 as long as it is started', async () => {
    const camera = fakeCamera({ framerate: 240 })
    const run = await running(camera)
    await run.more(3)
    const [first] = run.frames as EncodedFrame[]
    expect(first).toMatchObject({ kind: 'encoded', codec: 'mjpeg', sequence: 0, width: 320, height: 240 })
    expect(isJpeg(first!.data)).toBe(true)
    await camera.stop()
    const { length } = run.frames
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(run.frames).toHaveLength(length)
  })

  it('gives raw frames when it is told so', async () => {
    const run = await running(fakeCamera({ output: 'raw', width: 64, height: 48, framerate: 240 }))
    await run.more(1)
    expect(run.frames[0]).toMatchObject({ kind: 'raw', pixelFormat: 'rgb24', width: 64, height: 48 })
  })

  it('gives nothing while it is stalled, in later runs too, and goes on when it is resumed', async () => {
    const camera = fakeCamera({ framerate: 240 })
    const run = await running(camera)
    await run.more(1)
    camera.stall()
    const { length } = run.frames
    await camera.stop()
    const next = new StandInRun()
    await camera.start(next)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([run.frames.length, next.frames.length]).toEqual([length, 0])
    camera.resume()
    await next.more(1)
  })

  it('is not for steps', async () => {
    await expect(fakeCamera().step()).rejects.toThrow(
      'step() is for a camera that was made by fakeCamera({ manual: true })'
    )
  })

  it('refuses options that it does not have', () => {
    expect(() => fakeCamera({ width: 5 })).toThrow('width')
    expect(() => fakeCamera({ widht: 500 } as object)).toThrow('widht')
  })
})

describe('a manual camera', () => {
  it('gives exactly the frames that it is told to give, numbered from 0', async () => {
    const camera = fakeCamera({ manual: true })
    const run = await running(camera)
    const first = await camera.step()
    expect(run.frames).toEqual([first])
    expect(isJpeg(first.data)).toBe(true)
    const fourth = await camera.step(3)
    expect(run.frames.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3])
    expect(run.frames.at(-1)).toBe(fourth)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(run.frames).toHaveLength(4)
    expect(camera.stats()).toEqual({ starts: 1, refused: 0, frames: 4 })
  })

  it('draws the steps that are asked for at once one after the other', async () => {
    const camera = fakeCamera({ manual: true, framerate: 30 })
    const run = await running(camera)
    const frames = await Promise.all([camera.step(2), camera.step(), camera.step(2)])
    expect(frames.map(({ sequence }) => sequence)).toEqual([1, 2, 4])
    expect(run.frames).toHaveLength(5)
  })

  it('numbers frames without a gap at any rate, however late they are asked for', async () => {
    for (const framerate of [0.5, 29.97, 240]) {
      const camera = fakeCamera({ manual: true, framerate, output: 'raw', width: 16, height: 16 })
      const run = await running(camera)
      await camera.step(200)
      expect(run.frames.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, index) => index))
    }
  })

  it('stamps a frame with the time at which it was asked for', async () => {
    const camera = fakeCamera({ manual: true })
    await running(camera)
    const { timestampUs } = await camera.step()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await camera.step()).timestampUs - timestampUs).toBeGreaterThanOrEqual(49_000)
  })

  it('waits with a step until it is started, and draws in the next run what a stop prevented', async () => {
    const camera = fakeCamera({ manual: true })
    const step = camera.step()
    const run = await running(camera)
    expect((await step).sequence).toBe(0)
    const prevented = camera.step()
    await camera.started()
    await camera.stop()
    const next = new StandInRun()
    await camera.start(next)
    await prevented
    expect([run.frames.length, next.frames.length]).toEqual([1, 1])
  })

  it('lends raw frames that come back to it', async () => {
    const camera = fakeCamera({ manual: true, output: 'raw' })
    const run = await running(camera)
    const frame: RawFrame = await camera.step()
    const [plane] = frame.planes
    frame.release?.()
    await camera.step()
    expect((run.frames[1] as RawFrame).planes[0]?.data).toBe(plane?.data)
  })

  it('refuses counts that are none, and steps while it is stalled', async () => {
    const camera = fakeCamera({ manual: true })
    await running(camera)
    for (const count of [0, -1, 1.5, Number.NaN]) await expect(camera.step(count)).rejects.toThrow(TypeError)
    camera.stall()
    await expect(camera.step()).rejects.toThrow('cannot step while it is stalled; call resume() first')
    camera.resume()
    await camera.step()
  })
})

describe('faults on request', () => {
  it('a crash fails the run once, gives no frame after it, and is over when the camera was stopped', async () => {
    const camera = fakeCamera({ framerate: 240 })
    const run = await running(camera)
    await run.more(1)
    const crashed = camera.crash('out of film')
    const { length } = run.frames
    expect(run.failures.map(({ message }) => message)).toEqual(['source-fake: out of film'])
    expect(camera.isRunning).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(run.frames).toHaveLength(length)
    await camera.stop()
    await crashed
  })

  it('cuts so many JPEGs in half, and no more', async () => {
    const camera = fakeCamera({ manual: true })
    await running(camera)
    camera.truncate(2)
    const whole = [await camera.step(), await camera.step(), await camera.step()].map(({ data }) => isJpeg(data))
    expect(whole).toEqual([false, false, true])
    expect(() => fakeCamera({ output: 'raw' }).truncate()).toThrow('only a JPEG can be cut in half')
  })

  it('refuses so many starts, and no more', async () => {
    const camera = fakeCamera()
    camera.refuseStarts(2)
    for (const _ of [1, 2]) {
      await expect(camera.start(new StandInRun())).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
    }
    await running(camera)
    expect(camera.stats()).toMatchObject({ starts: 3, refused: 2 })
  })

  it('fails when it is disconnected and starts again only when it is connected', async () => {
    const camera = fakeCamera()
    const run = await running(camera)
    const disconnected = camera.disconnect()
    expect(run.failures).toMatchObject([{ code: 'ERR_CAMERA_FAILED' }])
    await camera.stop()
    await disconnected
    await expect(camera.start(run)).rejects.toMatchObject({ code: 'ERR_CAMERA_NOT_FOUND' })
    camera.connect()
    await camera.start(run)
    await camera.stop()
    await camera.disconnect()
  })

  it('pushes garbage as it is', async () => {
    const camera = fakeCamera({ manual: true })
    const run = await running(camera)
    camera.emit({ kind: 'nonsense' })
    camera.emit(undefined)
    expect(run.frames).toEqual([{ kind: 'nonsense' }, undefined])
  })

  it('says that it does not run when it is to fail', async () => {
    const camera = fakeCamera()
    await expect(camera.crash()).rejects.toThrow('cannot crash while it does not run')
    expect(() => camera.emit(1)).toThrow('cannot emit while it does not run')
  })
})

describe('waiting for a camera', () => {
  it('tells when it has been started, so many times if that is asked for, and when it has been stopped', async () => {
    const camera = fakeCamera()
    await camera.stopped()
    expect(camera.isRunning).toBe(false)
    const told: string[] = []
    const started = camera.started().then(() => told.push('started'))
    const twice = camera.started(2).then(() => told.push('started twice'))
    await camera.start(new StandInRun())
    await started
    expect(camera.isRunning).toBe(true)
    const stopped = camera.stopped().then(() => told.push('stopped'))
    await camera.stop()
    await stopped
    await camera.start(new StandInRun())
    await twice
    expect(told).toEqual(['started', 'stopped', 'started twice'])
    await camera.stop()
  })

  it('counts the end of a run that is aborted, but not of one that is over already', async () => {
    const camera = fakeCamera()
    const first = new StandInRun()
    await camera.start(first)
    first.abort.abort()
    await camera.stopped()
    const second = new StandInRun()
    await camera.start(second)
    await camera.stop()
    const third = await running(camera)
    second.abort.abort()
    await third.more(1)
    expect(camera.isRunning).toBe(true)
  })
})
