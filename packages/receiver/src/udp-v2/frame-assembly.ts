import { type Data, expandNumber } from '@streamer/protocol'
import { DueFrames } from './due-frames.js'
import { PartialFrame } from './partial-frame.js'

/** Frames that are not whole, without and with time to wait for lost pieces. */
const maxFramesAtOnce = 8
const maxFramesWithDelay = 64
/** Bytes of all of them, where `maxFrameBytes` is not much. */
const leastMaxBytes = 8 * 1024 * 1024
/** Unwrapped numbers begin one cycle up, so that older frames than the first one have numbers too. */
const cycle = 0x1_0000_0000

export interface AssemblyOptions {
  /** A frame that says it is larger is refused. */
  readonly maxFrameBytes: number
  /** How long frames wait for their time; 0 is not at all. */
  readonly delayMs: number
}

/** A frame of which everything is there. */
export interface WholeFrame {
  /** With more than its 32 bits. */
  readonly id: number
  /** Its own memory. */
  readonly data: Uint8Array
  readonly captureUs: number
  /** By parity, or by datagrams that were asked for again. */
  readonly isRepaired: boolean
  /** The picture before once more. */
  readonly isRepeated: boolean
}

/** What became of frames and shards. */
export interface AssemblyCounts {
  whole: number
  /** Something of them came, but not enough, or not in time. */
  lost: number
  /** Larger than allowed. */
  refused: number
  duplicates: number
}

/** Puts frames together, a few at a time. Frames come out as soon as they are whole; those before one that was handed out are given up. */
export class FrameAssembly {
  readonly counts: AssemblyCounts = { whole: 0, lost: 0, refused: 0, duplicates: 0 }
  readonly #maxFrameBytes: number
  readonly #maxFrames: number
  readonly #maxBytes: number
  readonly #due: DueFrames
  readonly #frames = new Map<number, PartialFrame>()
  #bytes = 0
  /** One above the newest id; undefined before the first frame. */
  #next: number | undefined
  /** Frames up to this one are over. */
  #floor = -1
  #refused = -1

  constructor({ maxFrameBytes, delayMs }: AssemblyOptions) {
    this.#maxFrameBytes = maxFrameBytes
    this.#maxFrames = delayMs === 0 ? maxFramesAtOnce : maxFramesWithDelay
    this.#maxBytes = Math.max(2 * maxFrameBytes, leastMaxBytes)
    this.#due = new DueFrames(delayMs)
  }

  /** Frames that are not whole. */
  get frames(): Iterable<PartialFrame> {
    return this.#frames.values()
  }

  /** How many there are, and how many bytes they take, roughly. */
  get size(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#frames.size, bytes: this.#bytes }
  }

  /** When something newer is handed out, so that the frame is of no use any more. */
  uselessMs(frame: PartialFrame): number {
    return this.#due.newerThan(frame.id)
  }

  /**
   * Takes the shard of a datagram, which is kept.
   * @returns the frame, when it is whole with it.
   */
  add(data: Data, packetNumber: number, nowMs: number): WholeFrame | undefined {
    this.settle(nowMs)
    const id = expandNumber(data.frameId, this.#next ?? data.frameId + cycle)
    if (id <= this.#floor || this.#due.has(id)) return undefined
    if (data.frameSize > this.#maxFrameBytes) {
      if (id > this.#refused) this.counts.refused++
      this.#refused = Math.max(this.#refused, id)
      return undefined
    }
    const frame = this.#frames.get(id) ?? this.#begin(id, data, packetNumber, nowMs)
    if (!frame?.agrees(data)) return undefined
    const before = frame.weight
    if (frame.add(data, packetNumber, nowMs) === 'duplicate') this.counts.duplicates++
    this.#bytes += frame.weight - before
    if (frame.isWhole) return this.#finish(frame, nowMs)
    while (this.#bytes > this.#maxBytes && this.#frames.size > 1) this.#giveUp(this.#oldest())
    return undefined
  }

  /** Gives up what is older than a frame whose time has come. */
  settle(nowMs: number): void {
    const newest = this.#due.take(nowMs)
    if (newest === undefined) return
    this.#floor = Math.max(this.#floor, newest)
    for (const frame of this.#frames.values()) if (frame.id < newest) this.#giveUp(frame)
  }

  #begin(id: number, data: Data, packetNumber: number, nowMs: number): PartialFrame | undefined {
    this.#next = Math.max(this.#next ?? 0, id + 1)
    if (this.#frames.size >= this.#maxFrames) {
      const oldest = this.#oldest()
      if (oldest.id > id) return undefined
      this.#giveUp(oldest)
    }
    const frame = new PartialFrame(id, data, nowMs)
    for (const other of this.#frames.values()) {
      if (other.id < id) other.newerNumber = Math.min(other.newerNumber ?? packetNumber, packetNumber)
    }
    this.#frames.set(id, frame)
    this.#bytes += frame.weight
    return frame
  }

  #finish(frame: PartialFrame, nowMs: number): WholeFrame {
    this.#forget(frame)
    this.counts.whole++
    this.#due.add(frame.id, frame.captureUs, nowMs)
    this.settle(nowMs)
    const data = frame.assemble()
    return {
      id: frame.id,
      data,
      captureUs: frame.captureUs,
      isRepaired: frame.isRepaired,
      isRepeated: frame.isRepeated
    }
  }

  /** What comes of it later begins no new frame. */
  #giveUp(frame: PartialFrame): void {
    this.#forget(frame)
    this.counts.lost++
    this.#floor = Math.max(this.#floor, frame.id)
  }

  #forget(frame: PartialFrame): void {
    this.#frames.delete(frame.id)
    this.#bytes -= frame.weight
  }

  #oldest(): PartialFrame {
    let oldest: PartialFrame | undefined
    for (const frame of this.#frames.values()) if (oldest === undefined || frame.id < oldest.id) oldest = frame
    return oldest!
  }
}
