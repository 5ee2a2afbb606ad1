import type { EncodedFrame, Stream } from '@streamer/core/plugin'
import { frameMessage, type Payload } from './wire.js'

/** Keeps the newest frame of one stream as it goes over the wire, so that it is put together once for all clients. */
export class Feed {
  readonly stream: Stream
  readonly #payload: Payload
  #frame: EncodedFrame | undefined
  #message: Uint8Array = new Uint8Array()

  constructor(stream: Stream, payload: Payload) {
    this.stream = stream
    this.#payload = payload
  }

  /** Length and bytes of `frame`; shared, not to be changed. */
  message(frame: EncodedFrame): Uint8Array {
    if (this.#frame !== frame) {
      this.#message = frameMessage(frame.data, this.#payload)
      this.#frame = frame
    }
    return this.#message
  }

  /** Lets go of the frame. */
  clear(): void {
    this.#frame = undefined
    this.#message = new Uint8Array()
  }
}
