import { readTime, writeTime } from './numbers.js'
import { blocksOf } from './shards.js'

/** Bytes before the shard in the body of a `data` datagram. */
export const dataHeadLength = 26

/** Bits of `flags`. */
export const DataFlag = {
  /** The same picture as the frame before: the camera is silent. */
  repeated: 1,
  /** A datagram that was asked for again. */
  resent: 2
} as const

/** What stands before the shard. */
export interface DataHead {
  /** Counts the frames of a stream; wraps at 2^32. */
  readonly frameId: number
  /** Bytes of the whole frame, 1 or more. */
  readonly frameSize: number
  readonly stream: number
  readonly flags: number
  /** Which shard: below `dataCount` data, from there on parity. */
  readonly index: number
  readonly dataCount: number
  /** Parity shards that this client is sent of this frame. */
  readonly parityCount: number
  /** When the picture was taken, microseconds of the server's monotonic clock. */
  readonly captureUs: number
  /** When the datagram was sent, by the same clock; the lower 32 bits. */
  readonly sendUs: number
}

/** A data datagram as it was read. */
export interface Data extends DataHead {
  /** A view of the body. */
  readonly shard: Buffer
  /** Bytes of a full shard, as far as this one tells: undefined for the last data shard, which may be shorter. */
  readonly shardBytes: number | undefined
}

const indexAt = 10
const captureAt = 16
const sendAt = 22

/** Writes the head of one shard. */
export function writeDataHead(head: DataHead): Buffer {
  const bytes = Buffer.allocUnsafe(dataHeadLength)
  bytes.writeUInt32LE(head.frameId >>> 0, 0)
  bytes.writeUInt32LE(head.frameSize, 4)
  bytes[8] = head.stream
  bytes[9] = head.flags
  bytes.writeUInt16LE(head.index, indexAt)
  bytes.writeUInt16LE(head.dataCount, 12)
  bytes.writeUInt16LE(head.parityCount, 14)
  writeTime(bytes, head.captureUs, captureAt)
  bytes.writeUInt32LE(head.sendUs >>> 0, sendAt)
  return bytes
}

/** Makes what `writeDataHead` gave the head of another shard of the same frame. */
export function setShardIndex(head: Buffer, index: number): void {
  head.writeUInt16LE(index, indexAt)
}

/** Reads the body of a data datagram; undefined when its numbers do not fit together. Nothing is reserved for what it declares. */
export function readData(body: Buffer): Data | undefined {
  if (body.length <= dataHeadLength) return undefined
  const frameSize = body.readUInt32LE(4)
  const index = body.readUInt16LE(indexAt)
  const dataCount = body.readUInt16LE(12)
  const parityCount = body.readUInt16LE(14)
  if (frameSize === 0 || dataCount === 0 || index >= dataCount + parityCount) return undefined
  // A block of the code has at most 255 shards, data and parity together.
  const blocks = blocksOf(dataCount)
  if (Math.ceil(dataCount / blocks) + Math.ceil(parityCount / blocks) > 255) return undefined
  const shard = body.subarray(dataHeadLength)
  const isLast = index === dataCount - 1
  if (!fits(shard.length, isLast, frameSize, dataCount)) return undefined
  return {
    frameId: body.readUInt32LE(0),
    frameSize,
    stream: body[8]!,
    flags: body[9]!,
    index,
    dataCount,
    parityCount,
    captureUs: readTime(body, captureAt),
    sendUs: body.readUInt32LE(sendAt),
    shard,
    shardBytes: isLast ? undefined : shard.length
  }
}

/** The size of the shards follows from the size of the frame and their number; a frame where it would not come out even is refused. */
function fits(length: number, isLast: boolean, frameSize: number, dataCount: number): boolean {
  const shardBytes = Math.ceil(frameSize / dataCount)
  if (Math.ceil(frameSize / shardBytes) !== dataCount) return false
  return length === (isLast ? frameSize - (dataCount - 1) * shardBytes : shardBytes)
}
