import type { Frame, SourceRun } from '@streamer/core/plugin'
import type { Clock } from '../src/schedule.js'

/** Stands in for the pipeline: keeps what the camera pushes. */
export class StandInRun implements SourceRun {
  readonly abort = new AbortController()
  readonly frames: Frame[] = []
  readonly failures: Error[] = []
  readonly #onFrame: (frame: Frame) => void
  #wake: (() => void) | undefined

  constructor(onFrame: (frame: Frame) => void = () => {}) {
    this.#onFrame = onFrame
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }

  push(frame: Frame): void {
    this.frames.push(frame)
    this.#onFrame(frame)
    this.#wake?.()
  }

  fail(error: Error): void {
    this.failures.push(error)
    this.#wake?.()
  }

  get sequences(): number[] {
    return this.frames.map(({ sequence }) => sequence)
  }

  /** Resolves when `done` says so; it is asked after each frame and failure. */
  async until(done: (run: this) => boolean): Promise<void> {
    while (!done(this)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** Stands in for the host's clock and timers: time passes only in `tick`, and timers come as late as the test says. */
export class StandInClock implements Clock {
  now = 5_000_000
  #timer: { callback: () => void; atUs: number } | undefined

  nowUs(): number {
    return Math.round(this.now)
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    if (!Number.isInteger(delayMs) || delayMs < 0) throw new Error(`a delay of ${delayMs} ms`)
    this.#timer = { callback, atUs: this.now + delayMs * 1000 }
    return this.#timer
  }

  clearTimer(timer: unknown): void {
    if (timer === this.#timer) this.#timer = undefined
  }

  get armed(): boolean {
    return this.#timer !== undefined
  }

  /** Runs the next timer, `lateUs` after its time; negative for early, as Node's timers can be. */
  tick(lateUs = 0): void {
    const timer = this.#timer
    if (!timer) throw new Error('no timer is set')
    this.#timer = undefined
    this.now = Math.max(this.now, timer.atUs + lateUs)
    timer.callback()
  }
}
