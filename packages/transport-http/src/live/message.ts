import type { EncodedFrame } from '@streamer/core/plugin'
import { wallClockMs } from '@streamer/core/plugin'
import { BuiltFrames } from '../built-frames.js'

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

/** The messages of one stream's frames. */
export class MessageCache extends BuiltFrames {
  /** @param stream its number in the welcome. */
  constructor(stream: number) {
    super((frame) => buildMessage(frame, stream))
  }
}
