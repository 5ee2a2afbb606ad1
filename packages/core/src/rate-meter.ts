/** Events per second over about the last second. Costs one comparison and one addition an event, and no timer. */
export class RateMeter {
  #windowStartUs = 0
  #count = 0
  #rate = 0
  #bytes = 0
  #byteRate = 0

  /** Counts one event at `nowUs` (monotonic microseconds). @param bytes that went with it. */
  mark(nowUs: number, bytes = 0): void {
    this.#roll(nowUs)
    this.#count++
    this.#bytes += bytes
  }

  /** The rate as of `nowUs`. */
  rate(nowUs: number): number {
    this.#roll(nowUs)
    return this.#rate
  }

  /** Bits per second as of `nowUs`. */
  bitrateBps(nowUs: number): number {
    this.#roll(nowUs)
    return Math.round(this.#byteRate * 8)
  }

  reset(): void {
    this.#windowStartUs = 0
    this.#count = 0
    this.#rate = 0
    this.#bytes = 0
    this.#byteRate = 0
  }

  #roll(nowUs: number): void {
    if (this.#windowStartUs === 0) this.#windowStartUs = nowUs
    const elapsedUs = nowUs - this.#windowStartUs
    if (elapsedUs < 1_000_000) return

    this.#rate = (this.#count * 1_000_000) / elapsedUs
    this.#byteRate = (this.#bytes * 1_000_000) / elapsedUs
    this.#count = 0
    this.#bytes = 0
    this.#windowStartUs = nowUs
  }
}
