import type { Clock } from './clock.js'

/** Tells once when nothing was heard for a time. `heard` costs one reading of the clock and sets no timer. */
export class Watchdog {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #onSilence: (lateMs: number) => void
  #heardMs = 0
  #timer: unknown

  /** @param onSilence told by how much the timer is late: where that is much, this process stood still. */
  constructor(clock: Clock, limitMs: number, onSilence: (lateMs: number) => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#onSilence = onSilence
  }

  /** From now on. A second `start` begins anew. */
  start(): void {
    this.stop()
    this.heard()
    this.#wait(this.#limitMs)
  }

  heard(): void {
    this.#heardMs = this.#clock.nowMs()
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #wait(delayMs: number): void {
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      const leftMs = this.#heardMs + this.#limitMs - this.#clock.nowMs()
      if (leftMs > 0) this.#wait(leftMs)
      else this.#onSilence(-leftMs)
    }, delayMs)
  }
}
