import type { LoadedPart } from '../config/part-loader.js'
import type { Frame, Logger, PluginContext, Run, StreamerError } from '../plugin/index.js'
import type { FromWorker, Report, Snapshot } from './messages.js'
import { PluginWorker } from './plugin-worker.js'
import { errorOf, portableError } from './portable.js'

/** What the owner of a thread is told. */
export interface ThreadEvents {
  /** What the plugin does, besides answers. */
  onMessage?(message: FromWorker): void
  onReport?(report: Report): void
  onGone?(error: StreamerError): void
}

/** A run of a part as the core gives it. */
export interface ThreadRun extends Run {
  /** Of sources and encoders. */
  push?(frame: Frame): void
  refused?(why: string, count?: number): void
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
        onMessage: (message) => {
          if (message.type === 'disconnect') this.#context.host.disconnect(message.client)
          else events.onMessage?.(message)
        },
        onReport: (report) => events.onReport?.(report),
        onGone: (error) => events.onGone?.(error)
      }
    )
  }

  /**
   * A new thread for one run: the abort of the run gets there, and failures, frames and refusals come back to the run.
   * @param events what comes besides; `onMessage` gets neither failures nor frames.
   */
  openFor(run: ThreadRun, events: Omit<ThreadEvents, 'onReport'> = {}): PluginWorker {
    const worker = this.open({
      onMessage: (message) => {
        if (message.type === 'fail') run.fail(errorOf(message.error))
        else if (message.type === 'push') {
          worker.post({ type: 'taken' })
          run.push?.(message.frame as unknown as Frame)
        } else events.onMessage?.(message)
      },
      onReport: ({ refused }) => refused && run.refused?.(refused.why, refused.count),
      onGone: (error) => {
        events.onGone?.(error)
        run.fail(error)
      }
    })
    const abort = () => worker.post({ type: 'abort', reason: portableError(run.signal.reason) })
    run.signal.addEventListener('abort', abort, { once: true })
    return worker
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
