/** How long the shortest way of a frame is remembered, so that clocks may drift apart slowly. */
const windowMs = 10_000

/**
 * What the server's clock is behind ours: learnt from the frame that was fastest on its way of late. So a frame that was slow is known to be,
 * without the clocks agreeing.
 */
export class CaptureClock {
  #lowestMs = Number.POSITIVE_INFINITY
  #previousMs = Number.POSITIVE_INFINITY
  #windowStartMs = Number.NEGATIVE_INFINITY
  #last: { readonly transitMs: number; readonly capturedMs: number } | undefined
  #jitterMs = 0

  /** How much the time on the way varies, smoothed as in RFC 3550 section 6.4.1. Milliseconds. */
  get jitterMs(): number {
    return this.#jitterMs
  }

  /** Another server, or the same one started anew: its clock has nothing to do with the one before. */
  reset(): void {
    this.#lowestMs = Number.POSITIVE_INFINITY
    this.#previousMs = Number.POSITIVE_INFINITY
    this.#windowStartMs = Number.NEGATIVE_INFINITY
    this.#last = undefined
    this.#jitterMs = 0
  }

  /**
   * A frame has arrived.
   * @param capturedMs by the server's clock. @param nowMs by ours.
   * @returns when it would have arrived on the fastest way, by our clock; never later than `nowMs`.
   */
  arrived(capturedMs: number, nowMs: number): number {
    const transitMs = nowMs - capturedMs
    // A frame that is given again has the time of the first one, and says nothing about the way.
    if (this.#last && this.#last.capturedMs !== capturedMs) {
      this.#jitterMs += (Math.abs(transitMs - this.#last.transitMs) - this.#jitterMs) / 16
    }
    this.#last = { transitMs, capturedMs }
    if (nowMs - this.#windowStartMs > windowMs) {
      this.#previousMs = this.#lowestMs
      this.#lowestMs = transitMs
      this.#windowStartMs = nowMs
    } else this.#lowestMs = Math.min(this.#lowestMs, transitMs)
    return capturedMs + Math.min(this.#lowestMs, this.#previousMs)
  }
}
