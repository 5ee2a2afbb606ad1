/** Bits of each number in the headers; the length of a start datagram tells. */
export type HeaderWidth = 32 | 64

/** Announces a frame. */
export interface FrameStart {
  readonly width: HeaderWidth
  readonly frameId: number
  /** Bytes of the whole frame. */
  readonly size: number
  readonly count: number
  /** When it was captured, microseconds since 1970; some servers tell. */
  readonly wallClockUs: number | undefined
}

/** A piece of a frame. */
export interface Chunk {
  readonly frameId: number
  readonly index: number
  /** A view of the datagram. */
  readonly payload: Buffer
}

export const registered: Uint8Array = Buffer.from('REGISTERED', 'ascii')
export const keepalive: Uint8Array = Buffer.from('KEEPALIVE', 'ascii')
export const disconnect: Uint8Array = Buffer.from('DISCONNECT', 'ascii')

const register = 'REGISTER_CLIENT'
const startWord = Buffer.from('FRAME_START', 'ascii')
const chunkWord = Buffer.from('CHUNK', 'ascii')

/** @param stream name; empty for the first one. */
export function registration(stream: string): Uint8Array {
  return Buffer.from(stream === '' ? register : `${register} ${stream}`, 'utf8')
}

/** The start of a frame: 23 bytes with 32-bit numbers, 35 with 64-bit ones, eight more with a capture time. Undefined for anything else. */
export function parseStart(datagram: Buffer): FrameStart | undefined {
  if (!beginsWith(datagram, startWord)) return undefined
  const { length } = datagram
  if (length !== 23 && length !== 31 && length !== 35 && length !== 43) return undefined
  const width = length < 35 ? 32 : 64
  const bytes = width / 8
  const at = startWord.length
  const timeAt = at + 3 * bytes
  return {
    width,
    frameId: readNumber(datagram, at, width),
    size: readNumber(datagram, at + bytes, width),
    count: readNumber(datagram, at + 2 * bytes, width),
    wallClockUs: length > timeAt ? readNumber(datagram, timeAt, 64) : undefined
  }
}

/** A chunk with at least one byte. Its width is not to be seen: it is that of the starts. Undefined for anything else. */
export function parseChunk(datagram: Buffer, width: HeaderWidth): Chunk | undefined {
  const bytes = width / 8
  const at = chunkWord.length
  const payloadAt = at + 2 * bytes
  if (datagram.length <= payloadAt || !beginsWith(datagram, chunkWord)) return undefined
  return {
    frameId: readNumber(datagram, at, width),
    index: readNumber(datagram, at + bytes, width),
    payload: datagram.subarray(payloadAt)
  }
}

function beginsWith(datagram: Buffer, word: Buffer): boolean {
  return datagram.length >= word.length && datagram.compare(word, 0, word.length, 0, word.length) === 0
}

/** Little-endian. Above 2^53 the nearest number that JavaScript has. */
function readNumber(datagram: Buffer, at: number, width: HeaderWidth): number {
  return width === 32 ? datagram.readUInt32LE(at) : Number(datagram.readBigUInt64LE(at))
}
