import type { Logger } from '@streamer/core/plugin'

/** Lines that are kept; the oldest go. */
const maxLines = 10_000

/** Keeps what is logged, each line as `warn http: cut 127.0.0.1:51234: it took nothing for 30000 ms`. */
export class LogKeeper implements Logger {
  readonly lines: string[]
  readonly #name: string

  /** @param lines where to keep them. */
  constructor(lines: string[] = [], name = '') {
    this.lines = lines
    this.#name = name
  }

  error(message: string): void {
    this.#keep('error', message)
  }

  warn(message: string): void {
    this.#keep('warn', message)
  }

  info(message: string): void {
    this.#keep('info', message)
  }

  debug(message: string): void {
    this.#keep('debug', message)
  }

  child(name: string): Logger {
    return new LogKeeper(this.lines, name)
  }

  #keep(level: string, message: string): void {
    this.lines.push(`${level} ${this.#name === '' ? '' : `${this.#name}: `}${message}`)
    if (this.lines.length > maxLines) this.lines.shift()
  }
}
