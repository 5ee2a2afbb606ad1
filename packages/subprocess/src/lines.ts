import { StringDecoder } from 'node:string_decoder'
import { type Logger, withoutSecrets } from '@streamer/core/plugin'

/** Characters of a line that are logged. */
const maxLineLength = 500
/** Characters of a line that are looked at, so that a password that is logged in part is seen whole, and hidden. */
const maxKeptLength = 4 * maxLineLength
/** Lines a second that are logged; a command that fails talks less, one that says more is flooding. */
const maxLinesPerSecond = 20
/** "Select graphic rendition" of ECMA-48, section 8.3.117. */
const colours = /\p{Cc}\[[\d;]*m/gu
/** Lines kept for the message of a failure. */
const keptLines = 10

/**
 * Puts what a program writes to its standard error into a log, line by line: long lines are cut, a flood is counted instead of
 * logged. Lines that the program would overwrite on a terminal (they end in a bare carriage return: progress) go to `debug`,
 * the others to `info`.
 */
export class LineLog {
  readonly #logger: Logger
  readonly #onLine: (line: string) => void
  readonly #decoder = new StringDecoder('utf8')
  readonly #last: string[] = []
  #line = ''
  #cut = false
  #afterReturn = false
  #logged = 0
  #unlogged = 0
  #timer: NodeJS.Timeout | undefined

  /** @param onLine told of every line that is not progress, also of those that are not logged, as it would be logged. */
  constructor(logger: Logger, onLine: (line: string) => void = () => {}) {
    this.#logger = logger
    this.#onLine = onLine
  }

  /** The last lines that were not progress, oldest first. */
  get last(): readonly string[] {
    return this.#last
  }

  push(chunk: Buffer): void {
    const text = this.#decoder.write(chunk)
    let from = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      // A carriage return ends a line of progress, unless a line feed follows it.
      if (this.#afterReturn) {
        this.#afterReturn = false
        this.#endLine(code !== 10)
        if (code === 10) {
          from = i + 1
          continue
        }
      }
      if (code !== 10 && code !== 13) continue
      this.#append(text, from, i)
      from = i + 1
      if (code === 13) this.#afterReturn = true
      else this.#endLine(false)
    }
    this.#append(text, from, text.length)
  }

  /** Logs what came without a line's end, and the count of what was not logged. */
  close(): void {
    this.#append(this.#decoder.end(), 0)
    this.#endLine(this.#afterReturn)
    this.#afterReturn = false
    this.#endSecond()
  }

  #append(text: string, from: number, to = text.length): void {
    if (from >= to || this.#cut) return
    const room = maxKeptLength - this.#line.length
    this.#cut = to - from > room
    this.#line += text.slice(from, Math.min(to, from + room))
  }

  #endLine(isProgress: boolean): void {
    // Control characters (colours among them) do not belong in a log, nor may they break up what is to be hidden.
    const text = withoutSecrets(this.#line.replace(colours, '').replace(/\p{Cc}/gu, ' ')).trim()
    const line = this.#cut || text.length > maxLineLength ? `${text.slice(0, maxLineLength)}…` : text
    this.#line = ''
    this.#cut = false
    if (line === '') return
    if (!isProgress) {
      this.#last.push(line)
      if (this.#last.length > keptLines) this.#last.shift()
      this.#onLine(line)
    }
    if (this.#logged >= maxLinesPerSecond) {
      this.#unlogged++
      return
    }
    this.#logged++
    if (!this.#timer) {
      this.#timer = setTimeout(() => this.#endSecond(), 1000)
      this.#timer.unref()
    }
    if (isProgress) this.#logger.debug(line)
    else this.#logger.info(line)
  }

  #endSecond(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#unlogged > 0) this.#logger.info(`(${this.#unlogged} more lines were not logged)`)
    this.#logged = 0
    this.#unlogged = 0
  }
}
