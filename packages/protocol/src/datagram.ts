/** First byte of everything in version 2: none of the words of version 1 begins with it, and no text does (it opens a two-byte sequence in UTF-8 whose second byte we never write). */
export const magic = 0xd5
/** Stands in the upper half of the second byte. */
export const version = 2

/** What a datagram is, in the lower half of its second byte. */
export const DatagramType = {
  hello: 1,
  report: 2,
  resend: 3,
  pathResponse: 4,
  bye: 5,
  retry: 8,
  welcome: 9,
  refused: 10,
  data: 11,
  clock: 12,
  probe: 13,
  pathChallenge: 14,
  unknown: 15
} as const

/** One of `DatagramType`. */
export type DatagramTypeNumber = (typeof DatagramType)[keyof typeof DatagramType]

/** Bytes before the body of every datagram. */
export const headerLength = 12

/** The common header of a datagram, and what follows it. */
export interface Datagram {
  readonly type: number
  /** 0 before there is a connection. */
  readonly connection: number
  /** The lower 32 bits. */
  readonly packetNumber: number
  /** Header and body. */
  readonly bytes: Buffer
  /** A view of `bytes` after the header. */
  readonly body: Buffer
}

/** Reads the common header; undefined when the datagram is none of version 2, or its length is not what it says. The body is a view. */
export function readDatagram(bytes: Buffer): Datagram | undefined {
  if (bytes.length < headerLength || bytes[0] !== magic || bytes[1]! >> 4 !== version) return undefined
  if (bytes.readUInt16LE(2) !== bytes.length) return undefined
  return {
    type: bytes[1]! & 0x0f,
    connection: bytes.readUInt32LE(4),
    packetNumber: bytes.readUInt32LE(8),
    bytes,
    body: bytes.subarray(headerLength)
  }
}

/**
 * Writes the common header.
 * @param length of the whole datagram, at most 65535. @param packetNumber is cut to its lower 32 bits. @param at where the datagram begins in `target`.
 */
export function writeHeader(
  target: Buffer,
  type: DatagramTypeNumber,
  length: number,
  connection: number,
  packetNumber: number,
  at = 0
): void {
  target[at] = magic
  target[at + 1] = (version << 4) | type
  target.writeUInt16LE(length, at + 2)
  target.writeUInt32LE(connection, at + 4)
  target.writeUInt32LE(packetNumber >>> 0, at + 8)
}

/** A new datagram with zeros for a body. */
export function newDatagram(type: DatagramTypeNumber, bodyLength: number, connection = 0, packetNumber = 0): Buffer {
  const bytes = Buffer.alloc(headerLength + bodyLength)
  writeHeader(bytes, type, bytes.length, connection, packetNumber)
  return bytes
}
