import { Border } from './border/border.js'
import { GuardedEncoder, placeholderSequence } from './border/encoder.js'
import { GuardedSource } from './border/source.js'
import { inject, injectable } from './di.js'
import { EncoderRunner } from './encoder-runner.js'
import { type FailureRecord, failureRecord } from './failure.js'
import { FillIn } from './fill-in.js'
import { FrameHub } from './hub.js'
import { MergedControls } from './merged-controls.js'
import {
  type Codec,
  type Controls,
  type EncodedFrame,
  type Encoder,
  type Frame,
  type Logger,
  monotonicUs,
  type Source,
  type StreamerError,
  type StreamState,
  type StreamStats,
  TroubleLog
} from './plugin/index.js'
import { SourceRunner } from './source-runner.js'
import { StreamView } from './stream-view.js'
import { Backoff, pause, type Supervision } from './supervision.js'
import { ENCODER, LOGGER, PIPELINE_OPTIONS, SOURCE, SUPERVISION } from './tokens.js'

/** Where a part comes from. */
export interface PartOrigin {
  /** As in the configuration: `fake`. */
  readonly use: string
  /** `file:` URLs of the plugin modules that it is made by: several for `auto`. */
  readonly modules: readonly string[]
}

/** What a pipeline is told besides its parts. */
export interface PipelineOptions {
  readonly name: string
  /** Seconds that the source goes on after the last viewer left, or `always`. */
  readonly linger: number | 'always'
  /** Seconds without a frame after which the source counts as failed; 0 = never. */
  readonly watchdog: number
  /** Where the source comes from, for messages and for `Streamer.failPart`. */
  readonly source?: PartOrigin
  readonly encoder?: PartOrigin
}

/**
 * One stream: its source, its encoder, its hub, and what keeps them going. The source runs while somebody subscribes, plus a linger; a source
 * that fails, ends or goes silent is started again while clients stay.
 */
@injectable()
export class Pipeline {
  readonly name: string
  readonly codec: Codec
  readonly controls: Controls | undefined
  readonly #guardedSource: GuardedSource
  readonly #guardedEncoder: GuardedEncoder
  readonly #source: SourceRunner
  readonly #encoder: EncoderRunner
  readonly #fillIn: FillIn
  readonly #hub: FrameHub
  readonly #options: PipelineOptions
  readonly #logger: Logger
  readonly #supervision: Supervision
  readonly #lingerMs: number
  readonly #trouble: TroubleLog

  #state: StreamState = 'idle'
  #latest: EncodedFrame | undefined
  /** The source's last frame needed no encoder, so that what can be set of that changes nothing. */
  #isEncodedBySource = false
  /** Somebody watches, or the linger runs. */
  #wanted = false
  #closed = false
  #lingerTimer: NodeJS.Timeout | undefined
  /** The loop that runs the source while it is wanted; undefined when idle. */
  #cycle: Promise<void> | undefined
  /** Ends the pause or the run of the cycle when the source is no longer wanted. */
  #unwanted = new AbortController()
  #failures = 0
  #lastFailure: FailureRecord | undefined
  /** Message of the failure that the log has, since the source was last healthy. */
  #saidFailure = ''
  /** How the last failure was said. */
  #saidLevel: 'warn' | 'debug' = 'warn'

  constructor(
    @inject(SOURCE) source: Source,
    @inject(ENCODER) encoder: Encoder,
    @inject(PIPELINE_OPTIONS) options: PipelineOptions,
    @inject(LOGGER) logger: Logger,
    @inject(SUPERVISION) supervision: Supervision
  ) {
    this.name = options.name
    this.#options = options
    this.#logger = logger
    this.#supervision = supervision
    this.#lingerMs = options.linger === 'always' ? Number.POSITIVE_INFINITY : options.linger * 1000
    this.#trouble = new TroubleLog(logger)
    const borderOf = (kind: string, name?: string) =>
      new Border(`the ${kind}${name === undefined ? '' : ` "${name}"`}`, this.#trouble, supervision.slowCallMs)
    this.#guardedSource = new GuardedSource(source, borderOf('source', options.source?.use))
    this.#guardedEncoder = new GuardedEncoder(encoder, borderOf('encoder', options.encoder?.use))
    this.codec = this.#guardedEncoder.output
    this.#hub = new FrameHub(
      (open) => this.#demand(open),
      undefined,
      (transport) => borderOf('transport', transport)
    )
    this.#source = this.#createSourceRunner()
    this.#encoder = this.#createEncoderRunner()
    this.#fillIn = this.#createFillIn()
    const ofSource = [this.#guardedSource.controls].filter((part) => part !== undefined)
    const ofBoth = [...ofSource, this.#guardedEncoder.controls].filter((part) => part !== undefined)
    this.controls =
      ofBoth.length > 0 ? new MergedControls(() => (this.#isEncodedBySource ? ofSource : ofBoth)) : undefined
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
    this.#source.prepare()
    // Somebody may have subscribed before.
    if (this.#lingerMs === Number.POSITIVE_INFINITY || this.#hub.size > 0) this.#want()
  }

  /** Stops source and encoder, within the stop time-out. Subscriptions get nothing more. */
  async stop(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#lingerTimer)
    this.#unwant()
    void this.#stopEncoder()
    await Promise.all([this.#source.endPreparing(), this.#cycle])
    this.#trouble.close()
  }

  /** This stream as one transport sees it; what it subscribes is counted under its name. */
  viewFor(transport: string): StreamView {
    return new StreamView(this, this.#hub, transport)
  }

  /** Closes what a transport left open. */
  closeSubscriptions(transport: string): void {
    this.#hub.closeAll(transport)
  }

  /** Lets one client go; false when it is none of this stream's. */
  disconnect(id: string): boolean {
    return this.#hub.disconnect(id)
  }

  /**
   * Takes the source or the encoder for failed, as if it had called `run.fail`, when it was made by the plugin `module` and is running.
   * @returns whether it is.
   */
  failMadeBy(kind: 'source' | 'encoder', module: string, error: unknown): boolean {
    if (!this.#options[kind]?.modules.includes(module)) return false
    if (kind === 'encoder') return this.#encoder.fail(error)
    if (!this.#source.isRunning) return false
    this.#source.fail(error)
    return true
  }

  stats(): StreamStats {
    const { captured, framerate, lost, refused, starts } = this.#source.counts()
    const { repeated, placeholders } = this.#fillIn.counts()
    return {
      name: this.name,
      state: this.#state,
      codec: this.codec,
      width: this.#latest?.width ?? 0,
      height: this.#latest?.height ?? 0,
      captured,
      framerate,
      lost,
      refused: refused + this.#encoder.refused,
      published: this.#hub.published,
      repeated,
      placeholders,
      starts,
      failures: this.#failures,
      ...(this.#lastFailure && { lastFailure: this.#lastFailure }),
      delays: this.#hub.delays(),
      source: this.#guardedSource.stats(),
      encoder: this.#guardedEncoder.stats(),
      clients: this.#hub.stats(),
      transports: this.#hub.totals()
    }
  }

  #createSourceRunner(): SourceRunner {
    const { watchdog } = this.#options
    const watchdogUs = watchdog > 0 ? watchdog * 1e6 : Number.POSITIVE_INFINITY
    const duties = {
      codec: this.codec,
      watchdogUs,
      onFrame: (frame: Frame, nowUs: number) => {
        if (frame.kind === 'encoded' && frame.codec === this.codec) {
          this.#isEncodedBySource = true
          this.#publish(frame, nowUs)
        } else {
          this.#isEncodedBySource = false
          this.#encode(frame)
        }
      },
      otherFailure: (nowUs: number) => {
        const failure = this.#encoder.stall(nowUs, watchdogUs)
        if (failure) void this.#stopEncoder()
        return failure
      }
    }
    return new SourceRunner(this.#guardedSource, duties, this.#logger, this.#supervision)
  }

  #createEncoderRunner(): EncoderRunner {
    const duties = {
      onFrame: (frame: EncodedFrame) => {
        if (frame.sequence === placeholderSequence) this.#fillIn.keep(frame)
        else this.#publish(frame, monotonicUs())
      },
      onFailure: (failure: StreamerError) => {
        this.#fillIn.noteEncoderFailure()
        if (this.#source.isRunning) this.#source.end(failure)
        else {
          const { code, message } = failureRecord(failure)
          this.#logger.warn(`cannot draw "no signal": ${message}`, { code })
        }
      },
      giveBack: (frame: Frame) => this.#source.giveBack(frame)
    }
    return new EncoderRunner(this.#guardedEncoder, duties, this.#logger, this.#supervision)
  }

  #createFillIn(): FillIn {
    const pipeline = this
    return new FillIn(
      {
        get state() {
          return pipeline.#state
        },
        get latest() {
          return pipeline.#latest
        },
        get failure() {
          return pipeline.#lastFailure?.message
        },
        get startingSinceUs() {
          return pipeline.#source.hasStarted ? undefined : pipeline.#source.runUs
        },
        get canEncode() {
          return pipeline.#encoder.isReady
        },
        encode: (picture) => this.#encode(picture),
        give: (frame, nowUs) => this.#hub.fillIn(frame, nowUs),
        onTrouble: (message) => this.#trouble.warn(message)
      },
      this.#supervision
    )
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
    this.#source.end()
  }

  async #runWhileWanted(): Promise<void> {
    const backoff = new Backoff(this.#supervision)
    const ticker = setInterval(() => {
      if (this.#hub.size > 0 && !this.#closed) this.#fillIn.tick(monotonicUs())
    }, this.#supervision.repeatMs / 2)
    this.#beginAnew()
    while (this.#wanted) {
      const failure = await this.#source.run()
      await this.#source.stop()
      if (failure === undefined) this.#beginAnew()
      if (failure === undefined || !this.#wanted) continue
      this.#failures++
      this.#lastFailure = failureRecord(failure)
      this.#state = 'recovering'
      const { ranMs } = this.#source
      const pauseMs = backoff.next(ranMs)
      if (ranMs >= this.#supervision.healthyMs) this.#saidFailure = ''
      this.#sayFailure(this.#lastFailure, pauseMs)
      await pause(pauseMs, this.#unwanted.signal)
    }
    clearInterval(ticker)
    await this.#stopEncoder()
    this.#source.resetRate()
    this.#state = 'idle'
    this.#cycle = undefined
    // Somebody may have come while the encoder was stopping.
    if (this.#wanted && !this.#closed) this.#cycle = this.#runWhileWanted()
  }

  /** What was seen before is of no interest to whoever watches from now on. */
  #beginAnew(): void {
    this.#state = 'starting'
    this.#fillIn.beginAnew()
  }

  /** The same failure again and again is said once; the counters and the state tell the rest. */
  #sayFailure({ code, message }: FailureRecord, pauseMs: number): void {
    this.#saidLevel = message === this.#saidFailure ? 'debug' : 'warn'
    this.#saidFailure = message
    this.#logger[this.#saidLevel](`${message}; starting it again in ${pauseMs / 1000} s`, { code })
  }

  #publish(frame: EncodedFrame, nowUs: number): void {
    // A frame that was still in the encoder when the source failed does not make the stream live.
    if (this.#state !== 'live' && this.#source.isRunning) {
      if (this.#state === 'recovering')
        this.#logger[this.#saidLevel === 'warn' ? 'info' : 'debug']('the source gives frames again')
      this.#state = 'live'
    }
    this.#latest = frame
    this.#fillIn.noteFrame(nowUs)
    this.#hub.publish(frame, nowUs)
  }

  #encode(frame: Frame): boolean {
    if (!this.#closed) return this.#encoder.encode(frame)
    this.#source.giveBack(frame)
    return true
  }

  #stopEncoder(): Promise<void> {
    this.#fillIn.noteEncoderStop()
    return this.#encoder.stop()
  }
}
