import type { EncodedFrame } from '@streamer/core/plugin'

/**
 * What goes out for the frames of one stream, each built once for all clients. It keeps two: a client with a limited rate may take
 * the frame before the newest one after others took the newest.
 */
export class BuiltFrames {
  readonly #build: (frame: EncodedFrame) => Buffer
  #frame: EncodedFrame | undefined
  #bytes: Buffer | undefined
  #olderFrame: EncodedFrame | undefined
  #olderBytes: Buffer | undefined
  #built = 0

  constructor(build: (frame: EncodedFrame) => Buffer) {
    this.#build = build
  }

  /** How many were built so far. */
  get built(): number {
    return this.#built
  }

  /** The bytes to send for `frame`; shared, so nobody changes them. */
  of(frame: EncodedFrame): Buffer {
    if (frame === this.#frame) return this.#bytes!
    if (frame === this.#olderFrame) return this.#olderBytes!
    this.#olderFrame = this.#frame
    this.#olderBytes = this.#bytes
    this.#frame = frame
    this.#bytes = this.#build(frame)
    this.#built++
    return this.#bytes
  }

  /** Forgets the frames, so that nothing is held while nobody watches. */
  clear(): void {
    this.#frame = this.#bytes = this.#olderFrame = this.#olderBytes = undefined
  }
}
