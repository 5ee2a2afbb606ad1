/** For so long the shortest round trip counts: clocks drift apart. */
const windowMs = 10_000
/** As RFC 6298 smooths round trips. */
const smoothing = 1 / 8
/** What is longer is no answer to a question of ours. */
const longestMs = 60_000

/** What the server's clock says now, learnt from its answers. */
export class ServerClock {
  /** Offsets with ever longer round trips, oldest first: what is older and longer than another is of no use. */
  #samples: Array<{ readonly atMs: number; readonly roundTripMs: number; readonly offsetUs: number }> = []
  #roundTripMs: number | undefined

  /** Smoothed; undefined before the first answer. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  /** What the server's clock is ahead of ours; undefined before the first answer. */
  get offsetUs(): number | undefined {
    return this.#samples[0]?.offsetUs
  }

  /**
   * An answer came. All times are microseconds: the client's of asking and getting, the server's of getting and answering.
   * @returns its round trip in milliseconds, undefined when it cannot be.
   */
  sample(askedUs: number, receivedUs: number, sentUs: number, gotUs: number): number | undefined {
    const roundTripMs = (gotUs - askedUs - (sentUs - receivedUs)) / 1000
    if (askedUs > gotUs || sentUs < receivedUs || roundTripMs < 0 || roundTripMs > longestMs) return undefined
    const atMs = gotUs / 1000
    const offsetUs = (receivedUs - askedUs + (sentUs - gotUs)) / 2
    this.#samples = this.#samples.filter((old) => old.atMs > atMs - windowMs && old.roundTripMs < roundTripMs)
    this.#samples.push({ atMs, roundTripMs, offsetUs })
    this.#roundTripMs ??= roundTripMs
    this.#roundTripMs += (roundTripMs - this.#roundTripMs) * smoothing
    return roundTripMs
  }
}
