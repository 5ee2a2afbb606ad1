import type { Clock } from '../src/clock.js'

/** Time that passes only when a test says so. */
export class HandClock implements Clock {
  #nowMs = 1000
  #timers: Array<{ readonly atMs: number; readonly callback: () => void }> = []

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return timer
  }

  clearTimer(timer: unknown): void {
    this.#timers = this.#timers.filter((one) => one !== timer)
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.length
  }

  /** Lets so much time pass, and calls what is due, each at its time. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const next = this.#timers.toSorted((one, other) => one.atMs - other.atMs)[0]
      if (!next || next.atMs > untilMs) break
      this.clearTimer(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
    }
    this.#nowMs = untilMs
  }
}
