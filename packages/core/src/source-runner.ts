import type { GuardedSource, GuardedSourceRun } from './border/source.js'
import { loggable } from './failure.js'
import { type Codec, type Frame, type Logger, monotonicUs, StreamerError, toStreamerError } from './plugin/index.js'
import { RateMeter } from './rate-meter.js'
import { type Supervision, settledWithin, stopInTime } from './supervision.js'

/** What a runner is told besides its source. */
export interface SourceDuties {
  /** What the stream carries. */
  readonly codec: Codec
  /** Microseconds without a frame after which a source that has started counts as failed; infinite = never. */
  readonly watchdogUs: number
  /** Takes a frame of the source; may throw. */
  onFrame(frame: Frame, nowUs: number): void
  /** Asked as often as the source is watched: why the run must end although the source does its work. */
  otherFailure(nowUs: number): StreamerError | undefined
}

/** Starts and stops one source, counts its frames and notices when they stay away. */
export class SourceRunner {
  readonly #source: GuardedSource
  readonly #duties: SourceDuties
  readonly #logger: Logger
  readonly #supervision: Supervision
  readonly #meter = new RateMeter()
  /** Ends the current run; with an error when it failed. */
  #endRun: ((failure?: StreamerError) => void) | undefined
  /** When the source was last told to start. */
  #runUs = 0
  /** When it had started, or gave its first frame; 0 while it is starting. */
  #startedUs = 0
  #startTimer: NodeJS.Timeout | undefined
  /** When the last frame came, or it had started. */
  #aliveUs = 0
  /** What was wrong with the last thing that it gave since then. */
  #refusal = ''
  #preparing = new AbortController()
  #prepared: Promise<void> = Promise.resolve()
  #nextSequence = 0
  #starts = 0
  #captured = 0
  #lost = 0
  #refused = 0

  constructor(source: GuardedSource, duties: SourceDuties, logger: Logger, supervision: Supervision) {
    this.#source = source
    this.#duties = duties
    this.#logger = logger
    this.#supervision = supervision
  }

  /** A run is under way. */
  get isRunning(): boolean {
    return this.#endRun !== undefined
  }

  /** The source has started, or given a frame, in the current or last run. */
  get hasStarted(): boolean {
    return this.#startedUs !== 0
  }

  /** When the source was last told to start, in monotonic microseconds. */
  get runUs(): number {
    return this.#runUs
  }

  /** Milliseconds since it had started; 0 when it has not, for a start that takes long and fails is no time of health. */
  get ranMs(): number {
    return this.#startedUs === 0 ? 0 : (monotonicUs() - this.#startedUs) / 1000
  }

  /** As in `StreamStats`. */
  counts(): { captured: number; framerate: number; lost: number; refused: number; starts: number } {
    return {
      captured: this.#captured,
      framerate: this.#meter.rate(monotonicUs()),
      lost: this.#lost,
      refused: this.#refused,
      starts: this.#starts
    }
  }

  resetRate(): void {
    this.#meter.reset()
  }

  /** Lets the source look around before anybody watches; nobody waits for it. */
  prepare(): void {
    const abort = new AbortController()
    this.#preparing = abort
    this.#prepared = this.#source.prepare(abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted)
        this.#logger.debug('the source threw while it looked around', { error: loggable(error) })
    })
  }

  /** Resolves when it does not look around any more, or will not be waited for. */
  async endPreparing(): Promise<void> {
    this.#preparing.abort()
    const { stopTimeoutMs } = this.#supervision
    await settledWithin(
      () => this.#prepared,
      stopTimeoutMs,
      () => {}
    )
  }

  /** One run of the source; resolves with its failure, or with nothing when it was ended. */
  async run(): Promise<StreamerError | undefined> {
    const abort = new AbortController()
    let watchdog: NodeJS.Timeout | undefined
    const ended = new Promise<StreamerError | undefined>((resolve) => {
      this.#endRun = resolve
    })
    const fail = (error: unknown) => {
      if (!abort.signal.aborted) this.fail(error)
    }
    this.#starts++
    this.#nextSequence = 0
    this.#runUs = monotonicUs()
    this.#startedUs = 0
    this.#refusal = ''
    this.#startTimer = setTimeout(() => this.#startedTooLate(), this.#supervision.startTimeoutMs)
    const { codec, watchdogUs } = this.#duties
    if (watchdogUs !== Number.POSITIVE_INFINITY)
      watchdog = setInterval(() => this.#watch(), Math.max(10, watchdogUs / 5000))
    const run: GuardedSourceRun = {
      signal: abort.signal,
      codec,
      fail,
      push: (frame) => {
        if (abort.signal.aborted) this.#source.giveBack(frame)
        else this.#take(frame)
      },
      refused: (why, count = 1) => {
        this.#refused += count
        this.#refusal = why
      }
    }
    this.#source.start(run).then(() => {
      if (!abort.signal.aborted) this.#noteStart(monotonicUs())
    }, fail)
    try {
      return await ended
    } finally {
      clearInterval(watchdog)
      clearTimeout(this.#startTimer)
      this.#endRun = undefined
      abort.abort()
    }
  }

  /** Ends the current run, if there is one. */
  end(failure?: StreamerError): void {
    this.#endRun?.(failure)
  }

  /** Ends the current run with whatever the source, or somebody in its place, says that went wrong. */
  fail(error: unknown): void {
    this.end(toStreamerError(error, 'ERR_SOURCE_FAILED', 'source'))
  }

  /** Stops the source, within the stop time-out. */
  stop(): Promise<void> {
    return stopInTime(this.#source, 'the source ', this.#supervision, this.#logger)
  }

  /** Lets the source have the memory of a frame that is not used. */
  giveBack(frame: Frame): void {
    this.#source.giveBack(frame)
  }

  /** From now on the watchdog counts. */
  #noteStart(nowUs: number): void {
    if (this.#startedUs !== 0) return
    clearTimeout(this.#startTimer)
    this.#startedUs = nowUs
    this.#aliveUs = nowUs
  }

  #startedTooLate(): void {
    const seconds = this.#supervision.startTimeoutMs / 1000
    this.end(new StreamerError('ERR_SOURCE_STALLED', `the source did not start within ${seconds} s`))
  }

  #watch(): void {
    const nowUs = monotonicUs()
    if (this.#startedUs !== 0 && nowUs - this.#aliveUs > this.#duties.watchdogUs) this.end(this.#stalled())
    else {
      const failure = this.#duties.otherFailure(nowUs)
      if (failure) this.end(failure)
    }
  }

  #stalled(): StreamerError {
    const seconds = this.#duties.watchdogUs / 1e6
    if (this.#refusal === '')
      return new StreamerError('ERR_SOURCE_STALLED', `no frame from the source for ${seconds} s (watchdog)`)
    const message = `${this.#source.border.who} gave nothing that is a frame for ${seconds} s (watchdog): ${this.#refusal}`
    return new StreamerError('ERR_SOURCE_OUTPUT', message)
  }

  /** A frame of the source. Called by plugins, so nothing may escape. */
  #take(frame: Frame): void {
    const nowUs = monotonicUs()
    this.#captured++
    if (this.#startedUs === 0) this.#noteStart(nowUs)
    this.#aliveUs = nowUs
    this.#refusal = ''
    this.#meter.mark(nowUs)
    const { sequence } = frame
    if (sequence > this.#nextSequence) this.#lost += sequence - this.#nextSequence
    this.#nextSequence = sequence + 1
    try {
      this.#duties.onFrame(frame, nowUs)
    } catch (error) {
      this.#source.border.tell(`gave a frame that could not be handed on: ${loggable(error).message}`)
    }
  }
}
