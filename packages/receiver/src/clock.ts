/** Time, so that a test can have its own. */
export interface Clock {
  /** Milliseconds that only go up, with a fraction. */
  nowMs(): number
  /** Milliseconds since 1970 by the wall clock. */
  wallMs(): number
  /** Calls `callback` once after so many milliseconds, unless it is cleared before. */
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined)
}
