/** Reserved at once; more only when so much has come. */
const firstBytes = 64 * 1024

/**
 * Puts a frame of known length together. What it reserves is at most twice what has come (and 64 KiB), whatever length was declared, and
 * the result has exactly that length.
 */
export class ByteCollector {
  readonly #length: number
  #bytes: Buffer
  #filled = 0

  /** @param length bytes, 1 and up. */
  constructor(length: number) {
    this.#length = length
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(length, firstBytes))
  }

  /** The whole frame; undefined as long as bytes are missing. Nothing may be pushed after that. */
  get whole(): Buffer | undefined {
    return this.#filled === this.#length ? this.#bytes : undefined
  }

  /** Copies from `chunk`, from the offset `from` on. @returns the offset of the first byte that is not of this frame. */
  push(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.#length - this.#filled)
    this.#reserve(this.#filled + end - from)
    chunk.copy(this.#bytes, this.#filled, from, end)
    this.#filled += end - from
    return end
  }

  #reserve(needed: number): void {
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(needed, 2 * this.#bytes.length)))
    this.#bytes.copy(larger, 0, 0, this.#filled)
    this.#bytes = larger
  }
}
