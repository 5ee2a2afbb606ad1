import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pipeline, type PipelineOptions } from '../src/pipeline.js'
import {
  type Controls,
  type ControlValue,
  createPicture,
  type EncodedFrame,
  monotonicUs,
  type RawFrame,
  StreamerError
} from '../src/plugin/index.js'
import { defaultSupervision } from '../src/supervision.js'
import { StandInClient, StandInEncoder, StandInLogger, StandInSource, standInFrame } from './stand-ins.js'

function setUp(options: Partial<PipelineOptions> = {}, controls?: Controls) {
  const source = new StandInSource()
  const encoder = Object.assign(new StandInEncoder(), controls && { controls })
  const logger = new StandInLogger()
  const pipeline = new Pipeline(
    source,
    encoder,
    { name: 'main', linger: 15, watchdog: 5, ...options },
    logger,
    defaultSupervision
  )
  const stream = pipeline.viewFor('test')
  const watch = () => new StandInClient((onFrame) => stream.subscribe({ label: 'client', onFrame }))
  return { source, encoder, logger, pipeline, stream, watch }
}

function raw(sequence: number, release = () => {}): RawFrame {
  const { data, stride } = createPicture(16, 16)
  return {
    kind: 'raw',
    pixelFormat: 'rgb24',
    planes: [{ data, stride }],
    width: 16,
    height: 16,
    sequence,
    timestampUs: 0,
    release
  }
}

const passMs = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('demand', () => {
  it('starts the source with the first viewer and stops it a linger after the last', async () => {
    const { source, pipeline, stream, watch } = setUp({ watchdog: 0 })
    pipeline.start()
    await passMs(1000)
    expect(source.runs.length).toBe(0)
    expect(stream.state).toBe('idle')
    const a = watch()
    const b = watch()
    await passMs(0)
    expect(source.running).toBe(true)
    expect(stream.state).toBe('starting')
    source.give()
    expect(stream.state).toBe('live')
    a.subscription.close()
    await passMs(60_000 - 1)
    b.subscription.close()
    source.give()
    await passMs(14_900)
    expect(source.running).toBe(true)
    await passMs(200)
    expect(source.running).toBe(false)
    expect(stream.state).toBe('idle')
  })

  it('serves a viewer who comes during the linger without a restart', async () => {
    const { source, watch } = setUp({ watchdog: 0 })
    const first = watch()
    await passMs(0)
    first.subscription.close()
    await passMs(10_000)
    const second = watch()
    await passMs(20_000)
    source.give()
    expect(second.frames.length).toBe(1)
    expect(source.runs.length).toBe(1)
  })

  it('stops at once with linger 0, and never with always', async () => {
    const none = setUp({ linger: 0 })
    none.watch().subscription.close()
    await passMs(0)
    expect(none.source.running).toBe(false)
    const always = setUp({ linger: 'always', watchdog: 0 })
    always.pipeline.start()
    await passMs(0)
    expect(always.source.running).toBe(true)
    always.watch().subscription.close()
    await passMs(7_200_000)
    expect(always.source.running).toBe(true)
    await always.pipeline.stop()
    expect(always.source.running).toBe(false)
  })

  it('starts for a viewer who came before the stream was started again', async () => {
    const { source, pipeline, watch } = setUp()
    await pipeline.stop()
    const early = watch()
    await passMs(0)
    expect(source.running).toBe(false)
    pipeline.start()
    await passMs(0)
    source.give()
    expect(early.frames.length).toBe(1)
  })

  it('shows nothing of before to a viewer who comes while the source is stopping or starting', async () => {
    const { source, encoder, stream, watch } = setUp({ linger: 0, watchdog: 0 })
    const before = watch()
    await passMs(0)
    source.give()
    before.subscription.close()
    const after = watch()
    await passMs(0)
    expect(stream.state).toBe('starting')
    encoder.fault = 'start hangs'
    source.give(raw(0))
    await passMs(5000)
    expect(after.frames).toEqual([])
  })

  it('starts again for a viewer who comes while the source is stopping', async () => {
    const { source, watch } = setUp({ linger: 0 })
    watch().subscription.close()
    const late = watch()
    await passMs(0)
    await passMs(0)
    expect(source.running).toBe(true)
    source.give()
    expect(late.frames.length).toBe(1)
  })
})

describe('a source that looks around', () => {
  it('does so when the stream starts, before anybody watches, and is told when it stops', async () => {
    const { source, pipeline } = setUp()
    const signals: AbortSignal[] = []
    const prepare = (signal: AbortSignal) => {
      signals.push(signal)
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    Object.assign(source, { prepare })
    pipeline.start()
    await passMs(5000)
    expect([signals.length, source.runs.length]).toEqual([1, 0])
    await pipeline.stop()
    expect(signals[0]?.aborted).toBe(true)
    pipeline.start()
    expect(signals.length).toBe(2)
    await pipeline.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('may throw or never come back', async () => {
    for (const prepare of [
      () => Promise.reject(new Error('blind')),
      () => new Promise<void>(() => {}),
      () => {
        throw new Error('at once')
      }
    ]) {
      const { source, pipeline, watch } = setUp()
      Object.assign(source, { prepare })
      pipeline.start()
      const viewer = watch()
      await passMs(0)
      source.give()
      expect(viewer.frames.length).toBe(1)
      const stopping = pipeline.stop()
      await passMs(1500)
      await stopping
    }
  })
})

describe('frames', () => {
  it('pass untouched when the source gives the codec of the stream', async () => {
    const { source, encoder, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    const frame = source.give()
    expect(viewer.frames[0]).toBe(frame)
    expect(encoder.starts).toBe(0)
  })

  it('go through the encoder when they are raw, and are given back when it is not ready yet', async () => {
    const { source, encoder, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    const release = vi.fn()
    source.give(raw(0, release))
    expect(release).toHaveBeenCalledOnce()
    await passMs(0)
    source.give(raw(1))
    expect(encoder.starts).toBe(1)
    expect(viewer.sequences).toEqual([1])
  })

  it('that are missing in the sequence are counted as lost', async () => {
    const { source, stream, watch } = setUp()
    watch()
    await passMs(0)
    for (const sequence of [0, 1, 4, 5]) source.give(standInFrame(sequence))
    expect(stream.stats()).toMatchObject({ captured: 4, lost: 2, published: 4 })
  })

  it('may count from 0 again within a run, which loses none', async () => {
    const { source, stream, watch } = setUp()
    watch()
    await passMs(0)
    for (const sequence of [0, 1, 2, 0, 1]) source.give(standInFrame(sequence))
    expect(stream.stats()).toMatchObject({ captured: 5, lost: 0 })
  })

  it('are asked for in the codec of the stream', async () => {
    const { source, stream, watch } = setUp()
    watch()
    await passMs(0)
    expect(source.run.codec).toBe(stream.codec)
  })

  it('of a run that has ended change nothing', async () => {
    const { source, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    const { run } = source
    run.fail(new Error('gone'))
    await passMs(0)
    run.push(standInFrame(7))
    run.fail(new Error('again'))
    expect(viewer.frames.length).toBe(0)
  })
})

describe('supervision', () => {
  it('starts a failed source again with pauses that double to 30 s', async () => {
    const { source, stream, watch, logger } = setUp()
    source.startError = new StreamerError('ERR_SOURCE_NOT_FOUND', 'source-test: no camera')
    watch()
    await passMs(0)
    const pauses: number[] = []
    for (let n = 0; n < 9; n++) {
      const runs = source.runs.length
      let ms = 0
      while (source.runs.length === runs) {
        await passMs(100)
        ms += 100
      }
      pauses.push(ms)
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    expect(stream.state).toBe('recovering')
    expect(stream.stats()).toMatchObject({
      starts: 10,
      failures: 10,
      lastFailure: { code: 'ERR_SOURCE_NOT_FOUND', message: 'source-test: no camera' }
    })
    expect(logger.lines).toEqual(['warn : source-test: no camera; starting it again in 0.5 s'])
  })

  it('is said once for a source that gives a frame and fails in the same way each time', async () => {
    const { source, logger, watch } = setUp()
    watch()
    await passMs(0)
    for (let n = 0; n < 6; n++) {
      while (!source.running) await passMs(100)
      source.give()
      source.run.fail(new Error('crash'))
      await passMs(0)
    }
    expect(logger.lines).toEqual([
      'warn : source: crash; starting it again in 0.5 s',
      'info : the source gives frames again'
    ])
  })

  it('begins with the shortest pause again after 30 s of health', async () => {
    const { source, watch } = setUp({ watchdog: 0 })
    watch()
    await passMs(0)
    for (let n = 0; n < 3; n++) {
      source.run.fail(new Error('crash'))
      await passMs(5000)
    }
    expect(source.runs.length).toBe(4)
    await passMs(30_000)
    source.run.fail(new Error('crash'))
    await passMs(499)
    expect(source.runs.length).toBe(4)
    await passMs(2)
    expect(source.runs.length).toBe(5)
  })

  it('takes silence for a failure, and says how long it was', async () => {
    const { source, stream, watch } = setUp({ watchdog: 5 })
    watch()
    await passMs(0)
    source.give()
    await passMs(4900)
    expect(source.runs.length).toBe(1)
    await passMs(2000)
    expect(source.runs.length).toBe(2)
    expect(stream.stats().lastFailure).toMatchObject({
      code: 'ERR_SOURCE_STALLED',
      message: 'no frame from the source for 5 s (watchdog)'
    })
  })

  it('lets a source take two minutes to start, and counts silence only from then on', async () => {
    const { source, stream, watch } = setUp({ watchdog: 5 })
    source.holdStart()
    watch()
    await passMs(119_000)
    expect(source.runs.length).toBe(1)
    source.finishStart()
    await passMs(4900)
    expect(source.runs.length).toBe(1)
    await passMs(2000)
    expect(source.runs.length).toBe(2)
    expect(stream.stats().lastFailure).toMatchObject({ message: 'no frame from the source for 5 s (watchdog)' })
  })

  it('gives up a start that never ends, also without a watchdog, and takes it for no time of health', async () => {
    const { source, stream, watch } = setUp({ watchdog: 0 })
    source.holdStart()
    watch()
    await passMs(120_400)
    expect(source.runs.length).toBe(1)
    expect(stream.stats().lastFailure).toMatchObject({
      code: 'ERR_SOURCE_STALLED',
      message: 'the source did not start within 120 s'
    })
    await passMs(200)
    expect(source.runs.length).toBe(2)
    await passMs(120_000 + 800)
    expect(source.runs.length).toBe(2)
    await passMs(400)
    expect(source.runs.length).toBe(3)
  })

  it('takes a source that gives frames for started, whatever its start does', async () => {
    const { source, stream, watch } = setUp({ watchdog: 5 })
    source.holdStart()
    watch()
    await passMs(1000)
    source.give()
    for (let second = 0; second < 200; second++) {
      await passMs(1000)
      source.give()
    }
    expect(source.runs.length).toBe(1)
    await passMs(6000)
    expect(stream.stats().lastFailure).toMatchObject({ message: 'no frame from the source for 5 s (watchdog)' })
  })

  it('shows that the camera is starting when that takes long', async () => {
    const { source, stream, watch } = setUp()
    source.holdStart()
    const viewer = watch()
    await passMs(2900)
    expect(viewer.frames).toEqual([])
    await passMs(7100)
    expect(viewer.frames.length).toBeGreaterThanOrEqual(5)
    expect(viewer.frames.every(({ placeholder }) => placeholder)).toBe(true)
    expect(stream).toMatchObject({ state: 'starting', latest: undefined })
    source.finishStart()
    const before = viewer.frames.length
    await passMs(3000)
    expect(viewer.frames.length).toBe(before)
    source.give()
    expect(viewer.frames.at(-1)?.placeholder).toBeUndefined()
  })

  it('keeps clients and gives them the last frame, then "no signal" once a second, then the new frames', async () => {
    const { source, stream, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    const last = source.give()
    source.startError = new Error('unplugged')
    source.run.fail(new Error('unplugged'))
    await passMs(2500)
    expect(viewer.frames.length).toBeGreaterThanOrEqual(2)
    expect(viewer.frames.every((frame) => frame === last)).toBe(true)
    await passMs(2000)
    const before = viewer.frames.length
    await passMs(10_000)
    const drawn = viewer.frames.slice(before)
    expect(drawn.length).toBeGreaterThanOrEqual(9)
    expect(drawn.length).toBeLessThanOrEqual(11)
    expect(drawn.every((frame) => frame.placeholder === true && frame.sequence === 0)).toBe(true)
    expect(new Set(drawn.map(({ timestampUs }) => timestampUs)).size).toBe(drawn.length)
    source.startError = undefined
    while (!source.running) await passMs(100)
    const fresh = source.give()
    expect(viewer.frames.at(-1)).toBe(fresh)
    expect(stream.state).toBe('live')
    expect(stream.stats().placeholders).toBeGreaterThan(9)
  })

  it('repeats the last frame about once a second while the source is slow, but not one of an earlier day', async () => {
    const { source, watch } = setUp({ watchdog: 0, linger: 0 })
    const viewer = watch()
    await passMs(0)
    source.give()
    await passMs(10_000)
    expect(viewer.frames.length).toBeGreaterThanOrEqual(10)
    expect(viewer.frames.length).toBeLessThanOrEqual(12)
    viewer.subscription.close()
    await passMs(0)
    const later = watch()
    await passMs(5000)
    expect(later.frames.length).toBe(0)
  })

  it('hides passwords in what it shows', async () => {
    const { source, stream, watch } = setUp()
    watch()
    await passMs(0)
    source.run.fail(new Error('cannot open rtsp://me:secret@camera/1'))
    await passMs(0)
    expect(stream.stats().lastFailure?.message).toBe('source: cannot open rtsp://***@camera/1')
  })

  it('gives up waiting for a source that does not stop', async () => {
    const { source, logger, watch } = setUp()
    watch()
    await passMs(0)
    source.neverStops = true
    source.run.fail(new Error('hung'))
    await passMs(2500)
    expect(source.runs.length).toBe(2)
    expect(logger.lines.join()).toContain('did not stop within 1500 ms')
  })

  it('starts source and encoder again when the encoder fails', async () => {
    const { source, encoder, stream, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    source.give(raw(0))
    await passMs(0)
    encoder.fail(new Error('bad picture'))
    await passMs(1000)
    expect(source.runs.length).toBe(2)
    source.give(raw(0))
    await passMs(0)
    source.give(raw(1))
    expect(viewer.frames.filter(({ placeholder }) => !placeholder).map(({ sequence }) => sequence)).toEqual([0, 1])
    expect(stream.stats().lastFailure?.code).toBe('ERR_ENCODER_FAILED')
  })

  it('does not start an encoder over and over that cannot start', async () => {
    const { source, encoder, watch } = setUp()
    encoder.startError = new Error('library is missing')
    watch()
    await passMs(0)
    for (let second = 0; second < 20; second++) {
      if (source.running) source.give(raw(0))
      await passMs(1000)
    }
    // Once for each run of the source, whose pauses grow, and once to draw.
    expect(encoder.starts).toBeLessThanOrEqual(7)
  })

  it('stops within the time-out even when everything hangs, and gives nothing more', async () => {
    const { source, pipeline, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    source.neverStops = true
    let stopped = false
    const stopping = pipeline.stop().then(() => {
      stopped = true
    })
    await passMs(1501)
    expect(stopped).toBe(true)
    await stopping
    source.run.push(standInFrame(0))
    expect(viewer.frames.length).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('notices an encoder that hangs or gives nothing, and starts it again', async () => {
    for (const fault of ['start hangs', 'gives nothing'] as const) {
      const { source, encoder, stream, watch } = setUp({ watchdog: 2 })
      encoder.fault = fault
      const viewer = watch()
      for (let n = 0; n < 40; n++) {
        await passMs(100)
        if (source.running) source.give(raw(n))
      }
      expect(stream.stats()).toMatchObject({ state: 'recovering', lastFailure: { code: 'ERR_ENCODER_FAILED' } })
      encoder.fault = 'none'
      for (let n = 0; n < 100; n++) {
        await passMs(100)
        if (source.running) source.give(raw(n))
      }
      expect(stream.state).toBe('live')
      expect(viewer.frames.at(-1)?.placeholder).toBeUndefined()
    }
  })

  it('draws "no signal" in a sane size whatever the source said of its own', async () => {
    for (const [width, height, drawnWidth, drawnHeight] of [
      [0, 0, 640, 480],
      [-1, 65_535, 640, 480],
      [65_535, 65_535, 1440, 1440],
      [14_000, 7000, 2036, 1018],
      [3, 900, 16, 900]
    ] as const) {
      const { source, encoder, watch } = setUp()
      const viewer = watch()
      await passMs(0)
      source.give(standInFrame(0, { width, height }))
      source.startError = new Error('gone')
      source.run.fail(new Error('gone'))
      await passMs(6000)
      expect(viewer.frames.at(-1)).toMatchObject({ placeholder: true })
      expect(encoder.pushed.at(-1)).toMatchObject({ width: drawnWidth, height: drawnHeight })
    }
  })

  it('goes on with the last frame when the encoder cannot take "no signal" either', async () => {
    for (const breakIt of [
      (encoder: StandInEncoder) => Object.assign(encoder, { fault: 'push throws' }),
      (encoder: StandInEncoder) => Object.assign(encoder, { startError: new StreamerError('ERR_OWN', 'no licence') })
    ]) {
      const { source, encoder, watch } = setUp()
      breakIt(encoder)
      const viewer = watch()
      await passMs(0)
      const last = source.give()
      source.startError = new Error('unplugged')
      source.run.fail(new Error('unplugged'))
      await passMs(20_000)
      expect(viewer.frames.length).toBeGreaterThan(15)
      expect(viewer.frames.every((frame) => frame === last)).toBe(true)
      expect(encoder.starts).toBe(1)
    }
  })

  it('survives a source that fails with nonsense and whose counters throw', async () => {
    const { source, stream, pipeline, watch } = setUp()
    watch()
    await passMs(0)
    source.statsError = new Error('no counters')
    expect(stream.stats().source).toEqual({})
    const nonsense = [
      Object.create(null),
      undefined,
      { message: 5 },
      Object.assign(new StreamerError('ERR_X', ''), { message: undefined })
    ]
    for (const [index, error] of nonsense.entries()) {
      source.run.fail(error as Error)
      await passMs(10_000)
      expect(stream.stats().failures).toBeGreaterThan(index)
      expect(typeof stream.stats().lastFailure?.message).toBe('string')
    }
    await pipeline.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('has no controls of an encoder that has nothing to do', async () => {
  let quality: ControlValue = 80
  const { source, pipeline, watch } = setUp(
    {},
    {
      list: () => [
        { name: 'quality', description: 'of JPEGs', type: 'integer', minimum: 1, maximum: 100, default: 80 }
      ],
      values: () => ({ quality }),
      set: async (values) => {
        quality = values.quality ?? quality
        return { quality }
      }
    }
  )
  watch()
  await passMs(0)
  expect(pipeline.controls?.list().map(({ name }) => name)).toEqual(['quality'])
  source.give(standInFrame(0))
  expect(pipeline.controls?.list()).toEqual([])
  await expect(pipeline.controls?.set({ quality: 10 })).rejects.toThrow('no control is named "quality"; there are none')
  source.give(raw(1))
  await pipeline.controls?.set({ quality: 10 })
  expect(pipeline.controls?.values()).toEqual({ quality: 10 })
})

describe('the time of frames', () => {
  const toldOnce = [
    'warn : the source gives times that are not those of monotonicUs(); its frames count from when they come'
  ]

  it.each([
    ['begins with the program', -3_600_000_000],
    ['is the time of day', 1_700_000_000_000_000]
  ])('counts from when they come when the clock of the source %s, which is told once', async (_case, offUs) => {
    const { source, logger, stream } = setUp()
    const frames: EncodedFrame[] = []
    const subscription = stream.subscribe({
      label: 'client',
      maxAgeMs: 100,
      onFrame: (frame) => {
        frames.push(frame)
        subscription.ready()
      }
    })
    await passMs(0)
    for (let sequence = 0; sequence < 3; sequence++) {
      source.give(standInFrame(sequence, { timestampUs: Math.max(0, monotonicUs() + offUs) }))
      expect(frames.at(-1)).toEqual(standInFrame(sequence, { timestampUs: monotonicUs() }))
      await passMs(30)
    }
    expect(logger.lines).toEqual(toldOnce)
  })

  it('gives the memory of a raw frame back all the same', async () => {
    const { source, watch } = setUp()
    watch()
    await passMs(0)
    const released = vi.fn()
    source.give({ ...raw(0, released), timestampUs: 0 })
    await passMs(0)
    expect(released).toHaveBeenCalledTimes(1)
  })

  it('is that of the source when a later frame is old, which then is too old', async () => {
    const { source, logger, stream } = setUp()
    const onFrame = vi.fn(() => subscription.ready())
    const subscription = stream.subscribe({ label: 'client', maxAgeMs: 100, onFrame })
    await passMs(0)
    source.give(standInFrame(0))
    expect(onFrame).toHaveBeenCalledTimes(1)
    for (let sequence = 1; sequence <= 29; sequence++)
      source.give(standInFrame(sequence, { timestampUs: monotonicUs() - 200_000 }))
    expect(logger.lines).toEqual([])
    source.give(standInFrame(30, { timestampUs: monotonicUs() - 200_000 }))
    expect(onFrame).toHaveBeenCalledTimes(1)
    expect(subscription.stats().expired).toBe(30)
    expect(logger.lines).toEqual([
      'warn : the transport "test" gets frames that are all older than its maxAgeMs of 100 when they come from the source or encoder, and shows none of them'
    ])
  })
})
