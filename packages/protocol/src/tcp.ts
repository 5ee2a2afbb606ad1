import { makeProof, nonceLength, proofLength } from './keys.js'
import { readTime, ShortPieces, shortText, timeLength, writeTime } from './numbers.js'

/** What a client says first, within 100 ms. */
export interface TcpHello {
  /** 16 random bytes. */
  readonly clientNonce: Uint8Array
  /** Empty for the stream of the port. */
  readonly stream: string
  /** Which key, where the server has several; else empty. */
  readonly keyName: string
}

/** What the server answers. */
export interface TcpWelcome {
  /** 16 random bytes. */
  readonly serverNonce: Uint8Array
  /** The server's monotonic clock, microseconds. */
  readonly serverTimeUs: number
  readonly codec: number
  /** Empty, or 32 bytes that prove the key. */
  readonly proof: Uint8Array
}

/** What stands before the picture in a frame's record. */
export interface TcpFrameHead {
  /** Counts the frames of the stream; wraps at 2^32. */
  readonly sequence: number
  /** When the picture was taken, microseconds of the server's monotonic clock. */
  readonly captureUs: number
  /** When it was given to the socket, by the same clock. */
  readonly sendUs: number
  readonly codec: number
  /** Bits of `DataFlag`. */
  readonly flags: number
}

/** Bytes before the picture in the body of a frame's record. */
export const tcpFrameHeadLength = 4 + 2 * timeLength + 2

/** The body of a hello. */
export function writeTcpHello({ clientNonce, stream, keyName }: TcpHello): Buffer {
  return Buffer.concat([clientNonce, shortText(stream), shortText(keyName)])
}

/** Reads the body of a hello; undefined when it is none. */
export function readTcpHello(body: Buffer): TcpHello | undefined {
  if (body.length < nonceLength) return undefined
  const pieces = new ShortPieces(body, nonceLength)
  const stream = pieces.next().toString('utf8')
  const keyName = pieces.next().toString('utf8')
  return pieces.isWhole ? { clientNonce: body.subarray(0, nonceLength), stream, keyName } : undefined
}

const welcomeLength = nonceLength + timeLength + 1

/** The body of a welcome. @param helloBody what the client said. @param key is proven; without one there is no proof. */
export function writeTcpWelcome(welcome: Omit<TcpWelcome, 'proof'>, helloBody: Uint8Array, key?: Uint8Array): Buffer {
  const bytes = Buffer.alloc(welcomeLength)
  bytes.set(welcome.serverNonce)
  writeTime(bytes, welcome.serverTimeUs, nonceLength)
  bytes[welcomeLength - 1] = welcome.codec
  return key === undefined ? bytes : Buffer.concat([bytes, makeProof(key, 'server', helloBody, bytes)])
}

/** Reads the body of a welcome; undefined when it is none. Its proof is over the body of the hello and `proven`. */
export function readTcpWelcome(body: Buffer): (TcpWelcome & { readonly proven: Buffer }) | undefined {
  if (body.length !== welcomeLength && body.length !== welcomeLength + proofLength) return undefined
  return {
    serverNonce: body.subarray(0, nonceLength),
    serverTimeUs: readTime(body, nonceLength),
    codec: body[welcomeLength - 1]!,
    proof: body.subarray(welcomeLength),
    proven: body.subarray(0, welcomeLength)
  }
}

/** Writes what stands before the picture. */
export function writeTcpFrameHead({ sequence, captureUs, sendUs, codec, flags }: TcpFrameHead): Buffer {
  const bytes = Buffer.allocUnsafe(tcpFrameHeadLength)
  let at = bytes.writeUInt32LE(sequence >>> 0, 0)
  at = writeTime(bytes, captureUs, at)
  at = writeTime(bytes, sendUs, at)
  bytes[at] = codec
  bytes[at + 1] = flags
  return bytes
}

/** Reads the body of a frame's record; undefined when it has no picture. The picture is a view. */
export function readTcpFrame(body: Buffer): (TcpFrameHead & { readonly data: Buffer }) | undefined {
  if (body.length <= tcpFrameHeadLength) return undefined
  return {
    sequence: body.readUInt32LE(0),
    captureUs: readTime(body, 4),
    sendUs: readTime(body, 4 + timeLength),
    codec: body[tcpFrameHeadLength - 2]!,
    flags: body[tcpFrameHeadLength - 1]!,
    data: body.subarray(tcpFrameHeadLength)
  }
}

/** The body of a refusal. */
export function writeTcpRefused(reason: number, text: string): Buffer {
  return Buffer.concat([Buffer.of(reason), shortText(text)])
}

/** Reads the body of a refusal; undefined when it is none. */
export function readTcpRefused(body: Buffer): { readonly reason: number; readonly text: string } | undefined {
  if (body.length < 2) return undefined
  const pieces = new ShortPieces(body, 1)
  const text = pieces.next().toString('utf8')
  return pieces.isWhole ? { reason: body[0]!, text } : undefined
}
