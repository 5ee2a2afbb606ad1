import { pickledLength, pickleHead, pickleTail } from '@streamer/numpy-pickle'

/** Bits of each number in the headers of frames and chunks. */
export type HeaderWidth = 32 | 64

/** What a client asks for. */
export type ControlMessage =
  | { readonly kind: 'register' /** Of the stream that is wanted; absent means the first. */; readonly stream?: string }
  | { readonly kind: 'keepalive' }
  | { readonly kind: 'disconnect' }

/** How a frame is laid out on the wire. */
export interface Layout {
  /** Bytes of a frame in one chunk, but the last, which may have fewer. */
  readonly chunkSize: number
  readonly headerWidth: HeaderWidth
  readonly payload: 'pickle' | 'jpeg'
}

const register = Buffer.from('REGISTER_CLIENT', 'ascii')
const keepalive = Buffer.from('KEEPALIVE', 'ascii')
const disconnect = Buffer.from('DISCONNECT', 'ascii')
const frameStart = Buffer.from('FRAME_START', 'ascii')
const chunk = Buffer.from('CHUNK', 'ascii')
const space = 0x20

/** The answer to a registration. Not to be changed. */
export const registered: Uint8Array = Buffer.from('REGISTERED', 'ascii')

/** Longer names are not looked at: no stream has one, and a datagram may be 64 KiB. Bytes of UTF-8. */
const maxNameLength = 256

/** Memory for a frame is made in such steps, so that it does for the next one, too, which may be a little longer. Bytes. */
const memoryStep = 16 * 1024

const keepaliveMessage: ControlMessage = { kind: 'keepalive' }
const disconnectMessage: ControlMessage = { kind: 'disconnect' }
const registerMessage: ControlMessage = { kind: 'register' }

/**
 * Reads a datagram from a client; undefined when it is none of the three messages.
 * A registration may go on with anything; after one space it names a stream, without CR, LF, NUL and spaces at the end.
 */
export function parseControl(datagram: Buffer): ControlMessage | undefined {
  if (datagram.equals(keepalive)) return keepaliveMessage
  if (datagram.equals(disconnect)) return disconnectMessage
  if (datagram.length < register.length || datagram.compare(register, 0, register.length, 0, register.length) !== 0) {
    return undefined
  }
  if (datagram[register.length] !== space) return registerMessage
  const rest = datagram.subarray(register.length + 1, register.length + 2 + maxNameLength)
  const stream = rest.toString('utf8').replace(/[\r\n\0 ]+$/, '')
  return stream === '' ? registerMessage : { kind: 'register', stream }
}

/** Bytes of a start datagram: the word and three numbers. */
function startLength(width: HeaderWidth): number {
  return frameStart.length + (3 * width) / 8
}

/** Bytes before the payload of a chunk: the word and two numbers. */
function chunkHeaderLength(width: HeaderWidth): number {
  return chunk.length + (2 * width) / 8
}

/**
 * All datagrams of one frame, in the order to send them: the start, then every chunk. They are views of one buffer, into which the
 * bytes of the frame are copied once.
 * @param data the JPEG; not kept.
 * @param frameId counts frames, 0 to `Number.MAX_SAFE_INTEGER`; on the wire it wraps at the width of the header.
 * @param memory the buffer, if it is long enough; otherwise a new one is made.
 * @throws RangeError when the frame is longer than a pickle can say (2 GiB).
 */
export function frameDatagrams(
  data: Uint8Array,
  frameId: number,
  layout: Layout,
  memory?: Buffer
): readonly Uint8Array[] {
  const { chunkSize, headerWidth, payload } = layout
  const pickled = payload === 'pickle'
  const size = pickled ? pickledLength(data.length) : data.length
  const count = Math.ceil(size / chunkSize)
  const chunkHeader = chunkHeaderLength(headerWidth)
  const length = startLength(headerWidth) + count * chunkHeader + size
  const packet =
    memory !== undefined && memory.length >= length
      ? memory
      : Buffer.allocUnsafeSlow(Math.ceil(length / memoryStep) * memoryStep)

  const datagrams = new Array<Uint8Array>(count + 1)
  let at = frameStart.copy(packet)
  at = writeNumber(packet, frameId, at, headerWidth)
  at = writeNumber(packet, size, at, headerWidth)
  at = writeNumber(packet, count, at, headerWidth)
  datagrams[0] = packet.subarray(0, at)

  const writer = new ChunkWriter(packet, at, frameId, layout, datagrams)
  if (pickled) writer.write(pickleHead(data.length))
  writer.write(data)
  if (pickled) writer.write(pickleTail)
  writer.end()
  return datagrams
}

/** Spreads the pieces of a frame over the chunks of a packet. */
class ChunkWriter {
  readonly #packet: Buffer
  readonly #frameId: number
  readonly #layout: Layout
  readonly #datagrams: Uint8Array[]
  #index = 0
  /** Where the open chunk begins, and where its next byte goes. */
  #begin: number
  #at: number
  /** Bytes that the open chunk can still take; 0 when none is open. */
  #room = 0

  constructor(packet: Buffer, at: number, frameId: number, layout: Layout, datagrams: Uint8Array[]) {
    this.#packet = packet
    this.#begin = at
    this.#at = at
    this.#frameId = frameId
    this.#layout = layout
    this.#datagrams = datagrams
  }

  write(piece: Uint8Array): void {
    const source = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    let from = 0
    while (from < source.length) {
      if (this.#room === 0) this.#open()
      const copied = source.copy(this.#packet, this.#at, from, Math.min(source.length, from + this.#room))
      from += copied
      this.#at += copied
      this.#room -= copied
      if (this.#room === 0) this.#close()
    }
  }

  /** The last chunk may be shorter than the others. */
  end(): void {
    if (this.#room > 0) this.#close()
  }

  #open(): void {
    const { chunkSize, headerWidth } = this.#layout
    this.#begin = this.#at
    this.#at += chunk.copy(this.#packet, this.#at)
    this.#at = writeNumber(this.#packet, this.#frameId, this.#at, headerWidth)
    this.#at = writeNumber(this.#packet, this.#index, this.#at, headerWidth)
    this.#room = chunkSize
  }

  #close(): void {
    this.#index++
    this.#datagrams[this.#index] = this.#packet.subarray(this.#begin, this.#at)
    this.#room = 0
  }
}

/** Little-endian; `>>> 0` is the value modulo 2^32 for every safe integer. Returns the offset after it. */
function writeNumber(target: Buffer, value: number, at: number, width: HeaderWidth): number {
  at = target.writeUInt32LE(value >>> 0, at)
  return width === 32 ? at : target.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at)
}
