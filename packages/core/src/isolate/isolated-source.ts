import { ofCore } from '../border/of-core.js'
import type { GuardedSourceRun } from '../border/source.js'
import type { Controls, Counters, Source } from '../plugin/index.js'
import { IsolatedControls } from './isolated-controls.js'
import type { IsolatedPlace } from './place.js'
import type { PluginWorker } from './plugin-worker.js'

/** A source in a worker thread of its own, a new one for each run. Its frames are copied once, so that raw ones are given back there at once. */
export class IsolatedSource implements Source {
  readonly [ofCore] = true
  readonly controls: Controls | undefined
  readonly #controls: IsolatedControls
  readonly #place: IsolatedPlace
  #worker: PluginWorker | undefined

  /** @param hasControls whether the plugin declares them. */
  constructor(hasControls: boolean, place: IsolatedPlace) {
    this.#place = place
    this.#controls = new IsolatedControls(place.who)
    if (hasControls) this.controls = this.#controls
  }

  /** In a thread for this alone: what the plugin finds out there is in its own hands, and what controls it has is known from then on. */
  async prepare(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const worker = this.#place.open()
    const end = () => void worker.end()
    signal.addEventListener('abort', end, { once: true })
    try {
      await worker.call({ type: 'prepare' })
      if (!this.#worker) {
        this.#controls.follow(worker)
        this.#controls.follow(undefined)
      }
    } finally {
      signal.removeEventListener('abort', end)
      await worker.end()
    }
  }

  async start(run: GuardedSourceRun): Promise<void> {
    run.signal.throwIfAborted()
    await this.stop()
    const worker = this.#place.openFor(run)
    this.#worker = worker
    this.#controls.follow(worker)
    await worker.call({
      type: 'start',
      ...(run.codec && { codec: run.codec }),
      streams: [],
      snapshot: this.#place.snapshot(),
      controls: this.#controls.wanted
    })
  }

  async stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    this.#controls.follow(undefined)
    await worker?.end()
  }

  stats(): Counters {
    return this.#worker?.counters ?? {}
  }
}
