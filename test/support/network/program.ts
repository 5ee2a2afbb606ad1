import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** How long a program may take to end before it is killed. */
const endTimeoutMs = 5000

/** What a test runner puts into the environment, for itself. */
const notMeant = /^(VITEST|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/

type Message = Readonly<Record<string, unknown>>

interface Waiting {
  readonly key: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * A Node program that talks in lines of JSON, one object in each, both ways. It gets SIGKILL when the thread that started it ends, however that happens,
 * and the end of its standard input.
 */
export class NodeProgram {
  /** Its own, for `ip netns exec` becomes the program. */
  readonly pid: number
  /** Resolves when it has ended and all its output was read. */
  readonly ended: Promise<void>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #what: string
  #messages: Message[] = []
  #waiting: Waiting[] = []
  /** What it said that is no JSON, on either output; the last 10 000 characters. */
  #said = ''
  #end: string | undefined

  /** @param prefix what runs it where it shall run: `ip netns exec …`. @param args its path and arguments, or options of Node's. */
  constructor(prefix: readonly string[], args: readonly string[]) {
    this.#what = `node ${args.join(' ')}`
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !notMeant.test(name)))
    const [command = '', ...rest] = ['setpriv', '--pdeathsig', 'KILL', ...prefix, process.execPath, ...args]
    this.#child = spawn(command, rest, { env, stdio: 'pipe' })
    this.#child.stdin.on('error', () => {})
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#onEnd(`ended with ${signal ?? code}`)
        resolve()
      })
      this.#child.once('error', (error) => {
        this.#onEnd(`did not start: ${error.message}`)
        resolve()
      })
    })
    this.pid = this.#child.pid ?? -1
    createInterface(this.#child.stdout).on('line', (line) => this.#onLine(line))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#keep(text))
  }

  /**
   * The value of `key` in the first object that has it and that nobody has taken yet; waits for one, never with the clock.
   * @throws Error with what the program said, when it ends without one.
   */
  next<T = unknown>(key: string): Promise<T> {
    const index = this.#messages.findIndex((message) => key in message)
    if (index >= 0) return Promise.resolve(this.#messages.splice(index, 1)[0]![key] as T)
    if (this.#end !== undefined) return Promise.reject(this.#error(key))
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ key, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  /** Gives it an object, as one line. */
  send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`)
  }

  /** Sends `{ [key]: value }` and waits for an object with the same key. */
  ask<T = unknown>(key: string, value: unknown = true): Promise<T> {
    this.send({ [key]: value })
    return this.next<T>(key)
  }

  /** Ends it: with SIGTERM and, when it takes too long over that, SIGKILL. Resolves when it has ended; may be called twice. */
  async stop(): Promise<void> {
    if (this.#end === undefined) this.#child.kill('SIGTERM')
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), endTimeoutMs)
    await this.ended
    clearTimeout(killer)
  }

  #onLine(line: string): void {
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      message = undefined
    }
    if (typeof message !== 'object' || message === null) {
      this.#keep(`${line}\n`)
      return
    }
    const index = this.#waiting.findIndex(({ key }) => key in message)
    if (index < 0) this.#messages.push(message as Message)
    else {
      const [{ key, resolve }] = this.#waiting.splice(index, 1) as [Waiting]
      resolve((message as Message)[key])
    }
  }

  #keep(text: string): void {
    this.#said = (this.#said + text).slice(-10_000)
  }

  #onEnd(end: string): void {
    this.#end ??= end
    for (const { key, reject } of this.#waiting.splice(0)) reject(this.#error(key))
  }

  #error(key: string): Error {
    return new Error(`${this.#what} ${this.#end} and never said "${key}"\n${this.#said}`)
  }
}
