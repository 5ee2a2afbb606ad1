import { type FailureRecord, failureRecord, partError } from './failure.js'
import type { Pipeline } from './pipeline.js'
import type { Logger, Stream, StreamerError, Transport, TransportState, TransportStatus } from './plugin/index.js'
import { Backoff, pause, type Supervision, settledWithin } from './supervision.js'

/** A transport with its place in the program. */
export interface TransportPart {
  /** Unique in the process: `http`, or `http-2` for a second one. */
  readonly name: string
  readonly use: string
  /** Whether the program goes on without it when it cannot start, as long as another one is up. */
  readonly optional: boolean
  readonly transport: Transport
}

/** Starts one transport, starts it again when it fails, and closes what it leaves behind. */
export class TransportRunner {
  readonly name: string
  readonly optional: boolean
  readonly #part: TransportPart
  readonly #pipelines: readonly Pipeline[]
  readonly #logger: Logger
  readonly #supervision: Supervision
  readonly #backoff: Backoff
  #state: TransportState = 'stopped'
  #urls: readonly string[] = []
  #lastFailure: FailureRecord | undefined
  /** Message of the failure that the log has, since it was last up. */
  #saidFailure = ''
  /** From `start` to `stop` of this runner. */
  #life = new AbortController()
  #run: AbortController | undefined
  #restarting: Promise<void> | undefined

  constructor(part: TransportPart, pipelines: readonly Pipeline[], logger: Logger, supervision: Supervision) {
    this.name = part.name
    this.optional = part.optional
    this.#part = part
    this.#pipelines = pipelines
    this.#logger = logger
    this.#supervision = supervision
    this.#backoff = new Backoff(supervision)
  }

  status(): TransportStatus {
    return {
      name: this.name,
      use: this.#part.use,
      state: this.#state,
      urls: this.#urls,
      counters: this.#part.transport.stats?.() ?? {},
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
    })
  }

  async stop(): Promise<void> {
    this.#life.abort()
    await this.#stopOnce()
    await this.#restarting
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
        await this.#startOnce()
        this.#saidFailure = ''
        this.#logger.info(`listening again: ${this.#urls.join(' ')}`)
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

  async #startOnce(): Promise<void> {
    const run = new AbortController()
    this.#run = run
    this.#state = 'starting'
    const startedMs = performance.now()
    const fail = (error: unknown) => {
      if (run.signal.aborted || this.#run !== run) return
      this.#failed(partError(error, 'ERR_TRANSPORT_FAILED', `transport ${this.name}`))
      // A failure while it starts is the starter's to handle.
      if (up) this.retry(performance.now() - startedMs)
      else failStart?.(error)
    }
    let up = false
    let failStart: ((error: unknown) => void) | undefined
    const failedEarly = new Promise<never>((_, reject) => {
      failStart = reject
    })
    try {
      const starting = (async () => this.#part.transport.start({ signal: run.signal, fail }, this.#streams()))()
      this.#urls = await Promise.race([starting, failedEarly])
      if (run.signal.aborted) throw new Error('stopped while it was starting')
      up = true
      this.#state = 'up'
      this.#lastFailure = undefined
    } catch (error) {
      const failure = partError(error, 'ERR_TRANSPORT_FAILED', `transport ${this.name}`)
      this.#failed(failure)
      throw failure
    }
  }

  async #stopOnce(): Promise<void> {
    this.#run?.abort()
    this.#run = undefined
    const { stopTimeoutMs } = this.#supervision
    const stopped = await settledWithin(
      () => this.#part.transport.stop(),
      stopTimeoutMs,
      (error) => this.#logger.error('threw while it was stopped', { error })
    )
    if (!stopped) this.#logger.error(`did not stop within ${stopTimeoutMs} ms; going on without waiting for it`)
    for (const pipeline of this.#pipelines) pipeline.closeSubscriptions(this.name)
    this.#urls = []
  }

  #failed(failure: StreamerError): void {
    this.#state = 'failed'
    this.#lastFailure = failureRecord(failure)
  }

  /** The streams that it can carry, in the order of the configuration. */
  #streams(): ReadonlyMap<string, Stream> {
    const { accepts } = this.#part.transport
    const streams = new Map<string, Stream>()
    for (const pipeline of this.#pipelines) {
      if (accepts.includes(pipeline.codec)) streams.set(pipeline.name, pipeline.viewFor(this.name))
      else this.#logger.warn(`does not carry ${pipeline.codec}: the stream "${pipeline.name}" is not served by it`)
    }
    return streams
  }
}
