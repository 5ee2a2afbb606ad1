import { Border } from './border/border.js'
import { GuardedTransport } from './border/transport.js'
import { type FailureRecord, failureRecord } from './failure.js'
import type { Pipeline } from './pipeline.js'
import {
  type Logger,
  type Stream,
  StreamerError,
  type Transport,
  type TransportState,
  type TransportStatus,
  TroubleLog,
  toStreamerError
} from './plugin/index.js'
import type { StreamView } from './stream-view.js'
import { Backoff, pause, type Supervision, stopInTime } from './supervision.js'

/** A transport with its place in the program. */
export interface TransportPart {
  /** Unique in the process: `http`, or `http-2` for a second one. */
  readonly name: string
  readonly use: string
  /** Whether the program goes on without it when it cannot start, as long as another one is up. */
  readonly optional: boolean
  readonly transport: Transport
  /** `file:` URL of the plugin's module, for `Streamer.failPart`. */
  readonly module?: string
}

/** Starts one transport, starts it again when it fails, and closes what it leaves behind. */
export class TransportRunner {
  readonly name: string
  readonly #part: TransportPart
  readonly #transport: GuardedTransport
  readonly #pipelines: readonly Pipeline[]
  readonly #logger: Logger
  readonly #supervision: Supervision
  readonly #backoff: Backoff
  readonly #trouble: TroubleLog
  #state: TransportState = 'stopped'
  #urls: readonly string[] = []
  #lastFailure: FailureRecord | undefined
  #hasListened = false
  /** Message of the failure that the log has, since it was last up. */
  #saidFailure = ''
  /** From `start` to `stop` of this runner. */
  #life = new AbortController()
  #run: AbortController | undefined
  /** Ends the current run with a failure. */
  #fail: ((error: unknown) => void) | undefined
  #views: StreamView[] = []
  #restarting: Promise<void> | undefined

  constructor(part: TransportPart, pipelines: readonly Pipeline[], logger: Logger, supervision: Supervision) {
    this.name = part.name
    this.#part = part
    this.#pipelines = pipelines
    this.#logger = logger
    this.#supervision = supervision
    this.#backoff = new Backoff(supervision)
    this.#trouble = new TroubleLog(logger)
    const border = new Border(`the transport "${part.name}"`, this.#trouble, supervision.slowCallMs)
    this.#transport = new GuardedTransport(part.transport, border)
  }

  /** Whether the program goes on without it. Not after a mistake in its configuration, which no waiting mends. */
  get optional(): boolean {
    return this.#part.optional && this.#lastFailure?.code !== 'ERR_CONFIG_INVALID'
  }

  status(): TransportStatus {
    return {
      name: this.name,
      use: this.#part.use,
      state: this.#state,
      urls: this.#urls,
      counters: this.#transport.stats(),
      ...(this.#lastFailure && { lastFailure: this.#lastFailure })
    }
  }

  /**
   * The first start.
   * @throws StreamerError when it cannot start; `retry` then goes on trying.
   */
  async start(): Promise<void> {
    this.#life = new AbortController()
    await this.#startOnce()
  }

  /** Goes on trying after a failure, with growing pauses, until it is up or stopped. */
  retry(ranMs = 0): void {
    this.#restarting ??= this.#restart(ranMs).finally(() => {
      this.#restarting = undefined
      // It may have failed again while this was ending.
      if (this.#state === 'failed' && !this.#life.signal.aborted) this.retry()
    })
  }

  /**
   * Takes the transport for failed, as if it had called `run.fail`, when it was made by the plugin `module` and is running.
   * @returns whether it does.
   */
  failMadeBy(module: string, error: unknown): boolean {
    if (this.#part.module !== module || !this.#fail || this.#state === 'failed') return false
    this.#fail(error)
    return true
  }

  async stop(): Promise<void> {
    this.#life.abort()
    await this.#stopOnce()
    await this.#restarting
    this.#trouble.close()
    this.#state = 'stopped'
  }

  async #restart(ranMs: number): Promise<void> {
    const { signal } = this.#life
    await this.#stopOnce()
    while (!signal.aborted) {
      const pauseMs = this.#backoff.next(ranMs)
      ranMs = 0
      this.#sayFailure(this.#lastFailure?.message ?? this.name, pauseMs)
      await pause(pauseMs, signal)
      if (signal.aborted) return
      try {
        const { again } = await this.#startOnce()
        this.#saidFailure = ''
        this.#logger.info(`${again ? 'listening again' : 'listening'}: ${this.#urls.join(' ')}`)
        return
      } catch {
        await this.#stopOnce()
      }
    }
  }

  /** The same failure again and again is said once; the state tells the rest. */
  #sayFailure(message: string, pauseMs: number): void {
    const level = message === this.#saidFailure ? 'debug' : 'warn'
    this.#saidFailure = message
    this.#logger[level](`${message}; starting it again in ${pauseMs / 1000} s`)
  }

  /** `again` says that it has listened before. */
  async #startOnce(): Promise<{ again: boolean }> {
    const run = new AbortController()
    this.#run = run
    this.#state = 'starting'
    const startedMs = performance.now()
    let up = false
    let failed = false
    let stopWaiting: (error: unknown) => void = () => {}
    const endedEarly = new Promise<never>((_, reject) => {
      stopWaiting = reject
    })
    const fail = (error: unknown) => {
      if (failed || run.signal.aborted || this.#run !== run) return
      failed = true
      this.#failed(this.#named(error))
      // A failure while it starts is the starter's to handle.
      if (up) this.retry(performance.now() - startedMs)
      else stopWaiting(error)
    }
    this.#fail = fail
    run.signal.addEventListener('abort', () => stopWaiting(new Error('stopped while it was starting')))
    const { transportStartTimeoutMs } = this.#supervision
    const timer = setTimeout(() => {
      fail(new StreamerError('ERR_TRANSPORT_FAILED', `did not start within ${transportStartTimeoutMs / 1000} s`))
    }, transportStartTimeoutMs)
    try {
      const starting = (async () => this.#transport.start({ signal: run.signal, fail }, this.#streams()))()
      const urls = await Promise.race([starting, endedEarly])
      // It may have failed, or been stopped, in the very moment that it was up.
      if (failed || run.signal.aborted) await endedEarly
      this.#urls = urls
      up = true
      this.#state = 'up'
      this.#lastFailure = undefined
      const again = this.#hasListened
      this.#hasListened = true
      return { again }
    } catch (error) {
      const failure = this.#named(error)
      this.#failed(failure)
      throw failure
    } finally {
      clearTimeout(timer)
    }
  }

  async #stopOnce(): Promise<void> {
    this.#run?.abort()
    this.#run = undefined
    this.#fail = undefined
    await stopInTime(this.#transport, '', this.#supervision, this.#logger)
    for (const view of this.#views) view.end()
    this.#views = []
    for (const pipeline of this.#pipelines) pipeline.closeSubscriptions(this.name)
    this.#urls = []
  }

  /** A plugin knows its kind, and several of one kind are told apart only by the names that the configuration gives them. */
  #named(error: unknown): StreamerError {
    const prefix = `transport ${this.name}`
    const failure = toStreamerError(error, 'ERR_TRANSPORT_FAILED', prefix)
    if (failure.message.startsWith(`${prefix}: `)) return failure
    const text = failure.message.replace(/^transport-[\w-]+: /, '')
    return new StreamerError(failure.code, `${prefix}: ${text}`, { cause: failure })
  }

  #failed(failure: StreamerError): void {
    this.#state = 'failed'
    this.#lastFailure = failureRecord(failure)
  }

  /** The streams that it can carry, in the order of the configuration. */
  #streams(): ReadonlyMap<string, Stream> {
    const { accepts } = this.#transport
    const streams = new Map<string, Stream>()
    for (const pipeline of this.#pipelines) {
      if (accepts.includes(pipeline.codec)) {
        const view = pipeline.viewFor(this.name)
        this.#views.push(view)
        streams.set(pipeline.name, view)
      } else this.#logger.warn(`does not carry ${pipeline.codec}: the stream "${pipeline.name}" is not served by it`)
    }
    return streams
  }
}
