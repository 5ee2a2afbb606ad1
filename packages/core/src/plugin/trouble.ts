import type { Logger } from './logger.js'

/** Trouble that lasts is told of at most this often. */
const longestPauseMs = 3_600_000
/** Trouble that has not come for so long is new when it comes again; sooner it is the same. */
const shortestQuietMs = 60_000
/** Messages that are told apart at a time; whoever puts something new into each must not fill the memory. */
const mostMessages = 100
const otherTrouble = 'further trouble, of more kinds than are told apart'

interface Trouble {
  /** Reports since the last line. */
  count: number
  /** There were none in the last pause. */
  readonly isQuiet: boolean
  readonly timer: NodeJS.Timeout
}

/**
 * Says repeated trouble with a count instead of once per event: the first report of a message at once, those that follow together after a second,
 * then two, four, up to an hour while it lasts. After a minute or more without any it is new again. Its timers do not keep the process alive.
 */
export class TroubleLog {
  readonly #logger: Logger
  readonly #pending = new Map<string, Trouble>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** The message should be the same each time; what differs belongs into counters. */
  warn(message: string): void {
    if (this.#pending.size >= mostMessages && !this.#pending.has(message)) message = otherTrouble
    const known = this.#pending.get(message)
    if (known) {
      known.count++
      return
    }
    this.#logger.warn(message)
    this.#arm(message, 1000, false)
  }

  /** Forgets what is pending. */
  close(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer)
    this.#pending.clear()
  }

  #arm(message: string, pauseMs: number, isQuiet: boolean): void {
    const timer = setTimeout(() => this.#tell(message, pauseMs), pauseMs)
    timer.unref()
    this.#pending.set(message, { count: 0, isQuiet, timer })
  }

  #tell(message: string, pauseMs: number): void {
    const { count = 0, isQuiet = true } = this.#pending.get(message) ?? {}
    if (count > 0) {
      this.#logger.warn(`${message} (${count} more in the last ${pauseMs / 1000} s)`)
      this.#arm(message, Math.min(pauseMs * 2, longestPauseMs), false)
    } else if (isQuiet) this.#pending.delete(message)
    else this.#arm(message, Math.max(pauseMs, shortestQuietMs), true)
  }
}
