import { inject, injectable } from './di.js'
import { loggable } from './failure.js'
import type { Host } from './host.js'
import type { Pipeline } from './pipeline.js'
import {
  isStreamerError,
  type Logger,
  messageOf,
  type PluginKind,
  type Stream,
  StreamerError,
  type TransportStatus
} from './plugin/index.js'
import type { Supervision } from './supervision.js'
import { HOST, LOGGER, PIPELINES, SUPERVISION, TRANSPORTS } from './tokens.js'
import { type TransportPart, TransportRunner } from './transport-runner.js'

/** What the program itself subscribes is counted under this, which no transport can be called. */
const ownView = '(program)'

const failureCodes = {
  source: 'ERR_SOURCE_FAILED',
  encoder: 'ERR_ENCODER_FAILED',
  transport: 'ERR_TRANSPORT_FAILED'
} as const

/** The whole program: its streams and its transports. Made by `compose`. */
@injectable()
export class Streamer {
  readonly #pipelines: readonly Pipeline[]
  readonly #runners: readonly TransportRunner[]
  readonly #logger: Logger
  readonly #host: Host
  #stopping: Promise<void> | undefined

  constructor(
    @inject(PIPELINES) pipelines: readonly Pipeline[],
    @inject(TRANSPORTS) transports: readonly TransportPart[],
    @inject(LOGGER) logger: Logger,
    @inject(SUPERVISION) supervision: Supervision,
    @inject(HOST) host: Host
  ) {
    this.#pipelines = pipelines
    this.#logger = logger
    this.#host = host
    this.#runners = transports.map((part) => new TransportRunner(part, pipelines, logger.child(part.name), supervision))
    for (const pipeline of pipelines) host.streams.set(pipeline.name, pipeline.viewFor(ownView))
    host.connect(
      () => this.transports(),
      (id) => pipelines.some((pipeline) => pipeline.disconnect(id))
    )
  }

  /** The streams by name, in the order of the configuration. What is subscribed here is counted under the name `(program)`. */
  get streams(): ReadonlyMap<string, Stream> {
    return this.#host.streams
  }

  transports(): readonly TransportStatus[] {
    return this.#runners.map((runner) => runner.status())
  }

  /** Where clients can connect, of all transports that are up. */
  get urls(): readonly string[] {
    return this.transports().flatMap(({ urls }) => urls)
  }

  /**
   * Resolves when every transport listens; cameras start when somebody watches.
   * @throws StreamerError of the transport that cannot start, unless that one is `optional` and another one is up. Everything is stopped then.
   */
  async start(): Promise<void> {
    this.#stopping = undefined
    const results = await Promise.allSettled(this.#runners.map((runner) => runner.start()))
    if (this.#stopping) {
      await this.#stopping
      throw new StreamerError('ERR_STOPPED', 'stopped while it was starting')
    }
    const failed = this.#runners.flatMap((runner, index) => {
      const result = results[index]
      return result?.status === 'rejected' ? [{ runner, error: result.reason as unknown }] : []
    })
    const fatal = failed.length === this.#runners.length ? failed : failed.filter(({ runner }) => !runner.optional)
    if (fatal.length > 0) {
      await this.stop()
      throw combined(fatal.map(({ error }) => error))
    }
    for (const { runner } of failed) runner.retry()
    for (const pipeline of this.#pipelines) pipeline.start()
  }

  /** Stops transports, sources and encoders together. Resolves within the stop time-out; may be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /**
   * Takes the parts that a plugin made for failed, as if each had called `run.fail`: they are stopped and started again. For errors that a plugin throws
   * where nobody can catch them (a timer, an event, a promise that nobody awaits), which Node gives to the whole program: one that embeds the core routes
   * them here from `uncaughtException` and `unhandledRejection`, or isolates its plugins.
   * @param plugin as it stands in the configuration that `loadConfig` gave. Nothing tells which of several parts of one plugin it was, so all of them are meant.
   * @param error what was thrown; anything.
   * @returns their names: `source`, `front/encoder`, `http-2`. Parts that are not running, or failed already, are not among them.
   */
  failPart(plugin: { readonly kind: PluginKind; readonly url: string }, error: unknown): readonly string[] {
    const { kind, url } = plugin
    const prefix = kind === 'transport' ? '' : `${kind}: `
    const failure = new StreamerError(failureCodes[kind], `${prefix}threw outside of any call: ${messageOf(error)}`, {
      cause: error
    })
    if (kind === 'transport')
      return this.#runners.filter((runner) => runner.failMadeBy(url, failure)).map(({ name }) => name)
    return this.#pipelines
      .filter((pipeline) => pipeline.failMadeBy(kind, url, failure))
      .map(({ name }) => (this.#pipelines.length > 1 ? `${name}/${kind}` : kind))
  }

  async #stopAll(): Promise<void> {
    const parts = [...this.#runners, ...this.#pipelines]
    const results = await Promise.allSettled(parts.map((part) => part.stop()))
    for (const result of results) {
      if (result.status === 'rejected')
        this.#logger.error('a part threw while it was stopped', { error: loggable(result.reason) })
    }
  }
}

/** One error for several: the first one's code, and every message. */
function combined(errors: readonly unknown[]): unknown {
  const [first] = errors
  if (errors.length < 2) return first
  const messages = errors.map(messageOf)
  return new StreamerError(isStreamerError(first) ? first.code : 'ERR_TRANSPORT_FAILED', messages.join('\n'), {
    cause: first
  })
}
