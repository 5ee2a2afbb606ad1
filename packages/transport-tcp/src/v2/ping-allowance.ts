/** `docs/protocols/tcp-v2.md`: at most ten a second; so many may come at once. */
const perSecond = 10

/** Lets ten pings a second through, evenly or all at once. */
export class PingAllowance {
  #left = perSecond
  #atUs = Number.NEGATIVE_INFINITY

  /** Whether a ping at `nowUs` may be answered; if so it counts. */
  takes(nowUs: number): boolean {
    this.#left = Math.min(perSecond, this.#left + ((nowUs - this.#atUs) / 1_000_000) * perSecond)
    this.#atUs = nowUs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
