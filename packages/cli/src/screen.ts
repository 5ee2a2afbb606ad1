/** Text that waits for a reader, in bytes; what comes when there is more is left out. */
const maxPending = 1 << 20

/** A terminal (or a pipe) with lines that scroll and, in a terminal, one status line below them that is written anew in its place. */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  /** What stands in the last row; empty when nothing does. */
  #status = ''
  readonly #paint: (text: string) => string
  /** The same before it was cut. */
  #text = ''
  /** Lines since nobody reads. */
  #leftOut = 0

  /** @param paint colours the status line after it was cut. */
  constructor(stream: NodeJS.WriteStream, paint: (text: string) => string = (text) => text) {
    this.#stream = stream
    this.#paint = paint
  }

  /** @param tell is called when somebody reads again, with the number of lines that were left out meanwhile. */
  onLeftOut(tell: (lines: number) => void): void {
    this.#stream.on('drain', () => {
      const lines = this.#leftOut
      this.#leftOut = 0
      if (lines > 0) tell(lines)
    })
  }

  /** Writes whole lines, above the status line; leaves them out while too much waits for a reader. */
  write(lines: string): void {
    // Once some are missing, all are until the reader has caught up: the gap is in one place.
    if (this.#leftOut > 0 || this.#stream.writableLength > maxPending) this.#leftOut += lines.split('\n').length - 1
    else if (this.#status === '') this.#send(lines)
    else this.#send(`${this.#cleared()}${lines}${this.#painted()}`)
  }

  /** Shows `text` in the last row, cut so that it never wraps. The next one comes soon, so this one never waits for a reader. */
  status(text: string): void {
    if (this.#stream.writableLength > 0) return
    this.#text = text
    const cleared = this.#cleared()
    this.#send(`${cleared}${this.#painted()}`)
  }

  /** Takes the status line away. */
  close(): void {
    if (this.#status !== '') this.#send(this.#cleared())
    this.#status = ''
    this.#text = ''
  }

  /** A window that became narrower has broken the line into several rows: all of them go. */
  #cleared(): string {
    if (this.#status === '') return ''
    const rows = Math.max(1, Math.ceil(this.#status.length / this.#columns()))
    return `\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}\x1b[J`
  }

  #painted(): string {
    // Writing into the last column makes some terminals wrap.
    this.#status = this.#text.slice(0, this.#columns() - 1)
    return this.#paint(this.#status)
  }

  #columns(): number {
    return Math.max(2, this.#stream.columns || 80)
  }

  #send(text: string): void {
    if (this.#stream.writable) this.#stream.write(text)
  }
}
