import type { StreamerError } from '@streamer/core/plugin'
import type { Clock } from './clock.js'
import type { Connection } from './connection.js'
import type { ReceivedFrame, WaitingFrame } from './frame.js'
import { FrameQueue } from './frame-queue.js'
import type { CheckedOptions } from './options.js'
import { Playout } from './playout.js'
import { Reconnector } from './reconnector.js'
import { type ReceiverState, type ReceiverStats, Statistics } from './statistics.js'

/** What a receiver is made of, besides its options. */
export interface ReceiverParts {
  readonly clock: Clock
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** Makes the next connection. */
  readonly connect: () => Connection
}

interface Waiter {
  readonly resolve: (result: IteratorResult<ReceivedFrame, undefined>) => void
  readonly reject: (error: unknown) => void
}

const done: IteratorResult<ReceivedFrame, undefined> = { done: true, value: undefined }

/**
 * Frames of one stream. Made by `receive`. It connects when the first frame is asked for; leaving the loop closes it. Frames that nobody takes do not pile
 * up: at most 30 (or 64 MiB) wait, and the newest win.
 */
export class Receiver implements AsyncIterableIterator<ReceivedFrame, undefined>, AsyncDisposable {
  readonly #clock: Clock
  readonly #options: CheckedOptions
  readonly #queue = new FrameQueue()
  readonly #statistics: Statistics
  readonly #playout: Playout
  readonly #reconnector: Reconnector
  readonly #waiters: Waiter[] = []
  readonly #onAbort = (): void => void this.close()
  #state: ReceiverState = 'connecting'
  #protocol: string | undefined
  #hasStarted = false
  #error: StreamerError | undefined
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(options: CheckedOptions, { clock, random, connect }: ReceiverParts) {
    this.#clock = clock
    this.#options = options
    this.#statistics = new Statistics(clock)
    this.#playout = new Playout({ clock, delayMs: options.delayMs, give: (frame) => this.#give(frame) })
    this.#reconnector = new Reconnector({
      clock,
      random,
      connect,
      reconnect: options.reconnect,
      counters: this.#statistics.counters,
      onState: (state, detail) => this.#enter(state, detail),
      onOpen: () => {
        this.#playout.restart()
        this.#statistics.forgetMeasures()
      },
      onFrame: (frame) => {
        this.#statistics.frame(frame.repaired ?? false)
        this.#playout.push(frame)
      },
      onMeasured: (measures) => this.#statistics.measured(measures),
      onEnd: (reason) => this.#fail(reason)
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * The next frame; waits for it.
   * @returns `done` after `close()`, and when the signal was aborted; then nothing is open any more.
   * @throws StreamerError (`ERR_RECEIVE`) when the connection failed and there is no other to come: with `reconnect: false`, or where trying again cannot help.
   */
  next(): Promise<IteratorResult<ReceivedFrame, undefined>> {
    this.#start()
    const frame = this.#queue.take()
    if (frame) return Promise.resolve({ done: false, value: this.#handOver(frame) })
    if (this.#error) return this.#throwOnce(this.#error)
    if (this.#closing) return this.#closing.then(() => done)
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** `close()`, for loops that are left. */
  async return(): Promise<IteratorResult<ReceivedFrame, undefined>> {
    await this.close()
    return done
  }

  /** What it has seen so far; may be called at any time. */
  stats(): ReceiverStats {
    return this.#statistics.sum({
      state: this.#state,
      protocol: this.#protocol,
      dropped: this.#queue.dropped,
      late: this.#playout.late,
      reconnects: Math.max(this.#reconnector.connections - 1, 0),
      jitterMs: this.#playout.jitterMs
    })
  }

  /** Ends the connection and the loop; frames that wait are thrown away. Nothing is open when it resolves. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #start(): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    const { signal } = this.#options
    if (signal?.aborted) void this.close()
    if (this.#closing) return
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#reconnector.start()
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#state = 'closed'
    this.#error = undefined
    this.#queue.clear()
    this.#playout.close()
    await this.#reconnector.close()
    for (const { resolve } of this.#waiters.splice(0)) resolve(done)
  }

  #enter(state: 'connecting' | 'receiving' | 'waiting', detail?: string): void {
    this.#state = state
    if (state === 'receiving') this.#protocol = detail
    try {
      this.#options.onState?.(state, detail)
    } catch {
      // A listener's mistake must not end the stream, and there is nobody here to tell.
    }
  }

  #give(frame: WaitingFrame): void {
    const waiter = this.#waiters.shift()
    if (waiter) waiter.resolve({ done: false, value: this.#handOver(frame) })
    else this.#queue.push(frame)
  }

  #handOver(frame: WaitingFrame): ReceivedFrame {
    if (frame.ageMs === undefined) return frame
    const ageMs = frame.ageMs + this.#clock.nowMs() - frame.receivedMs
    // How long the camera has been silent says nothing about the way.
    if (!frame.repeated) this.#statistics.age(ageMs)
    return { ...frame, ageMs }
  }

  /** Frames that are here already are handed out before the error. */
  #fail(reason: StreamerError): void {
    this.#playout.restart()
    this.#error = reason
    this.#state = 'closed'
    const waiter = this.#waiters.shift()
    if (waiter) this.#throwOnce(reason).catch(waiter.reject)
  }

  async #throwOnce(error: StreamerError): Promise<never> {
    await this.close()
    throw error
  }
}
