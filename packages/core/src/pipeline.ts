import { inject, injectable } from './di.js'
import { countersOf, type FailureRecord, failureRecord, partError } from './failure.js'
import { FrameHub } from './hub.js'
import { MergedControls } from './merged-controls.js'
import { drawNoSignal } from './no-signal.js'
import {
  type Codec,
  type Controls,
  type EncodedFrame,
  type Encoder,
  type Frame,
  type Logger,
  messageOf,
  monotonicUs,
  type RawFrame,
  type Source,
  type Stream,
  StreamerError,
  type StreamState,
  type StreamStats,
  TroubleLog
} from './plugin/index.js'
import { RateMeter } from './rate-meter.js'
import { StreamView } from './stream-view.js'
import { Backoff, pause, type Supervision, settledWithin } from './supervision.js'
import { ENCODER, LOGGER, PIPELINE_OPTIONS, SOURCE, SUPERVISION } from './tokens.js'

export interface PipelineOptions {
  readonly name: string
  /** Seconds that the source goes on after the last viewer left, or `always`. */
  readonly linger: number | 'always'
  /** Seconds without a frame after which the source counts as failed; 0 = never. */
  readonly watchdog: number
}

/** Marks the picture that the core drew on its way through the encoder. Sources count from 0. */
const placeholderSequence = -1
/** What is drawn while a source takes long to start for the first time. */
const startingReason = 'the camera is starting'
/** Of a stream that has shown nothing yet. */
const defaultSize = { width: 640, height: 480 }
/** A larger picture is drawn smaller, in its own shape: what a source says of its size is not to be trusted with memory. */
const maxPlaceholderPixels = 1920 * 1080

/**
 * One stream: its source, its encoder, its hub, and what keeps them going. The source runs while somebody subscribes, plus a linger; a source
 * that fails, ends or goes silent is started again while clients stay.
 */
@injectable()
export class Pipeline {
  readonly name: string
  readonly codec: Codec
  readonly controls: Controls | undefined
  readonly #source: Source
  readonly #encoder: Encoder
  readonly #logger: Logger
  readonly #supervision: Supervision
  readonly #lingerMs: number
  readonly #watchdogUs: number
  readonly #hub: FrameHub
  readonly #meter = new RateMeter()
  readonly #trouble: TroubleLog

  #state: StreamState = 'idle'
  #latest: EncodedFrame | undefined
  /** Somebody watches, or the linger runs. */
  #wanted = false
  #closed = false
  #lingerTimer: NodeJS.Timeout | undefined
  /** The loop that runs the source while it is wanted; undefined when idle. */
  #cycle: Promise<void> | undefined
  /** Ends the pause or the run of the cycle when the source is no longer wanted. */
  #unwanted = new AbortController()
  /** Ends the current run of the source; with an error when it failed. */
  #endRun: ((failure?: StreamerError) => void) | undefined

  /** When the source was last told to start. */
  #runUs = 0
  /** When it had started, or gave its first frame; 0 while it is starting. */
  #startedUs = 0
  #startTimer: NodeJS.Timeout | undefined
  #preparing = new AbortController()
  #prepared: Promise<void> = Promise.resolve()

  #encoderAbort: AbortController | undefined
  #encoderReady = false
  #encoderStopping: Promise<void> = Promise.resolve()

  #captured = 0
  #lost = 0
  #nextSequence = 0
  #starts = 0
  #failures = 0
  #repeated = 0
  #placeholders = 0
  #lastFailure: FailureRecord | undefined
  /** Message of the failure that the log has, since the source was last healthy. */
  #saidFailure = ''
  /** How the last failure was said. */
  #saidLevel: 'warn' | 'debug' = 'warn'
  /** When the last frame of the source came, or it had started. */
  #aliveUs = 0
  /** When clients were last given anything. */
  #publishedUs = 0
  /** When clients last got a frame of the source's, in this cycle; 0 before the first. */
  #frameUs = 0
  #placeholder: EncodedFrame | undefined
  #placeholderReason = ''
  /** A picture of ours is on its way through the encoder. */
  #isDrawing = false
  /** The encoder does not even take our picture; until the next frame of the source the last one must do. */
  #cannotDraw = false
  /** When the encoder was first given a frame of which nothing has come yet; 0 when it owes none. */
  #unencodedUs = 0
  readonly #onTrouble = (message: string): void => this.#trouble.warn(message)

  constructor(
    @inject(SOURCE) source: Source,
    @inject(ENCODER) encoder: Encoder,
    @inject(PIPELINE_OPTIONS) options: PipelineOptions,
    @inject(LOGGER) logger: Logger,
    @inject(SUPERVISION) supervision: Supervision
  ) {
    this.name = options.name
    this.codec = encoder.output
    this.#source = source
    this.#encoder = encoder
    this.#logger = logger
    this.#supervision = supervision
    this.#lingerMs = options.linger === 'always' ? Number.POSITIVE_INFINITY : options.linger * 1000
    this.#watchdogUs = options.watchdog > 0 ? options.watchdog * 1e6 : Number.POSITIVE_INFINITY
    this.#trouble = new TroubleLog(logger)
    this.#hub = new FrameHub(
      (open) => this.#demand(open),
      (error, label) =>
        this.#logger.error(`a transport threw while it took a frame for ${label}; that client is dropped`, { error })
    )
    const parts = [source.controls, encoder.controls].filter((part) => part !== undefined)
    this.controls = parts.length > 0 ? new MergedControls(parts) : undefined
  }

  get state(): StreamState {
    return this.#state
  }

  get latest(): EncodedFrame | undefined {
    return this.#latest
  }

  /** Starts the source now when it is always on; otherwise the first subscription does. */
  start(): void {
    this.#closed = false
    this.#prepare()
    // Somebody may have subscribed before.
    if (this.#lingerMs === Number.POSITIVE_INFINITY || this.#hub.size > 0) this.#want()
  }

  /** Stops source and encoder, within the stop time-out. Subscriptions get nothing more. */
  async stop(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#lingerTimer)
    this.#unwant()
    this.#stopEncoder()
    this.#preparing.abort()
    await Promise.all([
      this.#cycle,
      settledWithin(
        () => this.#prepared,
        this.#supervision.stopTimeoutMs,
        () => {}
      )
    ])
    this.#trouble.close()
  }

  /** This stream as one transport sees it; what it subscribes is counted under its name. */
  viewFor(transport: string): Stream {
    return new StreamView(this, this.#hub, transport)
  }

  /** Closes what a transport left open. */
  closeSubscriptions(transport: string): void {
    this.#hub.closeAll(transport)
  }

  stats(): StreamStats {
    return {
      name: this.name,
      state: this.#state,
      codec: this.codec,
      width: this.#latest?.width ?? 0,
      height: this.#latest?.height ?? 0,
      captured: this.#captured,
      framerate: this.#meter.rate(monotonicUs()),
      lost: this.#lost,
      published: this.#hub.published,
      repeated: this.#repeated,
      placeholders: this.#placeholders,
      starts: this.#starts,
      failures: this.#failures,
      ...(this.#lastFailure && { lastFailure: this.#lastFailure }),
      source: countersOf(this.#source, this.#onTrouble),
      encoder: countersOf(this.#encoder, this.#onTrouble),
      clients: this.#hub.stats(),
      transports: this.#hub.totals()
    }
  }

  /** Lets the source look around before anybody watches; nobody waits for it. */
  #prepare(): void {
    const source = this.#source
    if (!source.prepare) return
    const abort = new AbortController()
    this.#preparing = abort
    this.#prepared = (async () => source.prepare?.(abort.signal))().catch((error: unknown) => {
      if (!abort.signal.aborted) this.#logger.debug('the source threw while it looked around', { error })
    })
  }

  #demand(open: number): void {
    if (this.#closed) return
    clearTimeout(this.#lingerTimer)
    if (open > 0) this.#want()
    else if (this.#lingerMs === 0) this.#unwant()
    else if (this.#lingerMs !== Number.POSITIVE_INFINITY)
      this.#lingerTimer = setTimeout(() => this.#unwant(), this.#lingerMs)
  }

  #want(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#unwanted = new AbortController()
    this.#cycle ??= this.#runWhileWanted()
  }

  #unwant(): void {
    this.#wanted = false
    this.#unwanted.abort()
    this.#endRun?.()
  }

  async #runWhileWanted(): Promise<void> {
    const backoff = new Backoff(this.#supervision)
    const ticker = setInterval(() => this.#tick(), this.#supervision.repeatMs / 2)
    this.#beginAnew()
    while (this.#wanted) {
      const failure = await this.#runSource()
      await this.#stopSource()
      if (failure === undefined) this.#beginAnew()
      if (failure === undefined || !this.#wanted) continue
      this.#failures++
      this.#lastFailure = failureRecord(failure)
      this.#state = 'recovering'
      // A start that takes long and fails is no time of health.
      const ranMs = this.#startedUs === 0 ? 0 : (monotonicUs() - this.#startedUs) / 1000
      const pauseMs = backoff.next(ranMs)
      if (ranMs >= this.#supervision.healthyMs) this.#saidFailure = ''
      this.#sayFailure(this.#lastFailure, pauseMs)
      await pause(pauseMs, this.#unwanted.signal)
    }
    clearInterval(ticker)
    this.#stopEncoder()
    await this.#encoderStopping
    this.#meter.reset()
    this.#state = 'idle'
    this.#cycle = undefined
    // Somebody may have come while the encoder was stopping.
    if (this.#wanted && !this.#closed) this.#cycle = this.#runWhileWanted()
  }

  /** What was seen before is of no interest to whoever watches from now on. */
  #beginAnew(): void {
    this.#state = 'starting'
    this.#frameUs = 0
    this.#cannotDraw = false
  }

  /** The same failure again and again is said once; the counters and the state tell the rest. */
  #sayFailure({ code, message }: FailureRecord, pauseMs: number): void {
    this.#saidLevel = message === this.#saidFailure ? 'debug' : 'warn'
    this.#saidFailure = message
    this.#logger[this.#saidLevel](`${message}; starting it again in ${pauseMs / 1000} s`, { code })
  }

  /** One run of the source; resolves with its failure, or with nothing when it is no longer wanted. */
  async #runSource(): Promise<StreamerError | undefined> {
    const abort = new AbortController()
    let watchdog: NodeJS.Timeout | undefined
    const ended = new Promise<StreamerError | undefined>((resolve) => {
      this.#endRun = resolve
    })
    const fail = (error: unknown) => {
      if (!abort.signal.aborted) this.#endRun?.(partError(error, 'ERR_SOURCE_FAILED', 'source'))
    }
    this.#starts++
    this.#nextSequence = 0
    this.#runUs = monotonicUs()
    this.#startedUs = 0
    this.#startTimer = setTimeout(() => this.#startedTooLate(), this.#supervision.startTimeoutMs)
    if (this.#watchdogUs !== Number.POSITIVE_INFINITY) {
      watchdog = setInterval(() => this.#watch(), Math.max(10, this.#watchdogUs / 5000))
    }
    const push = (frame: Frame) => {
      if (abort.signal.aborted) this.#giveBack(frame)
      else this.#take(frame)
    }
    const run = { signal: abort.signal, codec: this.codec, fail, push }
    const starting = (async () => this.#source.start(run))()
    starting.then(() => {
      if (!abort.signal.aborted) this.#hasStarted(monotonicUs())
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

  async #stopSource(): Promise<void> {
    const { stopTimeoutMs } = this.#supervision
    const stopped = await settledWithin(
      () => this.#source.stop(),
      stopTimeoutMs,
      (error) => this.#logger.error('the source threw while it was stopped', { error })
    )
    if (!stopped)
      this.#logger.error(`the source did not stop within ${stopTimeoutMs} ms; going on without waiting for it`)
  }

  /** From now on the watchdog counts. */
  #hasStarted(nowUs: number): void {
    if (this.#startedUs !== 0) return
    clearTimeout(this.#startTimer)
    this.#startedUs = nowUs
    this.#aliveUs = nowUs
  }

  #startedTooLate(): void {
    const seconds = this.#supervision.startTimeoutMs / 1000
    this.#endRun?.(new StreamerError('ERR_SOURCE_STALLED', `the source did not start within ${seconds} s`))
  }

  #watch(): void {
    const nowUs = monotonicUs()
    const seconds = this.#watchdogUs / 1e6
    if (this.#startedUs !== 0 && nowUs - this.#aliveUs > this.#watchdogUs) {
      this.#endRun?.(new StreamerError('ERR_SOURCE_STALLED', `no frame from the source for ${seconds} s (watchdog)`))
    } else if (this.#unencodedUs !== 0 && nowUs - this.#unencodedUs > this.#watchdogUs) {
      this.#stopEncoder()
      const message = `no frame from the encoder for ${seconds} s, although it was given some`
      this.#endRun?.(new StreamerError('ERR_ENCODER_FAILED', message))
    }
  }

  /** A frame of the source. Called by plugins, so nothing may escape. */
  #take(frame: Frame): void {
    const nowUs = monotonicUs()
    this.#captured++
    if (this.#startedUs === 0) this.#hasStarted(nowUs)
    this.#aliveUs = nowUs
    this.#meter.mark(nowUs)
    if (frame.sequence > this.#nextSequence) this.#lost += frame.sequence - this.#nextSequence
    this.#nextSequence = frame.sequence + 1
    try {
      if (frame.kind === 'encoded' && frame.codec === this.codec) this.#publish(frame, nowUs)
      else this.#encode(frame)
    } catch (error) {
      this.#trouble.warn(`a frame could not be handed on: ${messageOf(error)}`)
    }
  }

  #publish(frame: EncodedFrame, nowUs: number): void {
    // A frame that was still in the encoder when the source failed does not make the stream live.
    if (this.#state !== 'live' && this.#endRun !== undefined) {
      if (this.#state === 'recovering')
        this.#logger[this.#saidLevel === 'warn' ? 'info' : 'debug']('the source gives frames again')
      this.#state = 'live'
    }
    this.#latest = frame
    this.#frameUs = nowUs
    this.#publishedUs = nowUs
    this.#cannotDraw = false
    this.#hub.publish(frame, nowUs)
  }

  #encode(frame: Frame): void {
    if (this.#encoderAbort === undefined && !this.#closed) this.#startEncoder()
    if (this.#unencodedUs === 0 && frame.sequence !== placeholderSequence) this.#unencodedUs = monotonicUs()
    if (this.#encoderReady) this.#encoder.push(frame)
    else this.#giveBack(frame)
  }

  /** Lets the source have the memory of a frame that is not used. */
  #giveBack(frame: Frame): void {
    try {
      if (frame.kind === 'raw') frame.release?.()
    } catch (error) {
      this.#trouble.warn(`the source threw when a frame was given back: ${messageOf(error)}`)
    }
  }

  #startEncoder(): void {
    const abort = new AbortController()
    this.#encoderAbort = abort
    const fail = (error: unknown) => {
      if (abort.signal.aborted) return
      // It may go on with other frames than the camera's; when it fails on ours there is nothing to draw with.
      if (this.#isDrawing) this.#cannotDraw = true
      this.#stopEncoder()
      const failure = partError(error, 'ERR_ENCODER_FAILED', 'encoder')
      if (this.#endRun) this.#endRun(failure)
      else this.#logger.warn(`cannot draw "no signal": ${failure.message}`, { code: failure.code })
    }
    const push = (frame: EncodedFrame) => {
      if (abort.signal.aborted) return
      if (frame.sequence === placeholderSequence) this.#keepPlaceholder(frame)
      else {
        this.#unencodedUs = 0
        this.#publish(frame, monotonicUs())
      }
    }
    const starting = (async () => {
      await this.#encoderStopping
      if (abort.signal.aborted) return
      await this.#encoder.start({ signal: abort.signal, fail, push })
      if (!abort.signal.aborted) this.#encoderReady = true
    })()
    starting.catch(fail)
  }

  #stopEncoder(): void {
    if (this.#encoderAbort === undefined) return
    this.#encoderAbort.abort()
    this.#encoderAbort = undefined
    this.#encoderReady = false
    this.#unencodedUs = 0
    this.#isDrawing = false
    const { stopTimeoutMs } = this.#supervision
    this.#encoderStopping = settledWithin(
      () => this.#encoder.stop(),
      stopTimeoutMs,
      (error) => this.#logger.error('the encoder threw while it was stopped', { error })
    ).then((stopped) => {
      if (!stopped)
        this.#logger.error(`the encoder did not stop within ${stopTimeoutMs} ms; going on without waiting for it`)
    })
  }

  #tick(): void {
    if (this.#hub.size === 0 || this.#closed) return
    try {
      this.#fillSilence(monotonicUs())
    } catch (error) {
      this.#cannotDraw = true
      this.#onTrouble(`cannot draw "no signal": ${messageOf(error)}`)
    }
  }

  /** Gives clients something while the source is silent: the last frame again, and once it has failed for good "no signal". */
  #fillSilence(nowUs: number): void {
    const { repeatMs, noSignalAfterMs } = this.#supervision
    // The ticker runs at twice the rate, so that the pause is never much longer than repeatMs.
    if (nowUs - this.#publishedUs < repeatMs * 900) return
    const isFresh = this.#frameUs !== 0 && nowUs - this.#frameUs < noSignalAfterMs * 1000
    const isDrawn = this.#hasNoSignal(nowUs) && !isFresh && !this.#cannotDraw && this.#givePlaceholder(nowUs)
    if (isDrawn || this.#frameUs === 0 || !this.#latest?.keyframe) return
    this.#repeated++
    this.#publishedUs = nowUs
    this.#hub.publish(this.#latest, nowUs)
  }

  /** The source has failed, or has not even started after some time. */
  #hasNoSignal(nowUs: number): boolean {
    if (this.#state !== 'starting') return this.#state === 'recovering'
    return this.#startedUs === 0 && nowUs - this.#runUs >= this.#supervision.noSignalAfterMs * 1000
  }

  /** Gives "no signal"; false when it has to be drawn first, which takes until the encoder has it. */
  #givePlaceholder(nowUs: number): boolean {
    const failure = this.#state === 'starting' ? startingReason : this.#lastFailure?.message
    const reason = failure ?? 'the source gives no frames'
    if (this.#placeholder && reason === this.#placeholderReason) {
      this.#publishPlaceholder(this.#placeholder, nowUs)
      return true
    }
    this.#placeholder = undefined
    this.#drawPlaceholder(reason, nowUs)
    return false
  }

  #drawPlaceholder(reason: string, nowUs: number): void {
    this.#placeholderReason = reason
    const { width, height } = placeholderSize(this.#latest)
    const picture: RawFrame = {
      ...drawNoSignal(width, height, reason),
      sequence: placeholderSequence,
      timestampUs: nowUs
    }
    this.#isDrawing = true
    this.#encode(picture)
    // Until the encoder has started, each tick tries again.
    if (!this.#encoderReady) this.#placeholderReason = ''
  }

  #keepPlaceholder(frame: EncodedFrame): void {
    this.#isDrawing = false
    this.#placeholder = { ...frame, sequence: 0, placeholder: true }
    const nowUs = monotonicUs()
    if (this.#hasNoSignal(nowUs)) this.#publishPlaceholder(this.#placeholder, nowUs)
  }

  #publishPlaceholder(placeholder: EncodedFrame, nowUs: number): void {
    this.#placeholders++
    this.#publishedUs = nowUs
    this.#hub.publish({ ...placeholder, timestampUs: nowUs }, nowUs)
  }
}

/** The size of the picture that stands in for `frame`. */
function placeholderSize(frame: EncodedFrame | undefined): { width: number; height: number } {
  if (!frame || !(frame.width >= 1) || !(frame.height >= 1)) return defaultSize
  const scale = Math.min(1, Math.sqrt(maxPlaceholderPixels / (frame.width * frame.height)))
  return {
    width: Math.max(16, Math.floor(frame.width * scale)),
    height: Math.max(16, Math.floor(frame.height * scale))
  }
}
