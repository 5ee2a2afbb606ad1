import { type Frame, monotonicUs, type Run } from '@streamer/core/plugin'

/** Takes a frame within the call of `push`. What it throws is kept for `RecordedRun.rethrow`. */
export type Take<F extends Frame> = (frame: F, atUs: number) => void

/** The contract's side of one run of a part: counts frames, keeps failures. `push` and `fail` may be called without their object, as the core's may. */
export class RecordedRun<F extends Frame> implements Run {
  readonly #abort = new AbortController()
  readonly #take: Take<F>
  readonly signal: AbortSignal = this.#abort.signal
  /** What `fail` was called with. */
  readonly failures: unknown[] = []
  /** Frames that were pushed. */
  count = 0
  /** The sequence of the last of them. */
  lastSequence = Number.NaN
  /** The longest time from one frame to the next so far. Milliseconds. */
  longestGapMs = 0
  #lastMs = 0
  #waiting: Array<() => void> = []
  #thrown: { readonly error: unknown } | undefined

  constructor(take: Take<F>) {
    this.#take = take
  }

  readonly push = (frame: F): void => {
    const atUs = monotonicUs()
    const nowMs = performance.now()
    if (this.count > 0) this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.#lastMs)
    this.#lastMs = nowMs
    this.count++
    this.lastSequence = frame?.sequence
    try {
      this.#take(frame, atUs)
    } catch (error) {
      this.#thrown ??= { error }
    }
    this.#wake()
  }

  readonly fail = (error: Error): void => {
    this.failures.push(error)
    this.#wake()
  }

  abort(): void {
    this.#abort.abort()
  }

  /** Throws what the first `take` that threw did. */
  rethrow(): void {
    if (this.#thrown) throw this.#thrown.error
  }

  /** Resolves when `isDone`, which is asked at each frame and each failure. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
