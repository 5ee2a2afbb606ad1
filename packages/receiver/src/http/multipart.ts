import { ByteCollector } from '../byte-collector.js'
import { captureTimeUs, contentLength } from './part-head.js'
import { PictureWalker } from './picture-walker.js'

/** A head of a part has some hundred bytes. */
const maxHeadBytes = 16 * 1024

export interface MultipartOptions {
  /** As in the Content-Type of the answer; without one the pictures are cut by walking them. */
  readonly boundary: string | undefined
  readonly maxFrameBytes: number
  /** The body of a part. `data` is the taker's own. */
  readonly onPart: (data: Buffer, wallClockUs: number | undefined) => void
  /** A part was too large, or its head was. */
  readonly onRefused: () => void
}

/**
 * Takes an MJPEG body (`multipart/x-mixed-replace`) apart by the Content-Length of each part. From the first part that has none on, the
 * pictures are cut out by walking their segments instead, whatever is between them.
 */
export class MultipartReader {
  readonly #options: MultipartOptions
  readonly #delimiter: Buffer
  #walker: PictureWalker | undefined
  #state: 'seek' | 'head' | 'body' | 'skip' = 'seek'
  /** What was read of a delimiter or a head, and is not complete. */
  #rest: Buffer = Buffer.alloc(0)
  #body: ByteCollector | undefined
  #wallClockUs: number | undefined
  /** Bytes of a refused part that are still to come. */
  #left = 0

  constructor(options: MultipartOptions) {
    this.#options = options
    const { boundary = '' } = options
    // Some servers write the dashes of the wire into the head, too.
    this.#delimiter = Buffer.from(boundary.startsWith('--') ? boundary : `--${boundary}`, 'latin1')
    if (boundary === '') this.#walker = new PictureWalker(options)
  }

  /** Takes the next bytes, and hands out each part that they complete. `chunk` is the reader's own. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#walker) {
        this.#walker.push(at === 0 ? chunk : chunk.subarray(at))
        return
      }
      if (this.#state === 'body') at = this.#takeBody(chunk, at)
      else if (this.#state === 'skip') at = this.#skip(chunk, at)
      else at = this.#takeText(chunk, at)
    }
  }

  #takeBody(chunk: Buffer, at: number): number {
    const end = this.#body!.push(chunk, at)
    const { whole } = this.#body!
    if (whole) {
      this.#body = undefined
      this.#state = 'seek'
      this.#options.onPart(whole, this.#wallClockUs)
    }
    return end
  }

  #skip(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    if (this.#left === 0) this.#state = 'seek'
    return end
  }

  /** Between bodies: the delimiter, then the head up to the empty line. Returns where the body begins. */
  #takeText(chunk: Buffer, at: number): number {
    const known = this.#rest.length
    const text = known === 0 ? chunk.subarray(at) : Buffer.concat([this.#rest, chunk.subarray(at)])
    this.#rest = Buffer.alloc(0)
    let used = 0
    if (this.#state === 'seek') {
      const found = text.indexOf(this.#delimiter)
      if (found < 0) {
        this.#keep(text.subarray(Math.max(0, text.length - this.#delimiter.length + 1)))
        return chunk.length
      }
      used = found + this.#delimiter.length
      this.#state = 'head'
    }
    // From the end of the delimiter's line on, which may itself be the first line break of an empty head.
    const end = headEnd(text, used)
    if (end < 0) {
      if (text.length - used > maxHeadBytes) {
        this.#options.onRefused()
        this.#state = 'seek'
      } else this.#keep(text.subarray(used))
      return chunk.length
    }
    this.#beginBody(text.toString('latin1', used, end))
    return at + end - known
  }

  /** A copy, so that no large chunk is kept for a few bytes. */
  #keep(text: Buffer): void {
    this.#rest = Buffer.from(text)
  }

  #beginBody(head: string): void {
    const length = contentLength(head)
    this.#wallClockUs = captureTimeUs(head)
    if (length === undefined) this.#walker = new PictureWalker(this.#options)
    else if (length === 0) this.#state = 'seek'
    else if (length > this.#options.maxFrameBytes) {
      this.#options.onRefused()
      this.#left = length
      this.#state = 'skip'
    } else {
      this.#body = new ByteCollector(length)
      this.#state = 'body'
    }
  }
}

/** The offset after the empty line that ends a head; -1 when it is not there. */
function headEnd(text: Buffer, from: number): number {
  const strict = text.indexOf('\r\n\r\n', from, 'latin1')
  const loose = text.indexOf('\n\n', from, 'latin1')
  if (strict < 0) return loose < 0 ? -1 : loose + 2
  return loose >= 0 && loose < strict ? loose + 2 : strict + 4
}
