import type { EncodedFrame, Stream } from '@streamer/core/plugin'
import { maxParity, type ShardLayout, shardLayout } from '@streamer/protocol'
import { encodeParity } from '@streamer/reed-solomon'

/** For how long a frame can be asked for again, and how much memory all of them may take. */
const keptMs = 1000
const maxKeptBytes = 32 * 1024 * 1024

/** One frame, cut for datagrams of one length; shared by all clients that take these. */
export class ShardedFrame {
  readonly id: number
  readonly frame: EncodedFrame
  readonly isRepeated: boolean
  readonly layout: ShardLayout
  readonly #data: readonly Uint8Array[]
  /** By index behind the data, those that were made. */
  #parity: Uint8Array[] = []

  constructor(id: number, frame: EncodedFrame, isRepeated: boolean, layout: ShardLayout) {
    this.id = id
    this.frame = frame
    this.isRepeated = isRepeated
    this.layout = layout
    const { dataCount, shardBytes } = layout
    this.#data = Array.from({ length: dataCount }, (_, index) =>
      frame.data.subarray(index * shardBytes, (index + 1) * shardBytes)
    )
  }

  /** Makes parity, unless as much of it is there already. @param count shards, at most what `maxParity` says. */
  prepare(count: number): void {
    const { dataCount, shardBytes, blocks } = this.layout
    const wanted = Math.min(count, maxParity(dataCount))
    if (this.#parity.length >= wanted) return
    const memory = new Uint8Array(wanted * shardBytes)
    const parity = Array.from({ length: wanted }, (_, index) =>
      memory.subarray(index * shardBytes, (index + 1) * shardBytes)
    )
    for (let block = 0; block < blocks; block++) {
      const own = parity.filter((_, index) => index % blocks === block)
      encodeParity(this.frame.data, shardBytes, own, block, blocks)
    }
    this.#parity = parity
  }

  /** A shard, of data or of the parity that was prepared; undefined beyond it. Shared, not to be changed. */
  shard(index: number): Uint8Array | undefined {
    const { dataCount } = this.layout
    return index < dataCount ? this.#data[index] : this.#parity[index - dataCount]
  }
}

interface Kept {
  readonly id: number
  readonly frame: EncodedFrame
  readonly isRepeated: boolean
  readonly atMs: number
  /** By bytes that a shard may have. */
  readonly cuts: Map<number, ShardedFrame>
}

/** Numbers the frames of one stream for version 2, cuts each once for all clients, and keeps those of the last second. */
export class ShardedFrames {
  readonly stream: Stream
  /** Its place among the streams. */
  readonly number: number
  readonly #kept: Kept[] = []
  #nextId = 0
  #keptBytes = 0

  constructor(stream: Stream, number: number) {
    this.stream = stream
    this.number = number
  }

  /**
   * `frame` as it is sent to a client that got the frame with `lastId` before (-1 for none). A frame that the core gives again, because the source is silent,
   * gets a new number.
   */
  cut(frame: EncodedFrame, lastId: number, maxShard: number, nowMs: number): ShardedFrame {
    // From the newest on: a client is given the newest frame, or the one before it.
    for (let index = this.#kept.length - 1; index >= 0 && index >= this.#kept.length - 3; index--) {
      const kept = this.#kept[index]!
      if (kept.frame === frame && kept.id > lastId) return this.#cutOf(kept, maxShard)
    }
    const isRepeated = this.#kept.some((kept) => kept.frame === frame)
    const kept = { id: this.#nextId++, frame, isRepeated, atMs: nowMs, cuts: new Map<number, ShardedFrame>() }
    this.#kept.push(kept)
    this.#keptBytes += frame.data.length
    this.#forgetOld(nowMs)
    return this.#cutOf(kept, maxShard)
  }

  /** Frames with lower numbers than this are not kept any more. */
  get oldestId(): number {
    return this.#kept[0]?.id ?? this.#nextId
  }

  /** Lets go of the frames; their numbers go on. */
  clear(): void {
    this.#kept.length = 0
    this.#keptBytes = 0
  }

  #cutOf(kept: Kept, maxShard: number): ShardedFrame {
    let cut = kept.cuts.get(maxShard)
    if (cut === undefined) {
      cut = new ShardedFrame(kept.id, kept.frame, kept.isRepeated, shardLayout(kept.frame.data.length, maxShard))
      kept.cuts.set(maxShard, cut)
    }
    return cut
  }

  #forgetOld(nowMs: number): void {
    while (this.#kept.length > 1) {
      const oldest = this.#kept[0]!
      if (nowMs - oldest.atMs < keptMs && this.#keptBytes <= maxKeptBytes) return
      this.#kept.shift()
      this.#keptBytes -= oldest.frame.data.length
    }
  }
}
