import { open, seal, tagLength } from './aead.js'
import { magic, version } from './datagram.js'
import type { DirectionKeys } from './keys.js'

/** What a record of the TCP protocol is, in the lower half of its second byte. */
export const RecordType = { hello: 1, ping: 2, proof: 4, welcome: 9, refused: 10, frame: 11, clock: 12 } as const

/** One of `RecordType`. */
export type RecordTypeNumber = (typeof RecordType)[keyof typeof RecordType]

/** Bytes before the body of every record. */
export const recordHeaderLength = 8

/** A record as it was read. */
export interface ProtocolRecord {
  readonly type: number
  readonly body: Buffer
}

/** Writes the records of one direction of a connection. */
export class RecordWriter {
  #keys: DirectionKeys | undefined
  #next = 0

  /** From now on records are sealed; the first of them has the number 0. */
  sealWith(keys: DirectionKeys): void {
    this.#keys = keys
  }

  /** A whole record in a new buffer, into which `body` is copied once. */
  write(type: RecordTypeNumber, ...body: readonly Uint8Array[]): Buffer {
    const plainLength = body.reduce((sum, { length }) => sum + length, 0)
    const length = plainLength + (this.#keys === undefined ? 0 : tagLength)
    const bytes = Buffer.allocUnsafe(recordHeaderLength + length)
    bytes[0] = magic
    bytes[1] = (version << 4) | type
    bytes.writeUInt16LE(0, 2)
    bytes.writeUInt32LE(length, 4)
    if (this.#keys !== undefined) {
      seal(this.#keys, this.#next++, bytes.subarray(0, recordHeaderLength), body, bytes, recordHeaderLength)
      return bytes
    }
    let at = recordHeaderLength
    for (const piece of body) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }
}

/** Why the bytes of a connection cannot be records. */
export type RecordProblem = 'not version 2' | 'too long' | 'forged'

/**
 * Cuts what comes over a connection into records. Memory is reserved for bytes that came, never for a length that was only said.
 */
export class RecordReader {
  readonly #maxBody: number
  #keys: DirectionKeys | undefined
  #next = 0
  #pieces: Buffer[] = []
  #length = 0
  #problem: RecordProblem | undefined

  /** @param maxBody a longer record is a problem. Bytes. */
  constructor(maxBody: number) {
    this.#maxBody = maxBody
  }

  /** What is wrong; nothing more comes out then. */
  get problem(): RecordProblem | undefined {
    return this.#problem
  }

  /** Records that have not been read yet are sealed; the first of them has the number 0. */
  openWith(keys: DirectionKeys): void {
    this.#keys = keys
  }

  /** Takes bytes as they came; they are kept until their record was read. */
  push(chunk: Buffer): void {
    if (this.#problem !== undefined || chunk.length === 0) return
    this.#pieces.push(chunk)
    this.#length += chunk.length
  }

  /** The next whole record; undefined when it is not there yet, or there is a problem. Its body may be a view of what was pushed. */
  read(): ProtocolRecord | undefined {
    if (this.#problem !== undefined || this.#length < recordHeaderLength) return undefined
    const header = this.#peek(recordHeaderLength)
    if (header[0] !== magic || header[1]! >> 4 !== version || header.readUInt16LE(2) !== 0)
      return this.#fail('not version 2')
    const length = header.readUInt32LE(4)
    if (length > this.#maxBody + (this.#keys === undefined ? 0 : tagLength)) return this.#fail('too long')
    if (this.#length < recordHeaderLength + length) return undefined
    const bytes = this.#take(recordHeaderLength + length)
    const body = bytes.subarray(recordHeaderLength)
    const plain =
      this.#keys === undefined ? body : open(this.#keys, this.#next++, bytes.subarray(0, recordHeaderLength), body)
    return plain === undefined ? this.#fail('forged') : { type: header[1]! & 0x0f, body: plain }
  }

  #fail(problem: RecordProblem): undefined {
    this.#problem = problem
    this.#pieces = []
    this.#length = 0
    return undefined
  }

  /** The first `length` bytes, without taking them away. */
  #peek(length: number): Buffer {
    if (this.#pieces[0]!.length < length) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0]!.subarray(0, length)
  }

  #take(length: number): Buffer {
    if (this.#pieces[0]!.length < length) this.#pieces = [Buffer.concat(this.#pieces)]
    const whole = this.#pieces[0]!
    const rest = whole.subarray(length)
    if (rest.length === 0) this.#pieces.shift()
    else this.#pieces[0] = rest
    this.#length -= length
    return whole.subarray(0, length)
  }
}
