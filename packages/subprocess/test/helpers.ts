import { readFileSync } from 'node:fs'
import type { Logger } from '@streamer/core/plugin'
import { expect } from 'vitest'

/** A logger that keeps its lines as `level message`. */
export class ListLogger implements Logger {
  readonly lines: string[] = []
  /** The commands that were started, apart from the lines, since scripts in them say what tests look for. */
  readonly commands: string[] = []
  readonly #wakers = new Set<() => void>()

  error(message: string): void {
    this.#add('error', message)
  }
  warn(message: string): void {
    this.#add('warn', message)
  }
  info(message: string): void {
    this.#add('info', message)
  }
  debug(message: string): void {
    if (/^[\w-]+: starting /.test(message)) this.commands.push(message)
    else this.#add('debug', message)
  }
  child(): Logger {
    return this
  }

  /** Resolves with the first line that matches, once there is one. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line))
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
  }

  #add(level: string, message: string): void {
    this.lines.push(`${level} ${message}`)
    for (const waker of this.#wakers) waker()
    this.#wakers.clear()
  }
}

/** A command that runs a script in Node; `arguments` are at `process.argv[1]` and on. */
export function nodeScript(script: string, ...args: string[]): string[] {
  return [process.execPath, '-e', script, ...args]
}

/** Whether a process is there and is more than an entry that its parent has not collected yet. */
export function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !/^\d+ \(.*\) [ZX]/s.test(status)
  } catch {
    return false
  }
}

/** Resolves once none of the processes is alive. */
export async function areGone(...pids: number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive), { timeout: 20_000, interval: 20 }).toEqual([])
}

/** The number in a logged line such as `pid 42`. */
export function pidIn(line: string): number {
  const pid = Number(/pid (\d+)/.exec(line)?.[1])
  expect(pid).toBeGreaterThan(1)
  return pid
}
