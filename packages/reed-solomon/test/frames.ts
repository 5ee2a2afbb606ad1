import fc from 'fast-check'
import { maxShards } from '../src/index.js'

/** Bytes that look random and are the same for the same seed: much cheaper than letting fast-check choose each. */
export function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed | 1
  for (let at = 0; at < length; at++) {
    state = Math.imul(state, 1103515245) + 12345
    bytes[at] = state >>> 16
  }
  return bytes
}

export interface Shape {
  readonly dataShards: number
  readonly parityShards: number
  readonly shardBytes: number
  readonly frame: Uint8Array
}

/** Frames of one block; the last shard is full or short, and the frame a Buffer or a Uint8Array that begins anywhere in its memory. */
export function shapes(limits: { dataShards?: number; parityShards?: number; shardBytes?: number } = {}) {
  return fc
    .record({
      dataShards: fc.integer({ min: 1, max: limits.dataShards ?? maxShards }),
      parityShards: fc.integer({ min: 0, max: limits.parityShards ?? maxShards }),
      shardBytes: fc.integer({ min: 1, max: limits.shardBytes ?? 12 }),
      missing: fc.nat(),
      offset: fc.nat({ max: 9 }),
      isBuffer: fc.boolean(),
      seed: fc.nat()
    })
    .map(({ dataShards, parityShards, shardBytes, missing, offset, isBuffer, seed }): Shape => {
      const length = dataShards * shardBytes - (missing % shardBytes)
      const memory = bytesOf(offset + length + 3, seed)
      const frame = memory.subarray(offset, offset + length)
      return {
        dataShards,
        parityShards: Math.min(parityShards, maxShards - dataShards),
        shardBytes,
        frame: isBuffer ? Buffer.from(frame.buffer, frame.byteOffset, frame.length) : frame
      }
    })
}

/** Arrays for parity that are not zero, so that one that is not written shows. */
export function dirtyShards(count: number, shardBytes: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(shardBytes).fill(0xa5))
}

/** The shards of a frame as views of it, the last as short as it is. */
export function viewsOf(frame: Uint8Array, shardBytes: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(frame.length / shardBytes) }, (_, n) =>
    frame.subarray(n * shardBytes, (n + 1) * shardBytes)
  )
}
