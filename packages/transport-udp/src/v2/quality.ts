import type { Controls } from '@streamer/core/plugin'

/** A client that could take less than this of the stream's frames is short of rate; all clients must have so much more than they need before quality rises. */
const short = 0.6
const ample = 1.3
/** Looks with the same result before anything is changed; raising takes longer, so that quality does not swing. */
const patienceDown = 2
const patienceUp = 5
const stepDown = 10
const stepUp = 5

/** What one client can have. Bit/s. */
export interface Rates {
  readonly rate: number
  readonly needed: number
}

/** Lowers the quality of a stream's JPEGs while a client's way is too narrow for them, and raises it again to what it was. */
export class QualityGuide {
  readonly #least: number
  /** What the quality was before it was lowered; undefined while it is not. */
  #wanted: number | undefined
  /** What was set last. A value that somebody else set is theirs. */
  #set: number | undefined
  #shortLooks = 0
  #ampleLooks = 0

  /** @param least never lower than this, 1 to 100. */
  constructor(least: number) {
    this.#least = least
  }

  /** To be called about once a second. @param rates of the stream's clients. @throws what setting the control gave. */
  async look(controls: Controls | undefined, rates: readonly Rates[]): Promise<void> {
    const quality = controls?.values().quality
    if (controls === undefined || typeof quality !== 'number') return
    if (this.#set !== undefined && this.#set !== quality) this.#forget()
    const known = rates.filter(({ needed }) => needed > 0)
    const least = Math.min(...known.map(({ rate, needed }) => rate / needed))
    this.#shortLooks = known.length > 0 && least < short ? this.#shortLooks + 1 : 0
    this.#ampleLooks = least > ample ? this.#ampleLooks + 1 : 0
    if (this.#shortLooks >= patienceDown && quality > this.#least) {
      await this.#change(controls, quality, Math.max(this.#least, quality - stepDown))
    } else if (this.#ampleLooks >= patienceUp && this.#wanted !== undefined) {
      await this.#change(controls, quality, Math.min(this.#wanted, quality + stepUp))
      if (this.#set === this.#wanted) this.#forget()
    }
  }

  async #change(controls: Controls, before: number, quality: number): Promise<void> {
    this.#shortLooks = 0
    this.#ampleLooks = 0
    this.#wanted ??= before
    this.#set = quality
    await controls.set({ quality })
  }

  #forget(): void {
    this.#wanted = undefined
    this.#set = undefined
  }
}
