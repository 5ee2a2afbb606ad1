import type { EncodedFrame } from '@streamer/core/plugin'
import { wallClockMs } from '@streamer/core/plugin'

/** Bytes before the JPEG. They begin with their own length, so that later versions can add to them. */
export const headBytes = 16
/** Flag: a drawn picture in place of the camera's. */
export const placeholderFlag = 1

/** One binary message: the head, then the JPEG. The caller owns the result; the bytes of the frame are copied. */
export function buildMessage(frame: EncodedFrame, stream: number): Buffer {
  const { data } = frame
  const message = Buffer.allocUnsafeSlow(headBytes + data.byteLength)
  message.writeUInt8(headBytes, 0)
  message.writeUInt8(frame.placeholder ? placeholderFlag : 0, 1)
  message.writeUInt16LE(stream, 2)
  message.writeUInt32LE(frame.sequence >>> 0, 4)
  message.writeDoubleLE(wallClockMs(frame.timestampUs), 8)
  message.set(data, headBytes)
  return message
}

/** The messages of one stream, each built once for all clients; as `PartCache` it keeps two. */
export class MessageCache {
  readonly #stream: number
  #frame: EncodedFrame | undefined
  #message: Buffer | undefined
  #olderFrame: EncodedFrame | undefined
  #olderMessage: Buffer | undefined

  /** @param stream its number in the welcome. */
  constructor(stream: number) {
    this.#stream = stream
  }

  /** The bytes to send for `frame`; shared, so nobody changes them. */
  messageOf(frame: EncodedFrame): Buffer {
    if (frame === this.#frame) return this.#message!
    if (frame === this.#olderFrame) return this.#olderMessage!
    this.#olderFrame = this.#frame
    this.#olderMessage = this.#message
    this.#frame = frame
    this.#message = buildMessage(frame, this.#stream)
    return this.#message
  }

  /** Forgets the frames, so that nothing is held while nobody watches. */
  clear(): void {
    this.#frame = this.#message = this.#olderFrame = this.#olderMessage = undefined
  }
}
