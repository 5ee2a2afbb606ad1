import type { Frame } from '../plugin/index.js'

/** Frames on their way to the other thread: a few at a time, and one that waits, the newest. */
export class Outbox {
  readonly #send: (frame: Frame) => void
  readonly #drop: (frame: Frame) => void
  readonly #maxInFlight: number
  #inFlight = 0
  #waiting: Frame | undefined
  /** Delta frames are useless until the next keyframe, once one before them was dropped. */
  #needsKeyframe = false

  /**
   * @param maxInFlight frames that were sent and not yet taken.
   * @param send sends a frame at once.
   * @param drop told of each frame that is not sent; its memory may be given back.
   */
  constructor(maxInFlight: number, send: (frame: Frame) => void, drop: (frame: Frame) => void) {
    this.#maxInFlight = maxInFlight
    this.#send = send
    this.#drop = drop
  }

  offer(frame: Frame): void {
    const isDelta = frame.kind === 'encoded' && !frame.keyframe
    if (!isDelta) this.#needsKeyframe = false
    if (isDelta && this.#needsKeyframe) this.#drop(frame)
    else if (this.#inFlight < this.#maxInFlight) this.#sendNow(frame)
    else if (this.#waiting === undefined) this.#waiting = frame
    else if (isDelta) {
      // What waits is what it builds on.
      this.#needsKeyframe = true
      this.#drop(frame)
    } else {
      this.#drop(this.#waiting)
      this.#waiting = frame
    }
  }

  /** The other thread took one. */
  taken(): void {
    this.#inFlight--
    const frame = this.#waiting
    this.#waiting = undefined
    if (frame) this.#sendNow(frame)
  }

  /** Begins anew, with nothing on its way. */
  clear(): void {
    const frame = this.#waiting
    this.#waiting = undefined
    this.#inFlight = 0
    this.#needsKeyframe = false
    if (frame) this.#drop(frame)
  }

  #sendNow(frame: Frame): void {
    this.#inFlight++
    this.#send(frame)
  }
}
