import { checkArray, checkCounts, checkShard, checkShardBytes, parityPoint } from './block.js'
import { combine, type Place } from './combine.js'
import { logarithms } from './field.js'

/**
 * Rebuilds the lost data shards of one block from those that came. No shard is checked: one with wrong bytes makes wrong ones.
 * @param data the data shards of the block in order, undefined where one is lost. Each has `shardBytes`; the last may have fewer. Only read.
 * @param parity the parity shards in order, as far as they are known, undefined where one is lost. Only as many as are needed are read.
 * @param shardBytes bytes of every shard but the last of data.
 * @param rebuilt where to write: for every undefined entry of `data` an array at the same index, the caller's own, of `shardBytes`, or of the
 * real length for the last. It must not overlap what came. Other entries are not looked at. A frame is put together in place when these are views of it.
 * @returns whether all data is there now; when fewer parity shards came than data shards are lost, nothing is written, and it is false.
 * @throws TypeError when a number is out of range, the block has no data or more than `maxShards` shards, or an array is missing or has another length.
 */
export function repairData(
  data: readonly (Uint8Array | undefined)[],
  parity: readonly (Uint8Array | undefined)[],
  shardBytes: number,
  rebuilt: readonly (Uint8Array | undefined)[]
): boolean {
  checkArray('repairData', 'data', data)
  checkArray('repairData', 'parity', parity)
  checkArray('repairData', 'rebuilt', rebuilt)
  checkShardBytes('repairData', shardBytes)
  checkCounts('repairData', data.length, parity.length)
  const sources: Unweighted[] = []
  const lost: Unweighted[] = []
  for (let point = 0; point < data.length; point++) {
    const least = point === data.length - 1 ? 1 : shardBytes
    const bytes = data[point]
    if (bytes === undefined) {
      const target = rebuilt[point]
      checkShard('repairData', 'rebuilt', point, target, least, shardBytes)
      lost.push({ bytes: target, point })
    } else {
      checkShard('repairData', 'data', point, bytes, least, shardBytes)
      sources.push({ bytes, point })
    }
  }
  const used: Unweighted[] = []
  for (let index = 0; index < parity.length; index++) {
    const bytes = parity[index]
    if (bytes === undefined) continue
    checkShard('repairData', 'parity', index, bytes, shardBytes, shardBytes)
    if (used.length < lost.length) used.push({ bytes, point: parityPoint(index) })
  }
  if (used.length < lost.length) return false
  if (lost.length === 0) return true
  sources.push(...used)
  combine(weighted(sources, lost, used), weighted(lost, lost, used), shardBytes)
  return true
}

type Unweighted = Omit<Place, 'weight'>

/*
 * The rows of a Cauchy matrix are those of polynomial interpolation, up to a factor for each shard. So any k shards give every other by the same
 * formula as data gives parity, 1 / (point XOR point), with such factors: for a shard at x the product of (x XOR e) over the points e of lost data,
 * divided by that of (x XOR p) over the points p of the parity that takes its place, x itself left out. No matrix has to be inverted.
 */
function weighted(shards: readonly Unweighted[], lost: readonly Unweighted[], used: readonly Unweighted[]): Place[] {
  return shards.map(({ bytes, point }) => {
    let weight = 0
    // There are as many of one kind as of the other. The logarithm of 0 reads as 0, which leaves the shard itself out.
    for (let index = 0; index < lost.length; index++) {
      weight += logarithms[point ^ lost[index]!.point]! - logarithms[point ^ used[index]!.point]!
    }
    return { bytes, point, weight: ((weight % 255) + 255) % 255 }
  })
}
