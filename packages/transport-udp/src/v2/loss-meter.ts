/** Reports of a tenth of a second: what is older than about 3 s hardly counts. */
const slowDecay = 0.97
const fastDecay = 0.8

/** A share of events that fades with time. */
class Fading {
  readonly #decay: number
  #expected = 0
  #lost = 0

  constructor(decay: number) {
    this.#decay = decay
  }

  add(expected: number, lost: number): void {
    this.#expected = this.#expected * this.#decay + expected
    this.#lost = this.#lost * this.#decay + lost
  }

  get share(): number {
    return this.#expected < 1 ? 0 : Math.min(1, Math.max(0, this.#lost / this.#expected))
  }

  get size(): number {
    return this.#expected
  }
}

/** The share of datagrams that are lost on the way to one client. */
export class LossMeter {
  readonly #slow = new Fading(slowDecay)
  readonly #fast = new Fading(fastDecay)

  /** Takes what one report tells. A datagram that was late is found again in a later report; then `lost` is negative. */
  add(expected: number, lost: number): void {
    this.#slow.add(expected, lost)
    this.#fast.add(expected, lost)
  }

  /**
   * 0 to 1: that of the last seconds, or of the last half a second where that is clearly more (by two standard deviations), so that it rises fast and falls
   * slowly.
   */
  get share(): number {
    const slow = this.#slow.share
    const fast = this.#fast.share
    const deviation = Math.sqrt((fast * (1 - fast)) / Math.max(1, this.#fast.size))
    return Math.max(slow, fast - 2 * deviation)
  }
}
