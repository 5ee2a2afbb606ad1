import type { WaitingFrame } from './frame.js'

/** A second of pictures at most rates. */
const maxFrames = 30
const maxBytes = 64 * 1024 * 1024

/** Frames that wait for the consumer. It is bounded, and the newest win: what is too much goes from the old end. */
export class FrameQueue {
  #frames: WaitingFrame[] = []
  #bytes = 0
  /** Frames that had to go for newer ones. */
  dropped = 0

  push(frame: WaitingFrame): void {
    this.#frames.push(frame)
    this.#bytes += frame.data.length
    while (this.#frames.length > maxFrames || (this.#bytes > maxBytes && this.#frames.length > 1)) {
      this.take()
      this.dropped++
    }
  }

  /** The oldest, or undefined. */
  take(): WaitingFrame | undefined {
    const frame = this.#frames.shift()
    if (frame) this.#bytes -= frame.data.length
    return frame
  }

  clear(): void {
    this.#frames = []
    this.#bytes = 0
  }
}
