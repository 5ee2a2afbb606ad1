import { timingSafeEqual } from 'node:crypto'
import { open, seal, sealInPlace, tagLength } from './aead.js'
import { type Datagram, type DatagramTypeNumber, headerLength, newDatagram, writeHeader } from './datagram.js'
import type { DirectionKeys } from './keys.js'
import { expandNumber } from './packet-number.js'
import { ReplayWindow } from './replay-window.js'

/** Bytes of the token that a client without a key says with each datagram of its connection. */
export const sessionTokenLength = 8

const nothing = Buffer.alloc(0)

/** Writes the datagrams of one direction of a connection, and numbers them. */
export class Outbound {
  readonly #connection: number
  readonly #keys: DirectionKeys | undefined
  readonly #token: Uint8Array
  #next = 0

  /**
   * @param keys of this direction; undefined in a connection without a key.
   * @param token what a client says with each datagram where there is no key; servers have none.
   */
  constructor(connection: number, keys: DirectionKeys | undefined, token: Uint8Array = nothing) {
    this.#connection = connection
    this.#keys = keys
    this.#token = keys === undefined ? token : nothing
  }

  /** Number of the next datagram, with all its bits. */
  get next(): number {
    return this.#next
  }

  /** Bytes of a datagram that are not body. */
  get overhead(): number {
    return headerLength + this.#token.length + (this.#keys === undefined ? 0 : tagLength)
  }

  /** A whole datagram, in a new buffer. */
  write(type: DatagramTypeNumber, body: Uint8Array): Buffer {
    if (this.#keys !== undefined) return this.#seal(type, [body])
    const bytes = newDatagram(type, this.#token.length + body.length, this.#connection, this.#next++)
    bytes.set(this.#token, headerLength)
    bytes.set(body, headerLength + this.#token.length)
    return bytes
  }

  /**
   * Writes a whole datagram into memory of the caller's.
   * @param target has room for `overhead` and the body from `at` on. @param head the first part of the body. @param payload the rest of it. Both are copied.
   * @returns where the datagram ends.
   */
  writeTo(target: Buffer, at: number, type: DatagramTypeNumber, head: Uint8Array, payload: Uint8Array): number {
    const bodyAt = at + headerLength + this.#token.length
    const plainEnd = bodyAt + head.length + payload.length
    const end = this.#keys === undefined ? plainEnd : plainEnd + tagLength
    const number = this.#next++
    writeHeader(target, type, end - at, this.#connection, number, at)
    if (this.#token.length > 0) target.set(this.#token, at + headerLength)
    target.set(head, bodyAt)
    target.set(payload, bodyAt + head.length)
    if (this.#keys !== undefined) sealInPlace(this.#keys, number, target.subarray(at, end), headerLength)
    return end
  }

  #seal(type: DatagramTypeNumber, plain: readonly Uint8Array[]): Buffer {
    const number = this.#next++
    const bodyLength = plain.reduce((sum, { length }) => sum + length, tagLength)
    const bytes = Buffer.allocUnsafe(headerLength + bodyLength)
    writeHeader(bytes, type, bytes.length, this.#connection, number)
    seal(this.#keys!, number, bytes.subarray(0, headerLength), plain, bytes, headerLength)
    return bytes
  }
}

/** What came of a datagram, for a side that takes it. */
export interface Received {
  /** With all its bits. */
  readonly packetNumber: number
  /** Decrypted and without the token; it may be a view of the datagram. */
  readonly body: Buffer
}

/** Why a datagram was not taken. */
export type Rejection = 'forged' | 'replayed'

/** Reads the datagrams of one direction of a connection. */
export class Inbound {
  readonly #keys: DirectionKeys | undefined
  readonly #token: Uint8Array
  readonly #window = new ReplayWindow()

  /** As for `Outbound`: the keys and the token of the other side. */
  constructor(keys: DirectionKeys | undefined, token: Uint8Array = nothing) {
    this.#keys = keys
    this.#token = keys === undefined ? token : nothing
  }

  /** One above the highest packet number that was taken. */
  get next(): number {
    return this.#window.next
  }

  /** Takes a datagram if it is genuine and the first with its number. */
  read({ packetNumber: low, bytes, body }: Datagram): Received | Rejection {
    const packetNumber = expandNumber(low, this.#window.next)
    if (!this.#window.isNew(packetNumber)) return 'replayed'
    const plain = this.#open(packetNumber, bytes, body)
    if (plain === undefined) return 'forged'
    this.#window.take(packetNumber)
    return { packetNumber, body: plain }
  }

  #open(packetNumber: number, bytes: Buffer, body: Buffer): Buffer | undefined {
    if (this.#keys !== undefined) return open(this.#keys, packetNumber, bytes.subarray(0, headerLength), body)
    const { length } = this.#token
    if (length === 0) return body
    if (body.length < length || !timingSafeEqual(body.subarray(0, length), this.#token)) return undefined
    return body.subarray(length)
  }
}
