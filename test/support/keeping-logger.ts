import type { Logger } from '@streamer/core/plugin'

/** Keeps what is said, in all its parts, and lets a test wait for it. */
export class KeepingLogger implements Logger {
  constructor(
    readonly lines: string[] = [],
    readonly waiting: Set<() => void> = new Set()
  ) {}

  readonly error = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    this.lines.push(fields?.error instanceof Error ? `${message}: ${fields.error.message}` : message)
    for (const wake of this.waiting) wake()
    this.waiting.clear()
  }
  readonly warn = this.error
  readonly info = this.error
  debug(): void {}

  child(): Logger {
    return new KeepingLogger(this.lines, this.waiting)
  }

  /** Resolves when a line matches; the test's own time-out ends a wait in vain. */
  async says(pattern: RegExp): Promise<void> {
    while (!this.lines.some((line) => pattern.test(line)))
      await new Promise<void>((resolve) => this.waiting.add(resolve))
  }
}
