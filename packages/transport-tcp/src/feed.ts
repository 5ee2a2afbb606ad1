import type { EncodedFrame, Stream } from '@streamer/core/plugin'
import { frameMessage, type Payload } from './wire.js'

/** A frame with its place in the stream, as version 2 tells it. */
export interface NumberedFrame {
  readonly frame: EncodedFrame
  /** From 0 on, without end. */
  readonly sequence: number
  /** The core gave it before: the camera gives nothing new. */
  readonly isRepeated: boolean
}

/** A client is given the newest frame or one shortly before it, which others were given already. */
const remembered = 3

/** Keeps the newest frame of one stream as it goes over the wire, so that it is put together once for all clients, and numbers frames. */
export class Feed {
  readonly stream: Stream
  readonly #payload: Payload
  #frame: EncodedFrame | undefined
  #message: Uint8Array = new Uint8Array()
  /** The newest one last. */
  readonly #numbered: NumberedFrame[] = []
  #nextSequence = 0

  constructor(stream: Stream, payload: Payload) {
    this.stream = stream
    this.#payload = payload
  }

  /** Length and bytes of `frame`, for version 1; shared, not to be changed. */
  message(frame: EncodedFrame): Uint8Array {
    if (this.#frame !== frame) {
      this.#message = frameMessage(frame.data, this.#payload)
      this.#frame = frame
    }
    return this.#message
  }

  /** `frame` for a client whose last frame was `last`; -1 before its first. One that the core gives again gets a new number, the same for all clients. */
  number(frame: EncodedFrame, last: number): NumberedFrame {
    const known = this.#numbered.findLast((numbered) => numbered.frame === frame)
    if (known !== undefined && known.sequence > last) return known
    const numbered = { frame, sequence: this.#nextSequence++, isRepeated: known !== undefined }
    this.#numbered.push(numbered)
    if (this.#numbered.length > remembered) this.#numbered.shift()
    return numbered
  }

  /** Lets go of the frames; their numbers go on. */
  clear(): void {
    this.#frame = undefined
    this.#message = new Uint8Array()
    this.#numbered.length = 0
  }
}
