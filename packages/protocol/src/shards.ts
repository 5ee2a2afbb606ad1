/** Data shards of one block at most, so that parity of half as many fits beside them: 170 + 85 = 255. */
const maxBlockData = 170

/** How a frame is cut. */
export interface ShardLayout {
  /** Bytes of every data shard but the last, and of every parity shard. */
  readonly shardBytes: number
  /** Data shards, none of them empty. */
  readonly dataCount: number
  /** Blocks that are coded by themselves; data shard n is in block `n % blocks`. */
  readonly blocks: number
}

/** Cuts `frameSize` bytes into shards of nearly the same size. @param maxShard bytes that fit into one datagram. */
export function shardLayout(frameSize: number, maxShard: number): ShardLayout {
  const shardBytes = Math.max(1, Math.ceil(frameSize / Math.max(1, Math.ceil(frameSize / maxShard))))
  const dataCount = Math.ceil(frameSize / shardBytes)
  return { shardBytes, dataCount, blocks: blocksOf(dataCount) }
}

/** Blocks of a frame of so many data shards, whatever its parity. */
export function blocksOf(dataCount: number): number {
  return Math.max(1, Math.ceil(dataCount / maxBlockData))
}

/** Parity shards that a frame may have: half as many as each block has data shards, rounded up, in each block. */
export function maxParity(dataCount: number): number {
  const blocks = blocksOf(dataCount)
  return blocks * Math.ceil(Math.ceil(dataCount / blocks) / 2)
}

/** Where shard `index` stands: data shards come first, then the first parity shard of each block, then the second of each, and so on. */
export function shardPlace(
  index: number,
  dataCount: number
): { readonly block: number; readonly position: number; readonly isParity: boolean } {
  const blocks = blocksOf(dataCount)
  const isParity = index >= dataCount
  const within = isParity ? index - dataCount : index
  return { block: within % blocks, position: Math.floor(within / blocks), isParity }
}
