const firstMs = 250
const longestMs = 5000

/** Pauses between attempts: 250 ms, 500 ms, … 5 s, each a quarter shorter or longer by chance, so that many clients do not come back at once. */
export class BackOff {
  readonly #random: () => number
  #nextMs = firstMs

  /** @param random 0 to 1, as `Math.random`. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** The next pause, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs * (0.75 + this.#random() / 2)
    this.#nextMs = Math.min(this.#nextMs * 2, longestMs)
    return delayMs
  }

  /** It went well: the next pause is short again. */
  reset(): void {
    this.#nextMs = firstMs
  }
}
