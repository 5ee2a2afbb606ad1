import { CaptureClock } from '../capture-clock.js'

/** As many as the playout keeps: with more, the oldest goes before its time. */
const maxWaiting = 300

/** Knows when whole frames are handed to the consumer (by the playout, after the same rule): from then on older ones are of no use. */
export class DueFrames {
  readonly #delayMs: number
  readonly #captureClock = new CaptureClock()
  /** When each whole frame that waits is due, by its id. */
  readonly #waiting = new Map<number, number>()
  #earliestMs = Number.POSITIVE_INFINITY

  /** @param delayMs after its capture, and the shortest time on the way; 0 is at once. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /** A frame is whole. */
  add(id: number, captureUs: number, nowMs: number): void {
    const fastestMs = this.#captureClock.arrived(captureUs / 1000, nowMs)
    const dueMs = this.#delayMs === 0 ? nowMs : fastestMs + this.#delayMs
    this.#waiting.set(id, dueMs)
    this.#earliestMs = Math.min(this.#earliestMs, dueMs)
    if (this.#waiting.size <= maxWaiting) return
    this.#waiting.set(Math.min(...this.#waiting.keys()), nowMs)
    this.#earliestMs = Math.min(this.#earliestMs, nowMs)
  }

  /** Whether it is whole, and waits for its time. */
  has(id: number): boolean {
    return this.#waiting.has(id)
  }

  /** The newest frame whose time has come since the last call; it and those before it are forgotten. */
  take(nowMs: number): number | undefined {
    if (nowMs < this.#earliestMs) return undefined
    let newest = -1
    for (const [id, dueMs] of this.#waiting) if (dueMs <= nowMs) newest = Math.max(newest, id)
    for (const id of this.#waiting.keys()) if (id <= newest) this.#waiting.delete(id)
    this.#earliestMs = this.newerThan(newest)
    return newest < 0 ? undefined : newest
  }

  /** When a frame that is newer than that one will be handed out; infinite as long as none is whole. */
  newerThan(frameId: number): number {
    let earliestMs = Number.POSITIVE_INFINITY
    for (const [id, dueMs] of this.#waiting) if (id > frameId) earliestMs = Math.min(earliestMs, dueMs)
    return earliestMs
  }
}
