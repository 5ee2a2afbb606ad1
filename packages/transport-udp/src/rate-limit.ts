/** How many addresses are counted in one second. A flood of forged addresses beyond it is refused altogether, so memory stays bounded. */
const maxAddresses = 4096
const windowMs = 1000

/** Allows a number of events per second for each address, over windows of one second. Needs no timer. */
export class RateLimit {
  readonly #perSecond: number
  readonly #counts = new Map<string, number>()
  #windowStartMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Counts one event of `address`; false when it is one too many. */
  allows(address: string, nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= windowMs) {
      this.#counts.clear()
      this.#windowStartMs = nowMs
    }
    const count = this.#counts.get(address) ?? 0
    if (count >= this.#perSecond || (count === 0 && this.#counts.size >= maxAddresses)) return false
    this.#counts.set(address, count + 1)
    return true
  }

  /** Addresses that are counted now. */
  get size(): number {
    return this.#counts.size
  }
}
