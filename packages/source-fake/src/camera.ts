import {
  type Controls,
  type Counters,
  Lifecycle,
  type Source,
  type SourceRun,
  StreamerError,
  wallClockMs
} from '@streamer/core/plugin'
import { configSchema, type FakeCameraConfig, type FakeCameraOptions } from './config.js'
import { JpegOutput } from './jpeg-output.js'
import { type LiveSettings, liveControls } from './live-controls.js'
import { PicturePool } from './picture-pool.js'
import { type Clock, FrameSchedule, hostClock } from './schedule.js'
import { TestPicture } from './test-picture.js'

/** What lasts from a start to its stop. */
interface ActiveRun {
  readonly run: SourceRun
  /** Made when the first timer comes: however late that is, the run begins with frame 0. */
  schedule: FrameSchedule | undefined
  /** Where the frames of this run go: encoded here, or raw out of the pool. */
  readonly output: JpegOutput | PicturePool
  /** Whether the faults apply. */
  readonly faulty: boolean
  /** Frames drawn. */
  frames: number
}

/**
 * A camera that needs no hardware: colour bars, a sweeping bar, the frame number and the time of day, at a rate that does not drift.
 * It can be told to stall, crash, truncate its JPEGs or refuse to start, so that a test sees what everything else makes of it.
 */
export class FakeCamera implements Source {
  readonly controls: Controls
  readonly #config: FakeCameraConfig
  readonly #clock: Clock
  readonly #picture: TestPicture
  readonly #settings: LiveSettings
  readonly #lifecycle = new Lifecycle('source-fake', () => this.#close())
  #active: ActiveRun | undefined
  #timer: unknown
  #starts = 0
  #refused = 0
  #frames = 0
  #skipped = 0

  /**
   * @param options as in the configuration; all optional, defaults: 640x480 at 30 frames per second, raw.
   * @param clock the time and timers to use; default: those of this host.
   * @throws ZodError for options that are not allowed.
   */
  constructor(options: FakeCameraOptions = {}, clock: Clock = hostClock) {
    this.#config = configSchema.parse(options)
    this.#clock = clock
    const { width, height, pattern, brightness } = this.#config
    this.#picture = new TestPicture(width, height)
    this.#settings = { pattern, brightness }
    this.controls = liveControls(this.#settings)
  }

  /**
   * The first frame comes within a millisecond or so.
   * @throws StreamerError `ERR_SOURCE_FAILED` for a start that `faults.failStarts` refuses; the reason of `run.signal` when that is aborted
   *   meanwhile, a `StreamerError` when `stop` is called meanwhile; `TypeError` when it runs already.
   */
  start(run: SourceRun): Promise<void> {
    return this.#lifecycle.start(run, (signal) => this.#open(run, signal))
  }

  /** Resolves when no picture is being drawn or encoded any more. */
  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /** `starts` (the refused ones included), `refused`, `frames` (drawn), `skipped` (left out because the machine was late or the encoder busy). */
  stats(): Counters {
    return { starts: this.#starts, refused: this.#refused, frames: this.#frames, skipped: this.#skipped }
  }

  async #open(run: SourceRun, signal: AbortSignal): Promise<void> {
    this.#starts++
    const { faults } = this.#config
    if (this.#starts <= faults.failStarts) {
      this.#refused++
      const count = `${this.#starts} of ${faults.failStarts}`
      throw new StreamerError('ERR_SOURCE_FAILED', `source-fake: refuses start ${count}, as faults.failStarts says`)
    }
    const faulty = faults.runs === undefined || this.#starts - this.#refused <= faults.runs
    const output = await this.#createOutput(run, signal)
    signal.throwIfAborted()
    this.#active = { run, schedule: undefined, output, faulty, frames: 0 }
    this.#timer = this.#clock.setTimer(this.#onTimer, 0)
  }

  async #close(): Promise<void> {
    const active = this.#active
    this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#active = undefined
    if (active?.output instanceof JpegOutput) await active.output.idle()
  }

  async #createOutput(run: SourceRun, signal: AbortSignal): Promise<JpegOutput | PicturePool> {
    const { output, width, height, quality } = this.#config
    return output === 'jpeg'
      ? await JpegOutput.create(run, signal, width, height, quality)
      : new PicturePool(width, height)
  }

  readonly #onTimer = (): void => {
    const active = this.#active
    if (!active || active.run.signal.aborted) return
    const nowUs = this.#clock.nowUs()
    active.schedule ??= new FrameSchedule(nowUs, this.#config.framerate)
    const { schedule } = active
    const expected = schedule.next
    const sequence = schedule.take(nowUs)
    if (sequence !== undefined) {
      if (this.#isFaultDue(active)) return
      this.#skipped += sequence - expected
      this.#show(active, sequence, nowUs)
      // The receiver of the frame may have stopped the camera.
      if (this.#active !== active || active.run.signal.aborted) return
    }
    this.#timer = this.#clock.setTimer(this.#onTimer, schedule.delayMs(this.#clock.nowUs()))
  }

  /** Stalls or crashes when it is time to; no timer is set then. */
  #isFaultDue({ run, faulty, frames }: ActiveRun): boolean {
    if (!faulty) return false
    const { stallAfter, crashAfter } = this.#config.faults
    if (stallAfter !== undefined && frames >= stallAfter) return true
    if (crashAfter === undefined || frames < crashAfter) return false
    const message = `source-fake: crashes after ${frames} frames, as faults.crashAfter says`
    run.fail(new StreamerError('ERR_SOURCE_FAILED', message))
    return true
  }

  #show(active: ActiveRun, sequence: number, nowUs: number): void {
    const { output } = active
    if (output instanceof JpegOutput) {
      if (output.busy) {
        this.#skipped++
        return
      }
      const truncateAfter = active.faulty ? this.#config.faults.truncateAfter : undefined
      this.#draw(output.picture, sequence, nowUs)
      output.encode(sequence, nowUs, truncateAfter !== undefined && active.frames >= truncateAfter)
      active.frames++
    } else {
      const frame = output.take(sequence, nowUs)
      this.#draw(frame.picture, sequence, nowUs)
      active.frames++
      active.run.push(frame)
    }
  }

  #draw(picture: Parameters<TestPicture['draw']>[0], sequence: number, nowUs: number): void {
    const { pattern, brightness } = this.#settings
    const { framerate } = this.#config
    this.#picture.draw(picture, pattern, brightness, { sequence, framerate, wallClockMs: wallClockMs(nowUs) })
    this.#frames++
  }
}
