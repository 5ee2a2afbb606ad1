/** What a splitter has done with the bytes it got; numbers only go up. */
export interface SplitterCounters {
  /** Whole JPEGs handed out. */
  frames: number
  /** Bytes of those JPEGs. */
  frameBytes: number
  /** Bytes between JPEGs that belong to none. */
  garbageBytes: number
  /** JPEGs that were cut off or broken, and not handed out. */
  truncated: number
  /** JPEGs beyond `maxFrameBytes`, not handed out. */
  oversized: number
  /** Bytes of the JPEGs that were not handed out. */
  droppedBytes: number
}

export interface JpegSplitterOptions {
  /** A JPEG with more bytes than this is dropped; no more than this is ever held. Default: 32 MiB. */
  readonly maxFrameBytes?: number
  /** Where to count; several splitters may share it. Default: its own, from 0. */
  readonly counters?: SplitterCounters
  /**
   * Takes a whole JPEG, from its SOI to its EOI marker, within the `push` that brought its last byte.
   * `data` is not changed any more and belongs to the taker; `width` and `height` are pixels, 1 to 65535 as in its frame header
   * (all that JPEG can say: whoever takes memory by them sets a limit);
   * `arrivedUs` is what `push` was given with the chunk that held the first byte.
   */
  readonly onJpeg: (data: Buffer, width: number, height: number, arrivedUs: number) => void
}

/** Counters that begin at 0. */
export function noCounts(): SplitterCounters {
  return { frames: 0, frameBytes: 0, garbageBytes: 0, truncated: 0, oversized: 0, droppedBytes: 0 }
}

/** The default of `maxFrameBytes`: above any camera's picture (8K at the highest quality is about half of it). */
export const defaultMaxFrameBytes = 32 * 1024 * 1024

// Markers of ITU-T T.81 table B.1, second byte. RSTn are D0 to D7.
const startOfImage = 0xd8
const endOfImage = 0xd9
const startOfScan = 0xda

// What the next byte is taken for.
const seek = 0 // anything until an FF
const seekCode = 1 // after an FF outside a JPEG
const afterStart = 2 // after FF D8: the FF of the first marker
const marker = 3 // the FF of a marker
const markerCode = 4 // the byte that names the marker, or a fill FF
const lengthHigh = 5
const lengthLow = 6
const frameSize = 7 // the first five bytes of SOFn: precision, lines, samples per line
const body = 8 // the rest of a segment
const scan = 9 // entropy-coded data until an FF
const scanCode = 10 // after an FF in entropy-coded data

/** Smaller pieces of a frame are packed together, so that a source that writes byte by byte does not cost an object per byte. */
const smallPiece = 4096
const packSize = 64 * 1024

const loneFF = Buffer.from([0xff])

function isFrameHeader(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc
}

/** Whether a segment with a length follows the marker (T.81 table B.1); the others stand alone or are reserved. */
function hasSegment(code: number): boolean {
  return (code >= 0xc0 && code <= 0xcf && code !== 0xc8) || (code >= startOfScan && code <= 0xfe)
}

/** The least length that the segment's own fields need (T.81 figures B.2 to B.4), the length field included. */
function leastLength(code: number): number {
  if (isFrameHeader(code)) return 11
  return code === startOfScan ? 8 : 2
}

/**
 * Cuts a stream of JPEGs, one behind the other, into whole ones. It walks their segments by the lengths these state, so an
 * end marker inside a comment, a thumbnail or an ICC profile does not fool it. What lies between JPEGs is skipped; broken
 * ones are dropped; both are counted. How the stream is cut into chunks makes no difference to what comes out.
 *
 * Every byte of `push` ends up in exactly one of `frameBytes`, `garbageBytes`, `droppedBytes` or `pendingBytes`.
 * Memory held is at most `maxFrameBytes` and the chunks it lies in. A frame within one chunk is a view of that chunk unless
 * the chunk is more than twice as large; a frame across chunks is copied once (pieces below 4 KiB twice).
 */
export class JpegSplitter {
  readonly counters: SplitterCounters

  readonly #maxFrameBytes: number
  readonly #onJpeg: JpegSplitterOptions['onJpeg']

  #state = seek
  #code = 0
  /** Bytes of the current segment still to come; while its length is read, the high byte. */
  #left = 0
  #sizeByte = 0
  #width = 0
  #height = 0
  #hasFrameHeader = false
  #hasScan = false

  /** Where in the current chunk the part of the frame begins that is not yet in `#pieces`. */
  #start = 0
  #inFrame = false
  /** Bytes of the frame in earlier chunks. */
  #kept = 0
  #tooLarge = false
  #pieces: Buffer[] = []
  #pack: Buffer | undefined
  #packFrom = 0
  #packTo = 0
  #arrivedUs = 0
  #previousArrivedUs = 0

  /** @throws TypeError when `maxFrameBytes` is not a positive integer. */
  constructor(options: JpegSplitterOptions) {
    this.#maxFrameBytes = options.maxFrameBytes ?? defaultMaxFrameBytes
    this.#onJpeg = options.onJpeg
    this.counters = options.counters ?? noCounts()
    if (!Number.isSafeInteger(this.#maxFrameBytes) || this.#maxFrameBytes < 1) {
      throw new TypeError('JpegSplitter: maxFrameBytes must be a positive integer')
    }
  }

  /** Bytes that are not decided yet: those of the unfinished frame. */
  get pendingBytes(): number {
    if (this.#inFrame) return this.#kept
    return this.#state === seekCode ? 1 : 0
  }

  /**
   * Takes the next bytes and hands out each JPEG that they complete.
   * @param chunk belongs to the splitter from now on: frames may be views of it.
   * @param arrivedUs given back with the frames that begin in this chunk; any number.
   */
  push(chunk: Buffer, arrivedUs = 0): void {
    const end = chunk.length
    if (end === 0) return
    this.#start = 0
    let i = 0
    while (i < end) {
      switch (this.#state) {
        case seek: {
          const at = chunk.indexOf(0xff, i)
          const stop = at < 0 ? end : at
          this.counters.garbageBytes += stop - i
          i = stop
          if (at >= 0) {
            i++
            this.#state = seekCode
          }
          break
        }
        case seekCode: {
          const byte = chunk[i++]
          if (byte === startOfImage) this.#begin(i - 2, arrivedUs)
          else if (byte === 0xff) this.counters.garbageBytes++
          else {
            this.counters.garbageBytes += 2
            this.#state = seek
          }
          break
        }
        case afterStart: {
          if (chunk[i] === 0xff) {
            i++
            this.#state = markerCode
          } else {
            // These two bytes were never a JPEG, so none was cut off.
            this.counters.garbageBytes += 2
            this.#leaveFrame()
          }
          break
        }
        case marker: {
          if (chunk[i] === 0xff) {
            i++
            this.#state = markerCode
          } else this.#drop(i, 0)
          break
        }
        case scan: {
          const at = chunk.indexOf(0xff, i)
          i = at < 0 ? end : at + 1
          if (at >= 0) this.#state = scanCode
          break
        }
        case scanCode:
        case markerCode: {
          i = this.#takeCode(chunk, i, arrivedUs)
          break
        }
        case lengthHigh: {
          this.#left = chunk[i++]! << 8
          this.#state = lengthLow
          break
        }
        case lengthLow: {
          const length = this.#left + chunk[i]!
          if (length < leastLength(this.#code)) this.#drop(i, 0)
          else {
            i++
            this.#left = length - 2
            this.#beginSegment()
          }
          break
        }
        case frameSize: {
          this.#takeSize(chunk[i++]!)
          break
        }
        default: {
          const taken = Math.min(this.#left, end - i)
          i += taken
          this.#left -= taken
          if (this.#left === 0) this.#endSegment()
        }
      }
    }
    if (this.#inFrame) this.#keep(chunk)
    this.#previousArrivedUs = arrivedUs
  }

  /** Whether the frame that has begun is too large already. It is walked to its end, which may never come, before it is counted. */
  get isTooLarge(): boolean {
    return this.#tooLarge
  }

  /** The stream is over: a frame that is not finished counts as cut off. The next `push` begins a new stream. */
  end(): void {
    if (this.#inFrame && !this.#tooLarge && this.#state !== afterStart) this.counters.truncated++
    this.reset()
  }

  /** As `end`, but what is not finished does not count as cut off, because it is us who end the stream. */
  reset(): void {
    if (this.#state === seekCode) this.counters.garbageBytes++
    if (this.#inFrame) {
      if (this.#tooLarge) this.counters.oversized++
      this.counters.droppedBytes += this.#kept
    }
    this.#leaveFrame()
  }

  #takeCode(chunk: Buffer, i: number, arrivedUs: number): number {
    const code = chunk[i]!
    // Any number of FF may stand before a marker's code (T.81 section B.1.1.2).
    if (code === 0xff) return i + 1
    if (this.#state === scanCode && (code === 0 || (code >= 0xd0 && code <= 0xd7))) {
      this.#state = scan
      return i + 1
    }
    if (code === startOfImage) {
      this.#drop(i, -1)
      this.#begin(i - 1, arrivedUs)
    } else if (code === endOfImage && this.#hasScan) this.#finish(chunk, i + 1)
    else if (this.#isExpected(code)) {
      this.#code = code
      this.#state = lengthHigh
    } else this.#drop(i, 1)
    return i + 1
  }

  #isExpected(code: number): boolean {
    // One frame header, and none after it: several would be a hierarchical JPEG, which no camera makes.
    if (isFrameHeader(code)) return !this.#hasFrameHeader
    return hasSegment(code) && (code !== startOfScan || this.#hasFrameHeader)
  }

  #beginSegment(): void {
    if (isFrameHeader(this.#code)) {
      this.#hasFrameHeader = true
      this.#sizeByte = 0
      this.#width = 0
      this.#height = 0
      this.#state = frameSize
    } else if (this.#left === 0) this.#endSegment()
    else this.#state = body
  }

  #takeSize(byte: number): void {
    this.#left--
    this.#sizeByte++
    if (this.#sizeByte === 2 || this.#sizeByte === 3) this.#height = (this.#height << 8) | byte
    if (this.#sizeByte === 4 || this.#sizeByte === 5) this.#width = (this.#width << 8) | byte
    if (this.#sizeByte === 5) this.#state = body
  }

  #endSegment(): void {
    if (this.#code === startOfScan) {
      this.#hasScan = true
      this.#state = scan
    } else this.#state = marker
  }

  /** A frame begins at `at` of the chunk; -1 when its FF was the last byte of the chunk before. */
  #begin(at: number, arrivedUs: number): void {
    this.#inFrame = true
    this.#state = afterStart
    this.#start = Math.max(at, 0)
    this.#arrivedUs = at < 0 ? this.#previousArrivedUs : arrivedUs
    if (at < 0) {
      this.#kept = 1
      this.#addPiece(loneFF)
    }
  }

  /**
   * Gives up the frame because of the byte at `i`.
   * @param more what the dropped bytes are more than those before `i`: 1 when that byte goes too, -1 when the FF before it
   *   belongs to the next frame.
   */
  #drop(i: number, more: -1 | 0 | 1): void {
    // Seen up to here whatever the chunks were, so that it counts as the same thing however the stream is cut.
    const seen = this.#kept + i - this.#start
    if (seen > this.#maxFrameBytes) this.counters.oversized++
    else this.counters.truncated++
    this.counters.droppedBytes += seen + more
    this.#leaveFrame()
  }

  #finish(chunk: Buffer, end: number): void {
    const length = this.#kept + end - this.#start
    // A height of 0 is legal when a DNL segment has it (T.81 section B.2.5), but no camera does that.
    if (length > this.#maxFrameBytes || this.#width === 0 || this.#height === 0) {
      if (length > this.#maxFrameBytes) this.counters.oversized++
      else this.counters.truncated++
      this.counters.droppedBytes += length
      this.#leaveFrame()
      return
    }
    const data = this.#kept === 0 ? cut(chunk, this.#start, end) : this.#join(chunk, end, length)
    const width = this.#width
    const height = this.#height
    this.counters.frames++
    this.counters.frameBytes += length
    this.#leaveFrame()
    this.#onJpeg(data, width, height, this.#arrivedUs)
  }

  #leaveFrame(): void {
    this.#state = seek
    this.#inFrame = false
    this.#kept = 0
    this.#tooLarge = false
    this.#hasFrameHeader = false
    this.#hasScan = false
    this.#width = 0
    this.#height = 0
    this.#forgetPieces()
  }

  #forgetPieces(): void {
    if (this.#pieces.length > 0) this.#pieces = []
    this.#packFrom = 0
    this.#packTo = 0
  }

  /** Keeps the frame's part of a chunk that has been walked to its end. */
  #keep(chunk: Buffer): void {
    this.#kept += chunk.length - this.#start
    if (this.#kept <= this.#maxFrameBytes) {
      this.#addPiece(this.#start === 0 ? chunk : chunk.subarray(this.#start))
    } else {
      // Walked on to its end without being kept.
      this.#tooLarge = true
      this.#forgetPieces()
    }
  }

  #addPiece(piece: Buffer): void {
    if (piece.length >= smallPiece) {
      this.#closePack()
      this.#pieces.push(piece)
      return
    }
    if (!this.#pack || this.#packTo + piece.length > packSize) {
      this.#closePack()
      this.#pack = Buffer.allocUnsafeSlow(packSize)
      this.#packFrom = 0
      this.#packTo = 0
    }
    this.#pack.set(piece, this.#packTo)
    this.#packTo += piece.length
  }

  #closePack(): void {
    if (!this.#pack || this.#packTo === this.#packFrom) return
    this.#pieces.push(this.#pack.subarray(this.#packFrom, this.#packTo))
    this.#packFrom = this.#packTo
  }

  #join(chunk: Buffer, end: number, length: number): Buffer {
    this.#closePack()
    const data = Buffer.allocUnsafeSlow(length)
    let at = 0
    for (const piece of this.#pieces) {
      data.set(piece, at)
      at += piece.length
    }
    data.set(chunk.subarray(0, end), at)
    return data
  }
}

/** A view, or a copy where the view would keep more than twice its size in memory. */
function cut(chunk: Buffer, start: number, end: number): Buffer {
  const view = chunk.subarray(start, end)
  if (chunk.buffer.byteLength <= 2 * view.length) return view
  const copy = Buffer.allocUnsafeSlow(view.length)
  copy.set(view)
  return copy
}
