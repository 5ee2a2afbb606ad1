import type { LoadedPart } from '../config/part-loader.js'
import type { Logger, PluginContext, StreamerError } from '../plugin/index.js'
import type { FromWorker, Report, Snapshot } from './messages.js'
import { PluginWorker } from './plugin-worker.js'

/** What the owner of a thread is told. */
export interface ThreadEvents {
  /** What the plugin does, besides answers. */
  onMessage?(message: FromWorker): void
  onReport?(report: Report): void
  onGone?(error: StreamerError): void
}

/** What an isolated part has of the program: where its plugin is, and who looks after its thread. */
export class IsolatedPlace {
  readonly logger: Logger
  /** As the rest of the core begins its messages: `the source "fake"`, `transport lines:`. */
  readonly who: string
  readonly #part: LoadedPart
  readonly #context: PluginContext
  readonly #hangMs: number

  constructor(part: LoadedPart, context: PluginContext, hangMs: number) {
    this.#part = part
    this.#context = context
    this.#hangMs = hangMs
    this.logger = context.logger
    this.who = part.kind === 'transport' ? `transport ${context.name}:` : `the ${part.kind} "${part.use}"`
  }

  /** A new thread with the plugin in it. */
  open(events: ThreadEvents = {}): PluginWorker {
    const { kind, use, url, written } = this.#part
    const { name, baseDir, logger } = this.#context
    return new PluginWorker(
      { kind, use, url, options: written, name, baseDir },
      {
        who: this.who,
        logger,
        hangMs: this.#hangMs,
        snapshot: () => this.snapshot(),
        onMessage: (message) => events.onMessage?.(message),
        onReport: (report) => events.onReport?.(report),
        onGone: (error) => events.onGone?.(error)
      }
    )
  }

  /** How the program is now, for the plugin to look at. */
  snapshot(): Snapshot {
    const { host } = this.#context
    const streams = Array.from(host.streams.values(), (stream) => {
      const { name, codec, state, controls } = stream
      const own = controls && { controls: { list: controls.list(), values: controls.values() } }
      return { name, codec, state, stats: stream.stats(), ...own }
    })
    return { version: host.version, startedAtMs: host.startedAtMs, streams, transports: host.transports() }
  }
}
