import { StreamerError } from '@streamer/core/plugin'

/** What the payload of a record is, see `helper/output.h`. */
export type Payload = 'jpeg' | 'yuv420p' | 'nv12'

/** What stands before each frame on the helper's standard output. */
export interface RecordHeader {
  readonly payload: Payload
  readonly sequence: number
  /** Start of exposure, microseconds of the monotonic clock. */
  readonly timestampUs: number
  readonly width: number
  readonly height: number
  /** Bytes from one row of luma to the next; 0 for JPEG. */
  readonly stride: number
  readonly payloadBytes: number
  /** Frames that the helper dropped since its start. */
  readonly dropped: number
}

/** `SCF1` as a little-endian number. */
const magic = 0x31464353
export const headerBytes = 48
const payloads: readonly (Payload | undefined)[] = [undefined, 'jpeg', 'yuv420p', 'nv12']
/** As `source-command` takes of any program. */
const maxJpegBytes = 32 * 1024 * 1024
/** Pixels along a side; beyond every camera. */
const maxSide = 16384

/**
 * Reads a header.
 * @param bytes exactly `headerBytes` of them.
 * @throws StreamerError `ERR_SOURCE_OUTPUT` when they are no header.
 */
export function readHeader(bytes: Buffer): RecordHeader {
  const payload = payloads[bytes.readUInt16LE(4)]
  const isHeader = bytes.readUInt32LE(0) === magic && bytes.readUInt16LE(6) === headerBytes
  if (isHeader && payload !== undefined) {
    const header: RecordHeader = {
      payload,
      sequence: Number(bytes.readBigUInt64LE(8)),
      timestampUs: Number(bytes.readBigUInt64LE(16)),
      width: bytes.readUInt32LE(24),
      height: bytes.readUInt32LE(28),
      stride: bytes.readUInt32LE(32),
      payloadBytes: bytes.readUInt32LE(36),
      dropped: Number(bytes.readBigUInt64LE(40))
    }
    if (isPossible(header)) return header
  }
  const text = 'source-libcamera: the camera helper wrote something that is no frame'
  throw new StreamerError('ERR_SOURCE_OUTPUT', text)
}

function isPossible({ payload, width, height, stride, payloadBytes }: RecordHeader): boolean {
  if (payload === 'jpeg') return payloadBytes > 0 && payloadBytes <= maxJpegBytes
  if (width < 2 || height < 2 || width > maxSide || height > maxSide || stride < width) return false
  return payloadBytes === (stride * height * 3) / 2
}

export interface RecordReaderOptions {
  /** Memory for the payload of a frame, of exactly `payloadBytes` bytes. */
  readonly allocate: (header: RecordHeader) => Buffer
  /** Takes a whole frame; `data` is what `allocate` gave. */
  readonly onFrame: (header: RecordHeader, data: Buffer) => void
}

/**
 * Puts records together. Whoever reads puts bytes straight into `target` and says how many with `advance`; each frame is read into memory of its own that
 * way, without a copy. `push` is for bytes that lie elsewhere already.
 */
export class RecordReader {
  readonly #options: RecordReaderOptions
  readonly #headerBytes = Buffer.alloc(headerBytes)
  #header: RecordHeader | undefined
  #buffer: Buffer = this.#headerBytes
  #filled = 0

  constructor(options: RecordReaderOptions) {
    this.#options = options
  }

  /** Where the next bytes go; never empty. */
  get target(): Buffer {
    return this.#buffer.subarray(this.#filled)
  }

  /** Whether a record has begun that is not whole yet. */
  get isInside(): boolean {
    return this.#header !== undefined || this.#filled > 0
  }

  /**
   * So many bytes have been put into `target`.
   * @throws StreamerError `ERR_SOURCE_OUTPUT` when they are no record; nothing can be read from then on.
   */
  advance(count: number): void {
    this.#filled += count
    if (this.#filled < this.#buffer.length) return
    const header = this.#header
    const data = this.#buffer
    this.#filled = 0
    if (header === undefined) {
      this.#header = readHeader(this.#headerBytes)
      this.#buffer = this.#options.allocate(this.#header)
      return
    }
    this.#header = undefined
    this.#buffer = this.#headerBytes
    this.#options.onFrame(header, data)
  }

  /** @throws as `advance`. */
  push(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const count = chunk.copy(this.target, 0, from)
      from += count
      this.advance(count)
    }
  }
}
