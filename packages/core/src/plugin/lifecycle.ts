import { StreamerError } from './errors.js'
import type { Run } from './parts.js'

/**
 * Start and stop of a part in any order: twice, one during the other, aborted before, during and after the start. A part that opens
 * something (a socket, a process) hands the opening and the closing to this and need not think of the rest.
 */
export class Lifecycle {
  readonly #part: string
  readonly #close: () => Promise<void> | void
  #abort: AbortController | undefined
  #opening: Promise<unknown> | undefined
  #closing: Promise<void> | undefined

  /**
   * @param part for messages: `transport-udp`.
   * @param close closes whatever is open, also when the opening failed half-way. Never called twice at once, nor while the part opens.
   */
  constructor(part: string, close: () => Promise<void> | void) {
    this.#part = part
    this.#close = close
  }

  /** From `start` until `stop` or a failed start. */
  get isRunning(): boolean {
    return this.#abort !== undefined
  }

  /**
   * Opens the part. When `run.signal` is aborted later, it is closed.
   * @param open what there is to open; should end early when the signal it gets is aborted.
   * @throws what `open` threw, after closing; the reason of `run.signal` when that is aborted meanwhile; `TypeError` when it runs already.
   */
  async start<Result>(run: Run, open: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (this.#abort) throw new TypeError(`${this.#part}: start was called twice without stop`)
    run.signal.throwIfAborted()
    const abort = new AbortController()
    this.#abort = abort
    const signal = AbortSignal.any([run.signal, abort.signal])
    const opening = this.#openAfterClosing(signal, open)
    this.#opening = opening
    try {
      const result = await opening
      signal.throwIfAborted()
      run.signal.addEventListener('abort', () => void this.stop().catch(() => {}), { signal: abort.signal })
      return result
    } catch (error) {
      this.#opening = undefined
      // What went wrong first is what counts.
      await this.#closeOnce().catch(() => {})
      throw signal.aborted ? signal.reason : error
    } finally {
      this.#opening = undefined
    }
  }

  /** Resolves when all is closed. May be called at any time, any number of times. */
  async stop(): Promise<void> {
    this.#abort?.abort(new StreamerError('ERR_STOPPED', `${this.#part}: stopped while it was starting`))
    // What is open is closed within this call.
    if (this.#opening) await this.#opening.catch(() => {})
    await this.#closeOnce()
  }

  /** What the run before held (a port, a device) must be free again. */
  async #openAfterClosing<Result>(
    signal: AbortSignal,
    open: (signal: AbortSignal) => Promise<Result>
  ): Promise<Result> {
    await this.#closing
    signal.throwIfAborted()
    return open(signal)
  }

  #closeOnce(): Promise<void> {
    this.#closing ??= this.#runClose()
    return this.#closing
  }

  async #runClose(): Promise<void> {
    this.#abort = undefined
    try {
      await this.#close()
    } finally {
      this.#closing = undefined
    }
  }
}
