import { difference } from '@streamer/protocol'

/** The quickest of the last minute or so is what the way takes without a queue; clocks of two machines drift apart by a few milliseconds in that time. */
const bucketMs = 10_000
const buckets = 6

/** Turns delays between two clocks that do not agree into the time that datagrams waited in queues. */
export class DelayBase {
  #first: number | undefined
  /** Least delays, microseconds after the first, of the last times of 10 s. */
  readonly #least: number[] = []
  #bucketEndMs = Number.NEGATIVE_INFINITY

  /** @param delayUs as in a report: the lower 32 bits. @returns milliseconds more than the least. */
  queueMs(delayUs: number, nowMs: number): number {
    this.#first ??= delayUs
    const relative = difference(delayUs, this.#first)
    if (nowMs >= this.#bucketEndMs) {
      this.#bucketEndMs = nowMs + bucketMs
      this.#least.push(relative)
      if (this.#least.length > buckets) this.#least.shift()
    } else this.#least[this.#least.length - 1] = Math.min(this.#least.at(-1)!, relative)
    return (relative - Math.min(...this.#least)) / 1000
  }

  /** The way is another one. */
  reset(): void {
    this.#first = undefined
    this.#least.length = 0
    this.#bucketEndMs = Number.NEGATIVE_INFINITY
  }
}
