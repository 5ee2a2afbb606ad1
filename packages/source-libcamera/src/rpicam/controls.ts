import { type Control, type Controls, checkControls } from '@streamer/core/plugin'
import { part } from './program.js'
import { type Settings, settingsFor } from './settings.js'

/** From the last change to the restart, so that a slider that is dragged costs one. */
export const settleMs = 300

/** Changes that wait for the restart that brings them all. */
interface Waiting {
  readonly settled: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  timer: NodeJS.Timeout | undefined
}

/** The live settings of rpicam-vid, which it takes at its start only: a change is a restart, and changes are gathered for one. */
export class RpicamControls implements Controls {
  readonly #list: readonly Control[]
  readonly #configured: Settings
  #wanted: Settings
  #inForce: Settings
  #apply: ((settings: Settings) => Promise<void>) | undefined
  #waiting: Waiting | undefined

  /** @param configured values to begin with; they are checked by `begin`. */
  constructor(framerate: number, configured: Settings) {
    this.#list = settingsFor(framerate)
    this.#configured = configured
    this.#wanted = {
      ...Object.fromEntries(this.#list.map((control) => [control.name, control.default])),
      ...configured
    }
    this.#inForce = this.#wanted
  }

  list(): readonly Control[] {
    return this.#list
  }

  values(): Settings {
    return this.#inForce
  }

  /**
   * Resolves when they are in force: while a run lasts, when rpicam-vid has been started again.
   * @throws also what its start gave.
   */
  async set(values: Settings): Promise<Settings> {
    checkControls(part, this.#list, values)
    this.#wanted = { ...this.#wanted, ...values }
    if (this.#apply) await this.#settle()
    else this.#inForce = this.#wanted
    return this.#inForce
  }

  /**
   * A run begins.
   * @param apply brings settings into force.
   * @returns those to start with.
   * @throws StreamerError `ERR_CONTROL_INVALID` when the configured ones cannot be.
   */
  begin(apply: (settings: Settings) => Promise<void>): Settings {
    checkControls(part, this.#list, this.#configured)
    this.#apply = apply
    this.#inForce = this.#wanted
    return this.#wanted
  }

  /** The run is over: what waits is for the next one. */
  end(): void {
    this.#apply = undefined
    this.#inForce = this.#wanted
    const waiting = this.#waiting
    this.#waiting = undefined
    clearTimeout(waiting?.timer)
    waiting?.resolve()
  }

  #settle(): Promise<void> {
    this.#waiting ??= newWaiting()
    const waiting = this.#waiting
    clearTimeout(waiting.timer)
    waiting.timer = setTimeout(() => this.#restart(waiting), settleMs)
    return waiting.settled
  }

  #restart(waiting: Waiting): void {
    this.#waiting = undefined
    const apply = this.#apply
    const wanted = this.#wanted
    if (!apply) return
    apply(wanted).then(() => {
      if (this.#apply === apply) this.#inForce = wanted
      waiting.resolve()
    }, waiting.reject)
  }
}

function newWaiting(): Waiting {
  let resolve: () => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const settled = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { settled, resolve, reject, timer: undefined }
}
