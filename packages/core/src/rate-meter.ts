/** Events per second over about the last second. Costs one comparison and one addition an event, and no timer. */
export class RateMeter {
  #windowStartUs = 0
  #count = 0
  #rate = 0

  /** Counts one event at `nowUs` (monotonic microseconds). */
  mark(nowUs: number): void {
    this.#roll(nowUs)
    this.#count++
  }

  /** The rate as of `nowUs`. */
  rate(nowUs: number): number {
    this.#roll(nowUs)
    return this.#rate
  }

  reset(): void {
    this.#windowStartUs = 0
    this.#count = 0
    this.#rate = 0
  }

  #roll(nowUs: number): void {
    if (this.#windowStartUs === 0) this.#windowStartUs = nowUs
    const elapsedUs = nowUs - this.#windowStartUs
    if (elapsedUs < 1_000_000) return

    this.#rate = (this.#count * 1_000_000) / elapsedUs
    this.#count = 0
    this.#windowStartUs = nowUs
  }
}
