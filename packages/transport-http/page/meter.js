/** Seconds that the plot shows. */
export const historySeconds = 180

/** A second of which nothing is known. */
const gap = { framerate: undefined, delayMs: undefined, bitsPerSecond: 0, isShown: false }

/** What a viewer sees of one stream: frames, delay, bytes and drops, second by second. */
export class Meter {
  /**
   * One entry for each second gone by, the newest last: `{ framerate, delayMs, bitsPerSecond, isShown }`; `framerate` is undefined when nobody looked,
   * `delayMs` when no frame of the camera came, and `isShown` is whether anything did.
   */
  history = []
  drops = 0
  #frames = 0
  #shown = 0
  #bytes = 0
  #delays = 0
  #delayed = 0
  #sequence = -1

  /** So many bytes came, whatever becomes of them. */
  came(bytes) {
    this.#bytes += bytes
  }

  /**
   * Something was shown.
   * @param isOwn whether it is a frame of the camera, and not its last one again or a drawn one.
   * @param delayMs from the camera to the screen, undefined when it is not known; `sequence` as the server counts, undefined likewise.
   */
  shown(isOwn, delayMs, sequence) {
    this.#shown++
    if (!isOwn) return
    this.#frames++
    if (delayMs !== undefined) {
      this.#delays += Math.max(0, delayMs)
      this.#delayed++
    }
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
    this.#add({
      framerate: this.#frames / seconds,
      delayMs: this.#delayed > 0 ? this.#delays / this.#delayed : undefined,
      bitsPerSecond: (this.#bytes * 8) / seconds,
      isShown: this.#shown > 0
    })
  }

  /** Nobody looked for so many seconds. */
  rest(seconds) {
    for (let second = 0; second < Math.min(seconds, historySeconds); second++) this.#add(gap)
  }

  /** The last second. */
  get now() {
    return this.history.at(-1) ?? gap
  }

  #add(second) {
    this.history.push(second)
    if (this.history.length > historySeconds) this.history.shift()
    this.#frames = this.#shown = this.#bytes = this.#delays = this.#delayed = 0
  }
}
