/** Data and parity shards of one block together: 255. */
export const maxShards = 255

/**
 * Data shards of one block, where shard n of a frame belongs to block `n % blocks`.
 * @param shards data shards of the whole frame.
 * @param block which block, from 0.
 * @param blocks how many there are, 1 or more.
 */
export function shardsInBlock(shards: number, block: number, blocks: number): number {
  return Math.max(0, Math.ceil((shards - block) / blocks))
}

/** The point of data shard i in the matrix is i, that of parity shard j is this. */
export function parityPoint(index: number): number {
  return 255 - index
}

/** @throws TypeError when `shardBytes` is no positive integer. */
export function checkShardBytes(call: string, shardBytes: number): void {
  if (!Number.isSafeInteger(shardBytes) || shardBytes < 1) {
    throw new TypeError(`${call}: shardBytes must be a positive integer, not ${shardBytes}`)
  }
}

/** @throws TypeError when `shards` is no array. */
export function checkArray(call: string, name: string, shards: unknown): void {
  if (!Array.isArray(shards)) throw new TypeError(`${call}: ${name} must be an array of Uint8Arrays`)
}

/** @throws TypeError when one block cannot hold as many shards. */
export function checkCounts(call: string, data: number, parity: number): void {
  if (data < 1) throw new TypeError(`${call}: the block has no data`)
  if (data + parity > maxShards) {
    throw new TypeError(`${call}: a block has at most ${maxShards} shards, not ${data} of data and ${parity} of parity`)
  }
}

/**
 * @param least the fewest bytes that it may have; `most` unless it is the last shard of data.
 * @throws TypeError when `shard` is no array of bytes of such a length.
 */
export function checkShard(
  call: string,
  name: string,
  index: number,
  shard: unknown,
  least: number,
  most: number
): asserts shard is Uint8Array {
  if (!(shard instanceof Uint8Array)) throw new TypeError(`${call}: ${name}[${index}] must be a Uint8Array`)
  if (shard.length >= least && shard.length <= most) return
  const expected = least === most ? `${most}` : `${least} to ${most}`
  throw new TypeError(`${call}: ${name}[${index}] must have ${expected} bytes, not ${shard.length}`)
}
