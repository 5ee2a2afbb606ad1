import { pickledLength, pickleHead, pickleHeadLength, pickleTail } from '@streamer/numpy-pickle'

/** What stands for a frame on the wire. */
export type Payload = 'pickle' | 'jpeg'

/** Bytes of the length before each frame: an unsigned 64-bit integer, little-endian. */
const lengthBytes = 8

/**
 * One frame as it goes over the wire: its length, then its bytes, in one new buffer into which they are copied once.
 * @param data the JPEG; not kept.
 * @throws RangeError when the frame is longer than a pickle can say (2 GiB).
 */
export function frameMessage(data: Uint8Array, payload: Payload): Uint8Array {
  const pickled = payload === 'pickle'
  const size = pickled ? pickledLength(data.length) : data.length
  const message = Buffer.allocUnsafeSlow(lengthBytes + size)
  message.writeUInt32LE(size >>> 0)
  message.writeUInt32LE(Math.floor(size / 0x1_0000_0000), 4)
  if (pickled) {
    message.set(pickleHead(data.length), lengthBytes)
    message.set(data, lengthBytes + pickleHeadLength)
    message.set(pickleTail, message.length - pickleTail.length)
  } else message.set(data, lengthBytes)
  return message
}
