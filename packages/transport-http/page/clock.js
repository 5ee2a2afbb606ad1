/** So many of the last answers are looked at. */
const remembered = 8

/** What another clock is ahead of ours, by the quickest of the last questions and answers. */
export class Clock {
  /** Milliseconds; undefined before the first answer. */
  offsetMs
  #answers = []

  /** @param askedMs when it was asked, by our clock. @param theirMs what it said, milliseconds since 1970. */
  note(askedMs, theirMs) {
    const roundTripMs = Date.now() - askedMs
    this.#answers.push({ roundTripMs, offsetMs: theirMs - (askedMs + roundTripMs / 2) })
    if (this.#answers.length > remembered) this.#answers.shift()
    this.offsetMs = this.#answers.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best)).offsetMs
  }

  /** Another server may answer from now on. */
  forget() {
    this.#answers = []
    this.offsetMs = undefined
  }

  /** A time of theirs by our clock; undefined while nothing is known. */
  ours(theirMs) {
    return this.offsetMs === undefined ? undefined : theirMs - this.offsetMs
  }
}
