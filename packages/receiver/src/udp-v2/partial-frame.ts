import { blocksOf, type Data, DataFlag } from '@streamer/protocol'
import { repairData, shardsInBlock } from '@streamer/reed-solomon'

/** What a kept shard costs besides its bytes: about what V8 takes for a view and its entry in a map. */
const shardCost = 256
/** How many datagrams with the highest indices are remembered with their packet numbers: as many as it takes to call an earlier one lost. */
const maxAnchors = 3

/** What became of a shard: it was taken, it was there already, or its block is whole without it. */
export type ShardFate = 'taken' | 'duplicate' | 'surplus'

/** One frame of which something came. What it keeps is in proportion to that, whatever size was declared. */
export class PartialFrame {
  /** With more than its 32 bits. */
  readonly id: number
  readonly size: number
  readonly dataCount: number
  readonly captureUs: number
  /** The picture before once more. */
  readonly isRepeated: boolean
  readonly blocks: number
  readonly #shardBytes: number
  readonly #shards = new Map<number, Buffer>()
  readonly #inBlock: Uint8Array
  readonly #anchors: Array<{ readonly index: number; readonly packetNumber: number }> = []
  #parityCount: number
  #openBlocks: number
  #isRepaired = false
  /** Bytes that it takes, roughly. */
  weight = shardCost
  /** When the last new shard came. */
  lastMs: number
  /** The first datagram that was seen of any newer frame: all of this one was sent before. */
  newerNumber: number | undefined

  constructor(id: number, data: Data, nowMs: number) {
    this.id = id
    this.size = data.frameSize
    this.dataCount = data.dataCount
    this.captureUs = data.captureUs
    this.isRepeated = (data.flags & DataFlag.repeated) !== 0
    this.blocks = blocksOf(data.dataCount)
    this.#shardBytes = Math.ceil(data.frameSize / data.dataCount)
    this.#inBlock = new Uint8Array(this.blocks)
    this.#parityCount = data.parityCount
    this.#openBlocks = this.blocks
    this.lastMs = nowMs
  }

  get isWhole(): boolean {
    return this.#openBlocks === 0
  }

  /** Made whole by parity, or by a datagram that was asked for again. Known once it was assembled. */
  get isRepaired(): boolean {
    return this.#isRepaired
  }

  /** Data and parity shards that the server sends. */
  get shardCount(): number {
    return this.dataCount + this.#parityCount
  }

  /** Shards that it lacks, of whichever kind. */
  get lackingInAll(): number {
    return this.dataCount - this.#shards.size
  }

  has(index: number): boolean {
    return this.#shards.has(index)
  }

  /** Shards that `block` still lacks, of whichever kind. */
  lacking(block: number): number {
    return shardsInBlock(this.dataCount, block, this.blocks) - this.#inBlock[block]!
  }

  /** Indices of the shards of a block that did not come: data, then parity. */
  *missing(block: number): Generator<number> {
    for (let index = block; index < this.dataCount; index += this.blocks) if (!this.has(index)) yield index
    for (let index = this.dataCount + block; index < this.shardCount; index += this.blocks)
      if (!this.has(index)) yield index
  }

  /** Whether the datagram is of this frame as its first one described it. */
  agrees({ frameSize, dataCount, captureUs }: Data): boolean {
    return frameSize === this.size && dataCount === this.dataCount && captureUs === this.captureUs
  }

  /** Takes a shard of a frame that is not whole. @param data that `agrees`; its bytes are kept as they are. */
  add(data: Data, packetNumber: number, nowMs: number): ShardFate {
    const { index } = data
    const isResent = (data.flags & DataFlag.resent) !== 0
    // One that was asked for again says nothing about how much more is on its way.
    const parityCount = isResent ? index + 1 - this.dataCount : data.parityCount
    this.#parityCount = Math.max(this.#parityCount, parityCount)
    if (this.#shards.has(index)) return 'duplicate'
    this.lastMs = nowMs
    if (!isResent) this.#remember(index, packetNumber)
    const block = (index < this.dataCount ? index : index - this.dataCount) % this.blocks
    if (this.lacking(block) === 0) return 'surplus'
    this.#shards.set(index, data.shard)
    this.weight += data.shard.length + shardCost
    this.#isRepaired ||= isResent
    this.#inBlock[block]!++
    if (this.lacking(block) === 0) this.#openBlocks--
    return 'taken'
  }

  /**
   * The highest index that was sent before the datagram with that number; -1 when none is known. Shards are sent in the order of their indices, and frames one
   * after the other; those that were asked for again say nothing.
   */
  sentBefore(packetNumber: number): number {
    if (this.newerNumber !== undefined && this.newerNumber <= packetNumber) return this.shardCount - 1
    return this.#anchors.find((anchor) => anchor.packetNumber <= packetNumber)?.index ?? -1
  }

  /** All bytes of the frame, which is whole, in memory of their own. */
  assemble(): Uint8Array {
    // Every byte is written: by a shard that came, or by repair.
    const frame = Buffer.allocUnsafeSlow(this.size)
    let dataShards = 0
    for (const [index, bytes] of this.#shards) {
      if (index >= this.dataCount) continue
      bytes.copy(frame, index * this.#shardBytes)
      dataShards++
    }
    if (dataShards === this.dataCount) return frame
    this.#isRepaired = true
    for (let block = 0; block < this.blocks; block++) this.#repair(frame, block)
    return frame
  }

  #remember(index: number, packetNumber: number): void {
    const at = this.#anchors.findIndex((anchor) => anchor.index < index)
    this.#anchors.splice(at < 0 ? this.#anchors.length : at, 0, { index, packetNumber })
    if (this.#anchors.length > maxAnchors) this.#anchors.pop()
  }

  #repair(frame: Buffer, block: number): void {
    const data: Array<Buffer | undefined> = []
    const rebuilt: Array<Buffer | undefined> = []
    const parity: Array<Buffer | undefined> = []
    for (let index = block; index < this.dataCount; index += this.blocks) {
      const view = frame.subarray(index * this.#shardBytes, Math.min((index + 1) * this.#shardBytes, this.size))
      data.push(this.has(index) ? view : undefined)
      rebuilt.push(this.has(index) ? undefined : view)
    }
    if (!data.includes(undefined)) return
    for (let index = this.dataCount + block; index < this.shardCount; index += this.blocks) {
      parity.push(this.#shards.get(index))
    }
    repairData(data, parity, this.#shardBytes, rebuilt)
  }
}
