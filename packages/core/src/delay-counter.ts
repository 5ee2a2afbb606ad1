import { type DelayHistogram, delayBoundsMs } from './plugin/index.js'

const boundsUs = delayBoundsMs.map((boundMs) => boundMs * 1000)

/** Counts delays by size. Costs a few comparisons a frame and no memory. */
export class DelayCounter {
  readonly #counts = new Array<number>(boundsUs.length + 1).fill(0)
  #sumUs = 0

  /** @param delayUs below 0 (clocks of a camera and of its host) counts as 0. */
  add(delayUs: number): void {
    const us = delayUs > 0 ? delayUs : 0
    let index = 0
    while (index < boundsUs.length && us > boundsUs[index]!) index++
    this.#counts[index]!++
    this.#sumUs += us
  }

  read(): DelayHistogram {
    return { counts: [...this.#counts], sumMs: this.#sumUs / 1000 }
  }
}
