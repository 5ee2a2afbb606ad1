import type { FrameStart } from './wire.js'

/** Chunks that may come before the start of their frame; after more the start is lost, and with it the frame. */
const maxEarly = 64
/** Servers of ours send no smaller chunks (`chunkSize`), others 1200 bytes. So there are not more chunks, each with its costs, than this makes of a frame. */
const leastChunk = 64

/** One frame of which something has come. Only what has come takes memory. */
export class Assembly {
  /** Its number, unwrapped. */
  readonly sequence: number
  /** When something of it came last, by the caller's clock. */
  lastHeardMs = 0
  #start: FrameStart | undefined
  readonly #chunks = new Map<number, Buffer>()
  #bytes = 0
  #highest = -1
  /** Bytes of each chunk but the last; 0 when it is not known. */
  #chunkSize = 0

  constructor(sequence: number) {
    this.sequence = sequence
  }

  get start(): FrameStart | undefined {
    return this.#start
  }

  /** Datagrams of it that have not come, as far as is known. */
  get missing(): number {
    if (this.#start) return this.#start.count - this.#chunks.size
    return 1 + this.#highest + 1 - this.#chunks.size
  }

  /** Whether a start says something that can be true, for a frame of `maxBytes` at most. */
  static isPlausible({ size, count }: FrameStart, maxBytes: number): boolean {
    return size >= 1 && size <= maxBytes && count >= 1 && count <= Math.ceil(size / leastChunk)
  }

  /** @returns false when it had a start already. */
  addStart(start: FrameStart): boolean {
    if (this.#start) return false
    this.#start = start
    const early = [...this.#chunks]
    this.#chunks.clear()
    this.#bytes = 0
    this.#chunkSize = 0
    for (const [index, payload] of early) this.#add(index, payload)
    return true
  }

  /** @returns whether it was new; what does not fit counts as new, and is left out. */
  addChunk(index: number, payload: Buffer): boolean {
    if (this.#chunks.has(index)) return false
    if (this.#start) this.#add(index, payload)
    else if (index < maxEarly) {
      this.#chunks.set(index, payload)
      this.#highest = Math.max(this.#highest, index)
    }
    return true
  }

  /** The bytes of the frame, in memory of their own; undefined as long as some are missing. */
  whole(): Buffer | undefined {
    const start = this.#start
    if (!start || this.#chunks.size < start.count || this.#bytes !== start.size) return undefined
    const data = Buffer.allocUnsafeSlow(start.size)
    let at = 0
    for (let index = 0; index < start.count; index++) at += this.#chunks.get(index)!.copy(data, at)
    return data
  }

  #add(index: number, payload: Buffer): void {
    const { size, count } = this.#start!
    if (index >= count || !this.#fits(index, payload.length, size, count)) return
    this.#chunks.set(index, payload)
    this.#bytes += payload.length
  }

  /** All chunks but the last have one size; the last has the rest. */
  #fits(index: number, length: number, size: number, count: number): boolean {
    if (count === 1) return length === size
    if (index < count - 1) {
      if (this.#chunkSize === 0 && Math.ceil(size / length) === count) this.#chunkSize = length
      return length === this.#chunkSize
    }
    return this.#chunkSize === 0 ? length < size : length === size - (count - 1) * this.#chunkSize
  }
}
