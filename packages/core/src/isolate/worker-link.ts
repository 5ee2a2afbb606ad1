import type { MessagePort } from 'node:worker_threads'
import type { Logger } from '../plugin/index.js'
import type { FromWorker } from './messages.js'
import { portableFields } from './portable.js'
import { LineBudget } from './thread-output.js'

/**
 * Messages that the program may not have taken yet. Ten thousand clients that all take 30 frames a second stay below; what is more is a plugin that has gone
 * wild, and would fill the memory of the whole program.
 */
const maxUntaken = 200_000

type Level = 'error' | 'warn' | 'info' | 'debug'

/** The way out of a worker thread. */
export class WorkerLink {
  readonly #port: MessagePort
  /** A budget for each level, so that debugging takes no warning's place. */
  readonly #budgets = {
    error: new LineBudget(),
    warn: new LineBudget(),
    info: new LineBudget(),
    debug: new LineBudget()
  }
  #sent = 0
  #received = 0

  constructor(port: MessagePort) {
    this.#port = port
  }

  /** Sends a message; ends the thread when nobody takes them any more. @throws DataCloneError for what cannot leave the thread. */
  send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
    this.#sent++
    if (this.#sent - this.#received <= maxUntaken) return
    const why = `asked for more than can be done: ${maxUntaken} messages wait`
    this.#port.postMessage({ type: 'leaving', why } satisfies FromWorker)
    process.exit(1)
  }

  /** The program has taken so many messages. */
  noteReceived(count: number): void {
    this.#received = count
  }

  /** A logger whose lines are said on the other side, with the names of `child` after the part's own. */
  logger(child: readonly string[] = []): Logger {
    return {
      error: (message, fields) => this.#log('error', message, fields, child),
      warn: (message, fields) => this.#log('warn', message, fields, child),
      info: (message, fields) => this.#log('info', message, fields, child),
      debug: (message, fields) => this.#log('debug', message, fields, child),
      child: (name) => this.logger([...child, String(name)])
    }
  }

  #log(level: Level, text: string, fields: Readonly<Record<string, unknown>> | undefined, child: readonly string[]) {
    const budget = this.#budgets[level]
    if (!budget.take()) return
    const leftOut = budget.takeLeftOut()
    const message = leftOut > 0 ? `${text} (${leftOut} lines before this one were left out)` : String(text)
    this.send({ type: 'log', level, message, fields: portableFields(fields), child })
  }
}
