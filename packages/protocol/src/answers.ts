import { type Datagram, DatagramType, headerLength, newDatagram } from './datagram.js'
import { sessionTokenLength } from './direction.js'
import { isProof, makeProof, nonceLength, proofLength } from './keys.js'
import { readTime, ShortPieces, shortText, timeLength, writeTime } from './numbers.js'

/** Answers to a hello begin with what it said, so that nobody who did not see it can answer. */
interface Answer {
  readonly clientNonce: Uint8Array
  /** As it stood in the hello. */
  readonly clientTimeUs: number
}

/** Asks for the same hello again with this token in it. */
export interface Retry extends Answer {
  readonly token: Uint8Array
}

/** The connection is there. */
export interface Welcome extends Answer {
  /** Not 0. */
  readonly connection: number
  /** The server's monotonic clock, microseconds. */
  readonly serverTimeUs: number
  /** 16 random bytes. */
  readonly serverNonce: Uint8Array
  /** 8 bytes that the client says with each datagram; zeros where there is a key. */
  readonly sessionToken: Uint8Array
  /** Its place among the server's streams, from 0. */
  readonly stream: number
  readonly codec: number
  /** The server forgets a client of which it hears nothing for so long, milliseconds. */
  readonly timeoutMs: number
}

/** There will be no connection. */
export interface Refused extends Answer {
  readonly reason: number
  /** For people. */
  readonly text: string
}

/** Why there is no connection. */
export const RefusalReason = { stream: 1, full: 2, keyNeeded: 3, keyWrong: 4, stopping: 5 } as const

/** How frames are encoded. */
export const CodecNumber = { mjpeg: 1 } as const

const nonceAt = headerLength
const timeAt = nonceAt + nonceLength
const restAt = timeAt + timeLength

const serverTimeAt = restAt
const serverNonceAt = serverTimeAt + timeLength
const sessionTokenAt = serverNonceAt + nonceLength
const streamAt = sessionTokenAt + sessionTokenLength
const codecAt = streamAt + 1
const timeoutAt = codecAt + 1
const proofAt = timeoutAt + 4

/** A retry. */
export function writeRetry({ token, ...answer }: Retry): Buffer {
  const bytes = answerDatagram(DatagramType.retry, answer, 1 + token.length)
  bytes[restAt] = token.length
  bytes.set(token, restAt + 1)
  return bytes
}

/** Reads a retry; undefined when it is none. */
export function readRetry(datagram: Datagram): Retry | undefined {
  const { bytes, type } = datagram
  if (type !== DatagramType.retry || bytes.length < restAt) return undefined
  const pieces = new ShortPieces(bytes, restAt)
  const token = pieces.next()
  return pieces.isWhole && token.length > 0 ? { ...readAnswer(bytes), token } : undefined
}

/** A refusal. Its text may have 255 bytes; the answer must not be more than three times as long as the hello. */
export function writeRefused({ reason, text, ...answer }: Refused): Buffer {
  const piece = shortText(text)
  const bytes = answerDatagram(DatagramType.refused, answer, 1 + piece.length)
  bytes[restAt] = reason
  bytes.set(piece, restAt + 1)
  return bytes
}

/** Reads a refusal; undefined when it is none. */
export function readRefused({ bytes, type }: Datagram): Refused | undefined {
  if (type !== DatagramType.refused || bytes.length < restAt + 1) return undefined
  const pieces = new ShortPieces(bytes, restAt + 1)
  const text = pieces.next().toString('utf8')
  return pieces.isWhole ? { ...readAnswer(bytes), reason: bytes[restAt]!, text } : undefined
}

/** A welcome. @param key proves that the server knows it; without one there is no proof. */
export function writeWelcome(welcome: Welcome, key?: Uint8Array): Buffer {
  const proofBytes = key === undefined ? 0 : proofLength
  const bytes = answerDatagram(DatagramType.welcome, welcome, proofAt + proofBytes - restAt, welcome.connection)
  writeTime(bytes, welcome.serverTimeUs, serverTimeAt)
  bytes.set(welcome.serverNonce, serverNonceAt)
  bytes.set(welcome.sessionToken, sessionTokenAt)
  bytes[streamAt] = welcome.stream
  bytes[codecAt] = welcome.codec
  bytes.writeUInt32LE(welcome.timeoutMs, timeoutAt)
  if (key !== undefined) bytes.set(makeProof(key, 'server', bytes.subarray(0, proofAt)), proofAt)
  return bytes
}

/**
 * Reads a welcome; undefined when it is none, or when it does not prove the key.
 * @param key that must be proven; without one no proof is looked at.
 */
export function readWelcome({ bytes, type, connection }: Datagram, key?: Uint8Array): Welcome | undefined {
  if (type !== DatagramType.welcome || connection === 0) return undefined
  if (bytes.length !== proofAt && bytes.length !== proofAt + proofLength) return undefined
  if (key !== undefined && !isProof(bytes.subarray(proofAt), key, 'server', bytes.subarray(0, proofAt))) {
    return undefined
  }
  return {
    ...readAnswer(bytes),
    connection,
    serverTimeUs: readTime(bytes, serverTimeAt),
    serverNonce: bytes.subarray(serverNonceAt, sessionTokenAt),
    sessionToken: bytes.subarray(sessionTokenAt, streamAt),
    stream: bytes[streamAt]!,
    codec: bytes[codecAt]!,
    timeoutMs: bytes.readUInt32LE(timeoutAt)
  }
}

function answerDatagram(type: 8 | 9 | 10, answer: Answer, rest: number, connection = 0): Buffer {
  const bytes = newDatagram(type, restAt - headerLength + rest, connection)
  bytes.set(answer.clientNonce, nonceAt)
  writeTime(bytes, answer.clientTimeUs, timeAt)
  return bytes
}

function readAnswer(bytes: Buffer): Answer {
  return { clientNonce: bytes.subarray(nonceAt, timeAt), clientTimeUs: readTime(bytes, timeAt) }
}
