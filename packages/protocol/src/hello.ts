import { DatagramType, headerLength, newDatagram, readDatagram } from './datagram.js'
import { makeProof, nonceLength, proofLength } from './keys.js'
import { readTime, ShortPieces, shortText, timeLength, writeTime } from './numbers.js'

/** The word that begins every registration, of both versions. */
export const registerWord: Uint8Array = Buffer.from('REGISTER_CLIENT', 'ascii')

/** What a client says of itself when it registers. */
export interface Hello {
  /** 16 random bytes, the same in all tries to register one connection. */
  readonly clientNonce: Uint8Array
  /** The client's clock, microseconds. Comes back with the answer. */
  readonly clientTimeUs: number
  /** The longest datagram that the client takes, bytes. */
  readonly maxDatagram: number
  /** How old a frame may become by waiting for lost pieces, milliseconds; 0 to 65535. */
  readonly delayMs: number
  /** Empty for the first stream. */
  readonly stream: string
  /** Which key, where the server has several; else empty. */
  readonly keyName: string
  /** What the server gave with `retry`, empty before that. */
  readonly token: Uint8Array
}

/** A hello as the server reads it. */
export interface ReceivedHello extends Hello {
  /** 32 bytes, or none. */
  readonly proof: Uint8Array
  /** What the proof is made of: everything before it and its length. */
  readonly proven: Uint8Array
}

const nonceAt = headerLength
const timeAt = nonceAt + nonceLength
const maxDatagramAt = timeAt + timeLength
const delayAt = maxDatagramAt + 2
const piecesAt = delayAt + 2

/** `REGISTER_CLIENT` and a hello behind it, as one datagram. @param key proves that it is known; without one there is no proof. */
export function writeHello(hello: Hello, key?: Uint8Array): Buffer {
  const stream = shortText(hello.stream)
  const keyName = shortText(hello.keyName)
  const token = Buffer.concat([Buffer.of(hello.token.length), hello.token])
  const fixed = piecesAt - headerLength
  const proofBytes = key === undefined ? 0 : proofLength
  const bytes = newDatagram(DatagramType.hello, fixed + stream.length + keyName.length + token.length + 1 + proofBytes)
  bytes.set(hello.clientNonce, nonceAt)
  writeTime(bytes, hello.clientTimeUs, timeAt)
  bytes.writeUInt16LE(hello.maxDatagram, maxDatagramAt)
  bytes.writeUInt16LE(hello.delayMs, delayAt)
  bytes.set(stream, piecesAt)
  bytes.set(keyName, piecesAt + stream.length)
  bytes.set(token, piecesAt + stream.length + keyName.length)
  const proofAt = bytes.length - proofBytes
  bytes[proofAt - 1] = proofBytes
  if (key !== undefined) bytes.set(makeProof(key, 'client', bytes.subarray(0, proofAt - 1)), proofAt)
  return Buffer.concat([registerWord, bytes])
}

/** Reads a registration of version 2; undefined when it is none. Everything in it is a view of `datagram`. */
export function readHello(datagram: Buffer): ReceivedHello | undefined {
  const { length } = registerWord
  if (datagram.length <= length || datagram.compare(registerWord, 0, length, 0, length) !== 0) return undefined
  const read = readDatagram(datagram.subarray(length))
  if (read === undefined || read.type !== DatagramType.hello || read.bytes.length < piecesAt) return undefined
  const { bytes } = read
  const pieces = new ShortPieces(bytes, piecesAt)
  const stream = pieces.next().toString('utf8')
  const keyName = pieces.next().toString('utf8')
  const token = pieces.next()
  const proven = bytes.subarray(0, pieces.at)
  const proof = pieces.next()
  if (!pieces.isWhole) return undefined
  return {
    clientNonce: bytes.subarray(nonceAt, timeAt),
    clientTimeUs: readTime(bytes, timeAt),
    maxDatagram: bytes.readUInt16LE(maxDatagramAt),
    delayMs: bytes.readUInt16LE(delayAt),
    stream,
    keyName,
    token,
    proof,
    proven
  }
}
