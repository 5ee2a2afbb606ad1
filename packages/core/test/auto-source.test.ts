import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AutoSource, type AutoSourceParts, type Offer } from '../src/auto/source.js'
import { Pipeline } from '../src/pipeline.js'
import { type Controls, type Detection, StreamerError } from '../src/plugin/index.js'
import { defaultSupervision } from '../src/supervision.js'
import { StandInClient, StandInEncoder, StandInLogger, StandInSource, standInFrame } from './stand-ins.js'

const nobody: Detection = { found: false, reason: 'no camera is connected' }
const imx708: Detection = { found: true, what: 'imx708' }

/** A camera whose answers a test decides. */
class StandInCamera extends StandInSource {
  answer: Detection | Error | 'never' = nobody
  readonly asked: AbortSignal[] = []

  offer(use = 'libcamera'): Offer {
    return { use, source: this, detect: (signal) => this.#detect(signal) }
  }

  async #detect(signal: AbortSignal): Promise<Detection> {
    this.asked.push(signal)
    if (this.answer === 'never') return new Promise(() => {})
    if (this.answer instanceof Error) throw this.answer
    return this.answer
  }
}

function setUp(parts: Partial<AutoSourceParts> = {}) {
  const camera = new StandInCamera()
  const picture = new StandInSource()
  const logger = new StandInLogger()
  const auto = new AutoSource(
    { offers: [camera.offer(), { use: 'fake', source: picture }], hasStandIn: true, leftOut: [], ...parts },
    logger,
    defaultSupervision
  )
  const pipeline = new Pipeline(
    auto,
    new StandInEncoder(),
    { name: 'main', linger: 0, watchdog: 0 },
    new StandInLogger(),
    defaultSupervision
  )
  const stream = pipeline.viewFor('test')
  const watch = () => new StandInClient((onFrame) => stream.subscribe({ label: 'client', onFrame }))
  return { camera, picture, logger, auto, pipeline, stream, watch }
}

const passMs = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const noCamera =
  'warn : no camera found: showing the test camera (no camera is connected; "streamer doctor" tells more)'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('use: auto', () => {
  it('takes the first camera that is there, and says which', async () => {
    const { camera, picture, logger, stream, watch } = setUp()
    camera.answer = imx708
    const viewer = watch()
    await passMs(0)
    const frame = camera.give()
    expect(viewer.frames).toEqual([frame])
    expect(camera.run.codec).toBe(stream.codec)
    expect(picture.runs).toEqual([])
    expect(logger.lines).toEqual(['info : using imx708'])
  })

  it('shows the test camera when there is none, and says why', async () => {
    const { camera, picture, logger, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    picture.give()
    expect(viewer.frames.length).toBe(1)
    expect(camera.runs).toEqual([])
    expect(logger.lines).toEqual([noCamera])
  })

  it.each<[string, StandInCamera['answer'], string]>([
    ['throws', new Error('no /dev/media0'), 'no /dev/media0'],
    ['does not answer', 'never', 'no answer within 10 s'],
    ['answers nonsense', {} as Detection, 'it gave no answer']
  ])('takes a camera that %s for none', async (_, answer, reason) => {
    const { camera, picture, logger, watch } = setUp()
    camera.answer = answer
    watch()
    await passMs(10_000)
    expect(picture.running).toBe(true)
    expect(logger.lines.join()).toContain(`(${reason}; "streamer doctor"`)
    expect(camera.asked[0]?.aborted).toBe(true)
  })

  it('names those that have something to say when there are several, the ones left out as well', async () => {
    const other = new StandInCamera()
    const camera = new StandInCamera()
    const picture = new StandInSource()
    const { logger, watch } = setUp({
      offers: [camera.offer('a'), other.offer('b'), { use: 'fake', source: picture }],
      leftOut: [{ use: 'c', reason: 'not installed' }]
    })
    watch()
    await passMs(0)
    expect(logger.lines.join()).toContain('(c: not installed; a: no camera is connected; b: no camera is connected; ')
  })

  it('takes the last one unasked, and a camera that cannot be asked', async () => {
    const camera = new StandInCamera()
    const alone = setUp({ offers: [camera.offer()], hasStandIn: false, leftOut: [{ use: 'fake', reason: 'too wide' }] })
    alone.watch()
    await passMs(0)
    expect([camera.running, camera.asked.length]).toEqual([true, 0])
    expect(alone.logger.lines).toEqual(['info : using libcamera'])
    const mute = new StandInSource()
    const { picture, watch } = setUp({
      offers: [
        { use: 'mute', source: mute },
        { use: 'fake', source: new StandInSource() }
      ]
    })
    watch()
    await passMs(0)
    expect([mute.running, picture.running]).toEqual([true, false])
  })

  it('keeps a camera that has started: when it is lost it is started again, and the test picture is never shown', async () => {
    const { camera, picture, logger, watch } = setUp()
    camera.answer = imx708
    watch()
    await passMs(0)
    camera.give()
    camera.answer = nobody
    camera.startError = new Error('unplugged')
    camera.run.fail(new Error('unplugged'))
    await passMs(60_000)
    expect(camera.runs.length).toBeGreaterThan(3)
    expect([picture.runs.length, camera.asked.length]).toEqual([0, 1])
    expect(logger.lines).toEqual(['info : using imx708'])
  })

  it('asks again when a camera that was found did not start', async () => {
    const { camera, picture, watch, stream } = setUp()
    camera.answer = imx708
    camera.startError = new StreamerError('ERR_CAMERA_BUSY', 'somebody else has it')
    watch()
    await passMs(0)
    expect(stream.stats().lastFailure).toMatchObject({ code: 'ERR_CAMERA_BUSY' })
    camera.answer = nobody
    await passMs(600)
    expect([camera.asked.length, picture.running]).toEqual([2, true])
  })

  it('asks again with the next demand while there is no camera, and says the same only once', async () => {
    const { camera, picture, logger, watch } = setUp()
    for (let round = 1; round <= 3; round++) {
      const viewer = watch()
      await passMs(0)
      expect([picture.running, camera.asked.length]).toEqual([true, round])
      viewer.subscription.close()
      await passMs(0)
      expect(picture.running).toBe(false)
    }
    expect(logger.lines).toEqual([noCamera])
    camera.answer = imx708
    watch()
    await passMs(0)
    expect(camera.running).toBe(true)
  })
})

describe('while the test camera is shown', () => {
  it('looks for a camera every 30 s and goes over to it without a gap, a restart or a loss', async () => {
    const { camera, picture, logger, stream, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    for (const sequence of [0, 1, 2]) picture.give(standInFrame(sequence))
    await passMs(29_000)
    expect(camera.asked.length).toBe(1)
    await passMs(31_000)
    expect(camera.asked.length).toBe(3)
    camera.answer = imx708
    camera.holdStart()
    await passMs(30_000)
    expect([camera.runs.length, picture.running]).toEqual([1, true])
    picture.give(standInFrame(3))
    const last = viewer.frames.length
    const frame = camera.give()
    expect(viewer.frames.slice(last)).toEqual([frame])
    await passMs(0)
    expect(picture.running).toBe(false)
    picture.give(standInFrame(4))
    expect(viewer.frames.length).toBe(last + 1)
    camera.finishStart()
    await passMs(90_000)
    expect(camera.asked.length).toBe(4)
    expect(stream.stats()).toMatchObject({ starts: 1, failures: 0, lost: 0, state: 'live' })
    expect(logger.lines).toEqual([noCamera, 'info : using imx708'])
    camera.run.fail(new Error('unplugged'))
    await passMs(600)
    expect([camera.runs.length, picture.runs.length]).toEqual([2, 1])
  })

  it('goes over when the camera has started, so that the watchdog counts for it', async () => {
    const { camera, picture, watch } = setUp()
    watch()
    await passMs(0)
    camera.answer = imx708
    await passMs(30_000)
    expect([camera.running, picture.running]).toEqual([true, false])
  })

  it('goes on showing it when the camera does not start, says so once, and tries again', async () => {
    const { camera, picture, logger, stream, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    camera.answer = imx708
    camera.startError = new Error('the compiler failed')
    await passMs(90_000)
    expect([camera.runs.length, picture.running]).toEqual([3, true])
    picture.give(standInFrame(0))
    expect(viewer.frames.length).toBeGreaterThan(0)
    expect(logger.lines).toEqual([
      noCamera,
      'warn : found imx708, but it does not start: the compiler failed; showing the test camera until it does'
    ])
    camera.startError = undefined
    await passMs(30_000)
    expect([camera.running, picture.running, stream.stats().failures]).toEqual([true, false, 0])
  })

  it('a camera that fails before its first frame costs nothing, one that fails after it is started again', async () => {
    const { camera, picture, stream, watch } = setUp()
    watch()
    await passMs(0)
    camera.answer = imx708
    camera.holdStart()
    await passMs(30_000)
    camera.run.fail(new Error('too early'))
    await passMs(0)
    expect([picture.running, stream.stats().failures]).toEqual([true, 0])
    await passMs(30_000)
    camera.give()
    camera.startError = new Error('gone')
    camera.finishStart()
    await passMs(0)
    expect(stream.stats()).toMatchObject({ failures: 1, lastFailure: { message: 'source: gone' } })
  })

  it('gives the frames back that the test camera still draws', async () => {
    const { camera, picture, watch } = setUp()
    watch()
    await passMs(0)
    camera.answer = imx708
    await passMs(30_000)
    const release = vi.fn()
    const { kind: _, data: __, codec: ___, keyframe: ____, ...header } = standInFrame(9)
    picture.give({ ...header, kind: 'raw', pixelFormat: 'gray', planes: [], release })
    expect(release).toHaveBeenCalledOnce()
  })

  it('leaves nothing running when it is stopped, whatever it is doing', async () => {
    for (const moment of ['asking', 'starting', 'waiting'] as const) {
      const { camera, picture, pipeline, watch } = setUp()
      watch()
      await passMs(0)
      if (moment === 'asking') camera.answer = 'never'
      if (moment === 'starting') {
        camera.answer = imx708
        camera.holdStart()
      }
      await passMs(30_000)
      await pipeline.stop()
      expect([camera.running, picture.running]).toEqual([false, false])
      expect(camera.asked.every(({ aborted }) => aborted)).toBe(true)
      expect(camera.runs.every(({ signal }) => signal.aborted)).toBe(true)
      expect(camera.stops).toBe(camera.runs.length)
      expect(vi.getTimerCount()).toBe(0)
    }
  })
})

describe('at the start of the program', () => {
  it('says what there is before anybody watches, and does not ask again for the first viewer', async () => {
    for (const [answer, line] of [
      [imx708, 'info : using imx708'],
      [nobody, noCamera]
    ] as const) {
      const { camera, logger, pipeline, watch } = setUp()
      camera.answer = answer
      pipeline.start()
      await passMs(0)
      expect(logger.lines).toEqual([line])
      watch()
      await passMs(0)
      expect([camera.asked.length, logger.lines.length]).toEqual([1, 1])
      await pipeline.stop()
    }
  })

  it('gives a viewer who comes while it asks the same answer', async () => {
    const { camera, picture, pipeline, watch } = setUp()
    camera.answer = 'never'
    pipeline.start()
    await passMs(5000)
    watch()
    await passMs(5000)
    expect([camera.asked.length, picture.running]).toEqual([1, true])
    await pipeline.stop()
  })

  it('lets the camera that it found prepare itself, and again when the stream is started again', async () => {
    const { camera, picture, pipeline } = setUp()
    const prepared: AbortSignal[] = []
    Object.assign(camera, { prepare: async (signal: AbortSignal) => void prepared.push(signal) })
    Object.assign(picture, { prepare: () => expect.fail('nobody needs it') })
    camera.answer = imx708
    pipeline.start()
    await passMs(0)
    expect(prepared).toMatchObject([{ aborted: false }])
    await pipeline.stop()
    expect(prepared[0]?.aborted).toBe(true)
    pipeline.start()
    await passMs(0)
    expect(prepared.length).toBe(2)
    await pipeline.stop()
  })

  it('does not trust for long that there was no camera', async () => {
    const { camera, pipeline, watch } = setUp()
    pipeline.start()
    await passMs(30_000)
    camera.answer = imx708
    watch()
    await passMs(0)
    expect(camera.running).toBe(true)
  })

  it('ends the asking when it is stopped meanwhile', async () => {
    const { camera, pipeline, logger } = setUp()
    camera.answer = 'never'
    pipeline.start()
    await passMs(1000)
    await pipeline.stop()
    expect(camera.asked[0]?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    camera.answer = imx708
    pipeline.start()
    await passMs(0)
    expect(logger.lines).toEqual(['info : using imx708'])
  })
})

describe('a camera that is broken', () => {
  it.each([
    ['null', null],
    ['a text', 'yes'],
    ['half an answer', { found: 'yes' }],
    ['what cannot be text', { found: true, what: Object.create(null) }]
  ])('and answers %s is not there', async (_, answer) => {
    const { camera, picture, logger, watch } = setUp()
    camera.answer = answer as Detection
    watch()
    await passMs(0)
    expect([camera.runs.length, picture.runs.length]).toEqual([0, 1])
    expect(logger.lines[0]).toMatch(/^warn : no camera found: showing the test camera/)
  })

  it('and gives nothing that is a frame does not take the place of the test picture', async () => {
    const { camera, picture, logger, stream, watch } = setUp()
    const viewer = watch()
    await passMs(0)
    camera.answer = imx708
    camera.holdStart()
    await passMs(30_000)
    camera.run.push(null as never)
    expect(stream.stats().refused).toBe(1)
    expect(logger.lines).toContain('warn : the source "libcamera" gave a frame that is refused: it is null')
    const frame = picture.give()
    expect(viewer.frames.at(-1)).toBe(frame)
    camera.finishStart()
    await passMs(0)
    const real = camera.give()
    expect(viewer.frames.at(-1)).toBe(real)
  })
})

describe('controls and counters', () => {
  const controlsOf = (name: string): Controls => {
    let value = 1
    return {
      list: () => [{ name, description: '', type: 'integer', minimum: 0, maximum: 9, default: 1 }],
      values: () => ({ [name]: value }),
      set: async (values) => {
        value = values[name] as number
        return { [name]: value }
      }
    }
  }

  it('are those of what runs', async () => {
    const { auto, camera, picture, stream, watch } = setUp()
    Object.assign(picture, { controls: controlsOf('pattern'), stats: () => ({ drawn: 1 }) })
    Object.assign(camera, { controls: controlsOf('exposure'), stats: () => ({ captured: 2 }) })
    expect([auto.controls.list(), auto.controls.values(), auto.stats()]).toEqual([[], {}, {}])
    await expect(auto.controls.set({ pattern: 2 })).rejects.toMatchObject({ code: 'ERR_CONTROL_INVALID' })
    watch()
    await passMs(0)
    expect(await stream.controls?.set({ pattern: 2 })).toEqual({ pattern: 2 })
    expect(stream.stats().source).toEqual({ drawn: 1 })
    camera.answer = imx708
    await passMs(30_000)
    expect(stream.controls?.list().map(({ name }) => name)).toEqual(['exposure'])
    expect(stream.stats().source).toEqual({ captured: 2 })
    await expect(stream.controls?.set({ pattern: 2 })).rejects.toMatchObject({ code: 'ERR_CONTROL_INVALID' })
  })
})
