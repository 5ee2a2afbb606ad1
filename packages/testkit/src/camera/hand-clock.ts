import { monotonicUs } from '@streamer/core/plugin'
import type { Clock } from '@streamer/source-fake'

/** Time for a camera that goes on only when it is told to: it stands still, and jumps to when the next timer is due. */
export class HandClock implements Clock {
  #nowUs = monotonicUs()
  #timer: { readonly callback: () => void; readonly atUs: number } | undefined

  nowUs(): number {
    return this.#nowUs
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    this.#timer = { callback, atUs: this.#nowUs + delayMs * 1000 }
    return this.#timer
  }

  clearTimer(timer: unknown): void {
    if (this.#timer === timer) this.#timer = undefined
  }

  /** Lets the time pass until the timer is due, and calls it; nothing happens when there is none. */
  tick(): void {
    const timer = this.#timer
    if (!timer) return
    this.#timer = undefined
    this.#nowUs = timer.atUs
    timer.callback()
  }
}
