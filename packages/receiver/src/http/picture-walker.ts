import { JpegSplitter, noCounts } from '@streamer/jpeg-splitter'

/** Pictures out of a stream that does not tell how long they are. */
export class PictureWalker {
  readonly #splitter: JpegSplitter
  readonly #counters = noCounts()
  readonly #onRefused: () => void
  #refused = 0

  /** What is handed out is the taker's own; what is too large or broken is refused. */
  constructor(options: {
    readonly maxFrameBytes: number
    readonly onPart: (data: Buffer, wallClockUs: undefined) => void
    readonly onRefused: () => void
  }) {
    const { maxFrameBytes, onPart, onRefused } = options
    this.#onRefused = onRefused
    const onJpeg = (data: Buffer): void => onPart(data, undefined)
    this.#splitter = new JpegSplitter({ maxFrameBytes, counters: this.#counters, onJpeg })
  }

  /** `chunk` is the walker's own. */
  push(chunk: Buffer): void {
    this.#splitter.push(chunk)
    // The end of one that is too large may never come.
    if (this.#splitter.isTooLarge) this.#splitter.reset()
    const refused = this.#counters.oversized + this.#counters.truncated
    for (; this.#refused < refused; this.#refused++) this.#onRefused()
  }
}
