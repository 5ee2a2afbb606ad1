import { checkArray, checkCounts, checkShard, checkShardBytes, parityPoint, shardsInBlock } from './block.js'
import { combine, type Place } from './combine.js'

/**
 * Makes the parity of one block of a frame. Parity shard j is the same however many are made, so that the first few serve a client that needs fewer.
 *
 * A frame with more shards than fit into one block is made of several, interleaved so that a burst of losses is spread over them: shard n, the bytes from
 * `n * shardBytes` on, belongs to block `n % blocks`. Call this once for each block.
 * @param data the whole frame. The last shard may be short, and counts as filled up with zeros. Only read; nothing of it is kept.
 * @param shardBytes bytes of every other shard.
 * @param parity where to write: the parity shards in order, `shardBytes` each, the caller's own. They must not overlap `data`. None is allowed.
 * @param block which block, from 0. Default: 0.
 * @param blocks how many blocks the frame has. Default: 1.
 * @throws TypeError when a number is out of range, the block has no data or would have more than `maxShards` shards, or a parity shard has another length.
 */
export function encodeParity(
  data: Uint8Array,
  shardBytes: number,
  parity: readonly Uint8Array[],
  block = 0,
  blocks = 1
): void {
  if (!(data instanceof Uint8Array)) throw new TypeError('encodeParity: data must be a Uint8Array')
  checkArray('encodeParity', 'parity', parity)
  checkShardBytes('encodeParity', shardBytes)
  if (!Number.isSafeInteger(blocks) || blocks < 1) {
    throw new TypeError(`encodeParity: blocks must be a positive integer, not ${blocks}`)
  }
  if (!Number.isSafeInteger(block) || block < 0 || block >= blocks) {
    throw new TypeError(`encodeParity: block must be an integer from 0 to ${blocks - 1}, not ${block}`)
  }
  const count = shardsInBlock(Math.ceil(data.length / shardBytes), block, blocks)
  checkCounts('encodeParity', count, parity.length)

  const targets: Place[] = []
  for (let index = 0; index < parity.length; index++) {
    const bytes = parity[index]
    checkShard('encodeParity', 'parity', index, bytes, shardBytes, shardBytes)
    targets.push({ bytes, point: parityPoint(index), weight: 0 })
  }
  const sources: Place[] = []
  for (let index = 0; index < count; index++) {
    const from = (block + index * blocks) * shardBytes
    sources.push({ bytes: data.subarray(from, from + shardBytes), point: index, weight: 0 })
  }
  combine(sources, targets, shardBytes)
}
