/** Microseconds wrap at 2^48 on the wire: after nine years of a machine being up. */
const timeCycle = 2 ** 48
/** Bytes of a time. */
export const timeLength = 6

/** Writes a time in microseconds; returns the offset after it. */
export function writeTime(target: Buffer, timeUs: number, at: number): number {
  return target.writeUIntLE(((Math.round(timeUs) % timeCycle) + timeCycle) % timeCycle, at, timeLength)
}

/** Reads a time in microseconds. */
export function readTime(bytes: Buffer, at: number): number {
  return bytes.readUIntLE(at, timeLength)
}

/** A text with a byte before it that says how many bytes it has. @throws RangeError when they are more than 255. */
export function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length > 255) throw new RangeError(`a name has at most 255 bytes, not ${bytes.length}`)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

/** Reads pieces that have their lengths before them, one after the other. Remembers whether one was cut off. */
export class ShortPieces {
  readonly #bytes: Buffer
  #at: number
  #isCut = false

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  /** Offset of the next piece, with its length. */
  get at(): number {
    return this.#at
  }

  /** All pieces were there, and nothing follows. */
  get isWhole(): boolean {
    return !this.#isCut && this.#at === this.#bytes.length
  }

  next(): Buffer {
    const length = this.#bytes[this.#at]
    if (length === undefined || this.#at + 1 + length > this.#bytes.length) {
      this.#isCut = true
      return Buffer.alloc(0)
    }
    const begin = this.#at + 1
    this.#at = begin + length
    return this.#bytes.subarray(begin, this.#at)
  }
}
