import type { Logger } from './logger.js'

/**
 * Says repeated trouble once a second with a count instead of once per event: at most one line a second for each message.
 * Its timers do not keep the process alive.
 */
export class TroubleLog {
  readonly #logger: Logger
  readonly #pending = new Map<string, { count: number; timer: NodeJS.Timeout }>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** The first report of `message` is logged at once as a warning; those of the next second together, with their count. */
  warn(message: string): void {
    const known = this.#pending.get(message)
    if (known) {
      known.count++
      return
    }
    this.#logger.warn(message)
    this.#arm(message)
  }

  /** Forgets what is pending. */
  close(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer)
    this.#pending.clear()
  }

  #arm(message: string): void {
    const timer = setTimeout(() => {
      const count = this.#pending.get(message)?.count ?? 0
      this.#pending.delete(message)
      if (count === 0) return
      this.#logger.warn(`${message} (${count} more in the last second)`)
      this.#arm(message)
    }, 1000)
    timer.unref()
    this.#pending.set(message, { count: 0, timer })
  }
}
