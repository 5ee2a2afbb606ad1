import { monotonicUs } from '@streamer/core/plugin'

/** Time and timers; a test can bring its own. */
export interface Clock {
  /** Now, in integer microseconds that only go up: the `timestampUs` of frames. */
  nowUs(): number
  /** Calls `callback` once after `delayMs` whole milliseconds, or later. */
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
}

/** The monotonic clock of this host and the timers of Node. */
export const hostClock: Clock = {
  nowUs: monotonicUs,
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout)
}

/** The longest delay that `setTimeout` takes: 2^31 - 1. */
const maxDelayMs = 2_147_483_647

/**
 * When each frame is due: frame n at `startUs + n / framerate`, counted from the start and never from the frame before, so that late timers do not add up.
 * Whoever comes later than the next frame's time gets the newest one that is due; those between are skipped, not sent in a burst.
 */
export class FrameSchedule {
  readonly #startUs: number
  readonly #framerate: number
  #next = 0

  /** @param framerate frames per second, above 0. */
  constructor(startUs: number, framerate: number) {
    this.#startUs = startUs
    this.#framerate = framerate
  }

  /** When frame `index` is due, in microseconds. */
  dueUs(index: number): number {
    return this.#startUs + (index * 1_000_000) / this.#framerate
  }

  /** The number of the next frame that nobody has taken yet. */
  get next(): number {
    return this.#next
  }

  /** The number of the newest frame that is due at `nowUs`, each one once; undefined when it is too early. */
  take(nowUs: number): number | undefined {
    if (nowUs < this.dueUs(this.#next)) return undefined
    const newest = Math.floor(((nowUs - this.#startUs) * this.#framerate) / 1_000_000)
    // A rounding error must not bring back what was taken already.
    const index = Math.max(this.#next, newest)
    this.#next = index + 1
    return index
  }

  /** Whole milliseconds from `nowUs` until the next frame is due, rounded up. */
  delayMs(nowUs: number): number {
    const delayMs = Math.ceil((this.dueUs(this.#next) - nowUs) / 1000)
    return Math.min(Math.max(0, delayMs), maxDelayMs)
  }
}
