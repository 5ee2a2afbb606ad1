import { ByteCollector } from '../../byte-collector.js'

const lengthBytes = 8
/** No picture is larger: it is no stream of frames at all. A frame up to this is read past. */
const maxSkippedBytes = 1024 * 1024 * 1024

export interface FrameReaderOptions {
  /** A frame of more is read past, without being kept. Bytes. */
  readonly maxBytes: number
  /** The payload of a frame; the taker's own. */
  readonly onFrame: (payload: Buffer) => void
  readonly onRefused: () => void
}

/** Frames of the TCP protocol, version 1: a length of eight bytes, little-endian, and so many bytes (`docs/protocols/tcp.md`). */
export class FrameReader {
  readonly #options: FrameReaderOptions
  readonly #length = Buffer.alloc(lengthBytes)
  #lengthFilled = 0
  #body: ByteCollector | undefined
  /** Bytes of a refused frame that are still to come. */
  #left = 0

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /**
   * Takes the next bytes, and hands out each frame that they complete.
   * @throws RangeError for a length that no frame has: what comes is not this protocol, and nothing can be read after it.
   */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) at = this.#skip(chunk, at)
      else if (this.#body) at = this.#takeBody(this.#body, chunk, at)
      else at = this.#takeLength(chunk, at)
    }
  }

  #skip(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    return end
  }

  #takeBody(body: ByteCollector, chunk: Buffer, at: number): number {
    const end = body.push(chunk, at)
    const { whole } = body
    if (whole) {
      this.#body = undefined
      this.#options.onFrame(whole)
    }
    return end
  }

  #takeLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + lengthBytes - this.#lengthFilled)
    chunk.copy(this.#length, this.#lengthFilled, at, end)
    this.#lengthFilled += end - at
    if (this.#lengthFilled < lengthBytes) return end
    this.#lengthFilled = 0
    const length = Number(this.#length.readBigUInt64LE())
    if (length > maxSkippedBytes) throw new RangeError(`a frame of ${length} bytes`)
    if (length > this.#options.maxBytes) {
      this.#options.onRefused()
      this.#left = length
    } else if (length > 0) this.#body = new ByteCollector(length)
    else this.#options.onRefused()
    return end
  }
}
