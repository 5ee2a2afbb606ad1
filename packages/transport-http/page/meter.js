/** Seconds that the plot shows. */
export const historySeconds = 180

/** What a viewer sees of one stream: frames, delay, bytes and drops, second by second. */
export class Meter {
  /** One entry for each second gone by, the newest last: `{ framerate, delayMs, bitsPerSecond }`; `delayMs` is undefined when no frame came. */
  history = []
  drops = 0
  #frames = 0
  #bytes = 0
  #delays = 0
  #sequence = -1

  /** A frame was shown. `delayMs` from the camera to the screen, undefined when it is not known; `sequence` as the server counts, undefined likewise. */
  shown(bytes, delayMs, sequence) {
    this.#frames++
    this.#bytes += bytes
    if (delayMs !== undefined) this.#delays += Math.max(0, delayMs)
    // A number that went back is another run of the camera.
    if (sequence !== undefined) {
      if (this.#sequence >= 0 && sequence > this.#sequence + 1) this.drops += sequence - this.#sequence - 1
      this.#sequence = sequence
    }
  }

  /** The camera, or the connection, begins anew: a gap in the numbers is none. */
  begin() {
    this.#sequence = -1
  }

  /** To be called once a second. */
  tick(seconds) {
    const framerate = this.#frames / seconds
    const delayMs = this.#frames > 0 && this.#delays > 0 ? this.#delays / this.#frames : undefined
    this.history.push({ framerate, delayMs, bitsPerSecond: (this.#bytes * 8) / seconds })
    if (this.history.length > historySeconds) this.history.shift()
    this.#frames = this.#bytes = this.#delays = 0
  }

  /** The last second. */
  get now() {
    return this.history.at(-1) ?? { framerate: 0, delayMs: undefined, bitsPerSecond: 0 }
  }
}
