import { type Control, type Controls, type ControlValue, checkControls } from '../plugin/index.js'
import type { PluginWorker } from './plugin-worker.js'

type Values = Readonly<Record<string, ControlValue>>

/**
 * The live settings of a part in a worker thread, as they were when it was last asked; none before its first thread. What is set holds in the threads after
 * this one, too.
 */
export class IsolatedControls implements Controls {
  readonly #part: string
  #worker: PluginWorker | undefined
  #list: readonly Control[] = []
  #values: Values = {}
  #wanted: Values = {}

  constructor(part: string) {
    this.#part = part
  }

  /** What was set so far, for the next thread. */
  get wanted(): Values {
    return this.#wanted
  }

  /** The thread to ask from now on; undefined when there is none. */
  follow(worker: PluginWorker | undefined): void {
    this.#look()
    this.#worker = worker
  }

  list(): readonly Control[] {
    this.#look()
    return this.#list
  }

  values(): Values {
    this.#look()
    return this.#values
  }

  /** Without a thread it is kept for the next one. */
  async set(values: Values): Promise<Values> {
    checkControls(this.#part, this.list(), values)
    if (this.#worker) {
      const inForce = await this.#worker.call({ type: 'set', values })
      if (this.#worker.controls) this.#worker.controls = { ...this.#worker.controls, values: inForce as Values }
      this.#values = inForce as Values
    } else this.#values = { ...this.#values, ...values }
    this.#wanted = { ...this.#wanted, ...values }
    return this.#values
  }

  #look(): void {
    const controls = this.#worker?.controls
    if (!controls) return
    this.#list = controls.list
    this.#values = controls.values
  }
}
