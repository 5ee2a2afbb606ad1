import {
  type Controls,
  type Counters,
  type ErrorCode,
  type Frame,
  monotonicUs,
  type Source,
  type SourceRun,
  StreamerError
} from '@streamer/core/plugin'
import { FakeCamera, type FakeCameraOptions } from '@streamer/source-fake'
import { HandClock } from './hand-clock.js'
import { Waiting } from './waiting.js'

/** What begins each message. */
const part = 'source-fake'

/** What lasts from a start to its stop. */
interface ActiveRun {
  readonly run: SourceRun
  /** It was told to fail, and waits to be stopped. */
  failed: boolean
}

/** The fake camera of `@streamer/source-fake` in the hands of a test. Made by `fakeCamera`. */
export class SteerableFakeCamera<out Given extends Frame = Frame> implements Source {
  readonly #camera: FakeCamera
  readonly #clock: HandClock | undefined
  readonly #givesJpeg: boolean
  readonly #waiting = new Waiting()
  #active: ActiveRun | undefined
  #starts = 0
  #runs = 0
  #refused = 0
  #frames = 0
  /** Starts that are still to be refused. */
  #refusals = 0
  /** Frames that are still to be cut in half. */
  #truncations = 0
  #isStalled = false
  #isConnected = true
  /** Told the frame that a step was waiting for, or nothing when the run is over. */
  #onStep: ((frame: Frame | undefined) => void) | undefined
  /** Ends with the last step that was asked for. */
  #stepping: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor(options: FakeCameraOptions, manual: boolean) {
    this.#clock = manual ? new HandClock() : undefined
    this.#camera = new FakeCamera(options, ...(this.#clock ? [this.#clock] : []))
    this.#givesJpeg = options.output === 'jpeg'
  }

  /** Of the picture: `pattern` and `brightness`. */
  get controls(): Controls {
    return this.#camera.controls
  }

  /** No frame comes by itself. */
  get isManual(): boolean {
    return this.#clock !== undefined
  }

  /** It was started, and neither stopped nor told to fail since. */
  get isRunning(): boolean {
    return this.#active !== undefined && !this.#active.failed && !this.#active.run.signal.aborted
  }

  /** Called by whoever has it run: the pipeline, when somebody watches. */
  async start(run: SourceRun): Promise<void> {
    this.#starts++
    if (!this.#isConnected) this.#refuse('ERR_CAMERA_NOT_FOUND', 'there is no camera, the test has disconnected it')
    if (this.#refusals > 0) {
      this.#refusals--
      this.#refuse('ERR_SOURCE_FAILED', 'refuses to start, as the test wants it')
    }
    const { signal, codec } = run
    const active: ActiveRun = { run, failed: false }
    await this.#camera.start({
      signal,
      ...(codec && { codec }),
      fail: (error) => run.fail(error),
      push: (frame) => this.#give(active, frame)
    })
    this.#active = active
    this.#runs++
    signal.addEventListener('abort', () => this.#active === active && void this.stop(), { once: true })
    this.#waiting.changed()
  }

  /** Called by whoever has it run. May be called twice, and without `start`. */
  async stop(): Promise<void> {
    const active = this.#active
    await this.#camera.stop()
    // It may have been started again meanwhile.
    if (this.#active !== active) return
    this.#active = undefined
    this.#onStep?.(undefined)
    this.#waiting.changed()
  }

  /** `starts` (the refused ones included), `refused`, and `frames` that were handed on. */
  stats(): Counters {
    return { starts: this.#starts, refused: this.#refused, frames: this.#frames }
  }

  /**
   * Resolves when it runs, which is when somebody watches.
   * @param runs waits until it has been started so many times in all; refused starts do not count. Default: until it runs now.
   */
  started(runs?: number): Promise<void> {
    return this.#waiting.until(() => (runs === undefined ? this.isRunning : this.#runs >= runs))
  }

  /** Resolves when it does not run and all that it did is done; at once if it never ran. */
  stopped(): Promise<void> {
    return this.#waiting.until(() => this.#active === undefined)
  }

  /**
   * Of a manual camera: draws exactly so many frames, one after the other. Each has been pushed when this resolves; with `output: 'jpeg'` it is then on its
   * way to every client that was ready. While nobody watches it waits until somebody does. A frame that a stop prevented is drawn in the next run instead.
   * @returns the last one, as it was pushed. The pixels of a raw one are overwritten once the encoder has done with them.
   * @throws TypeError when the camera runs by itself, or for a wrong count; Error when it is stalled.
   */
  async step(count = 1): Promise<Given> {
    const clock = this.#clock
    if (!clock) throw new TypeError(`${part}: step() is for a camera that was made by fakeCamera({ manual: true })`)
    if (!Number.isSafeInteger(count) || count < 1) throw new TypeError(`${part}: cannot step by ${count} frames`)
    const steps = this.#stepping.then(async () => {
      for (let left = count; left > 1; left--) await this.#stepOnce(clock)
      // What the camera was made to give.
      return (await this.#stepOnce(clock)) as Given
    })
    this.#stepping = steps.catch(() => {})
    return steps
  }

  /**
   * The run fails, as when the camera's program dies.
   * @returns when it has been stopped for that; a server then starts it again.
   * @throws Error when it does not run.
   */
  async crash(message = 'crashed, as the test wants it'): Promise<void> {
    await this.#fail(this.#running('crash'), 'ERR_SOURCE_FAILED', message)
  }

  /** From now on frames stay away, without an error: a camera that hangs. It does so in every run until `resume()`. */
  stall(): void {
    this.#isStalled = true
  }

  /** Ends what `stall()` began. */
  resume(): void {
    this.#isStalled = false
  }

  /**
   * The next frames are cut in half.
   * @throws TypeError unless it gives JPEG.
   */
  truncate(frames = 1): void {
    if (!this.#givesJpeg) throw new TypeError(`${part}: only a JPEG can be cut in half: use output: 'jpeg'`)
    this.#truncations = frames
  }

  /** The next starts are refused with `ERR_SOURCE_FAILED`. */
  refuseStarts(starts = 1): void {
    this.#refusals = starts
  }

  /**
   * As if its cable were pulled: the run fails with `ERR_CAMERA_FAILED`, and starts are refused with `ERR_CAMERA_NOT_FOUND` until `connect()`.
   * @returns when it has been stopped for that; at once when it does not run.
   */
  async disconnect(): Promise<void> {
    this.#isConnected = false
    if (this.isRunning)
      await this.#fail(this.#running('disconnect'), 'ERR_CAMERA_FAILED', 'the camera was disconnected')
  }

  /** Ends what `disconnect()` began. */
  connect(): void {
    this.#isConnected = true
  }

  /**
   * Pushes anything at all in place of a frame, as a broken plugin would.
   * @throws Error when it does not run.
   */
  emit(garbage: unknown): void {
    this.#running('emit').run.push(garbage as Frame)
  }

  #running(deed: string): ActiveRun {
    const active = this.#active
    if (active && this.isRunning) return active
    throw new Error(
      `${part}: cannot ${deed} while it does not run; await started() first, which somebody who watches brings about`
    )
  }

  #refuse(code: ErrorCode, message: string): never {
    this.#refused++
    throw new StreamerError(code, `${part}: ${message}`)
  }

  async #fail(active: ActiveRun, code: ErrorCode, message: string): Promise<void> {
    active.failed = true
    active.run.fail(new StreamerError(code, `${part}: ${message}`))
    await this.#waiting.until(() => this.#active !== active)
  }

  async #stepOnce(clock: HandClock): Promise<Frame> {
    for (;;) {
      await this.started()
      if (!this.isRunning) continue
      if (this.#isStalled) throw new Error(`${part}: cannot step while it is stalled; call resume() first`)
      const frame = await new Promise<Frame | undefined>((resolve) => {
        this.#onStep = resolve
        clock.tick()
      })
      this.#onStep = undefined
      if (frame) return frame
    }
  }

  /** Hands a frame on, with the faults that are due. */
  #give(active: ActiveRun, frame: Frame): void {
    if (this.#isStalled || active.failed) {
      if (frame.kind === 'raw') frame.release?.()
      this.#onStep?.(undefined)
      return
    }
    const given = this.#clock ? stampedNow(this.#truncated(frame)) : this.#truncated(frame)
    this.#frames++
    active.run.push(given)
    this.#onStep?.(given)
  }

  #truncated(frame: Frame): Frame {
    if (this.#truncations === 0 || frame.kind !== 'encoded') return frame
    this.#truncations--
    return { ...frame, data: frame.data.subarray(0, frame.data.length >> 1) }
  }
}

/** The clock of a manual camera stands still between frames, but the age of a frame counts from a real time. */
function stampedNow(frame: Frame): Frame {
  const timestampUs = monotonicUs()
  if (frame.kind === 'encoded') return { ...frame, timestampUs }
  const { kind, pixelFormat, planes, sequence, width, height } = frame
  return { kind, pixelFormat, planes, sequence, width, height, timestampUs, release: () => frame.release?.() }
}
