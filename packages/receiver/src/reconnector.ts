import type { StreamerError } from '@streamer/core/plugin'
import { BackOff } from './back-off.js'
import type { Clock } from './clock.js'
import type { Connection, ConnectionCounters, IncomingFrame, Measures, Sink } from './connection.js'

export interface ReconnectorOptions {
  readonly clock: Clock
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
  readonly connect: () => Connection
  readonly reconnect: boolean
  readonly counters: ConnectionCounters
  readonly onState: (state: 'connecting' | 'receiving' | 'waiting', detail?: string) => void
  /** Numbers and clocks of frames begin anew. */
  readonly onOpen: () => void
  readonly onFrame: (frame: IncomingFrame) => void
  readonly onMeasured: (measures: Measures) => void
  /** It is over for good, because of this; everything is closed. */
  readonly onEnd: (reason: StreamerError) => void
}

/** Keeps one connection going: when it fails, the next one follows after a pause. */
export class Reconnector {
  readonly #options: ReconnectorOptions
  readonly #backOff: BackOff
  #connection: Connection | undefined
  #timer: unknown
  #closing: Promise<void> | undefined
  /** Connections that were begun. */
  connections = 0

  constructor(options: ReconnectorOptions) {
    this.#options = options
    this.#backOff = new BackOff(options.random)
  }

  start(): void {
    if (this.#closing) return
    this.#options.onState('connecting')
    // Whoever was told may have closed it.
    if (this.#closing) return
    this.connections++
    const connection = this.#options.connect()
    this.#connection = connection
    connection.start(this.#sinkOf(connection))
  }

  /** Ends what is open, and begins nothing more. May be called twice, and without `start`. */
  close(): Promise<void> {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#closing ??= this.#connection?.close() ?? Promise.resolve()
    return this.#closing
  }

  #sinkOf(connection: Connection): Sink {
    const { counters, onState, onOpen, onFrame, onMeasured } = this.#options
    let isOver = false
    const isHeard = (): boolean => !isOver && this.#closing === undefined
    return {
      counters,
      opened: (protocol) => {
        if (!isHeard()) return
        onOpen()
        onState('receiving', protocol)
      },
      frame: (frame) => {
        if (!isHeard()) return
        this.#backOff.reset()
        onFrame(frame)
      },
      measured: (measures) => {
        if (isHeard()) onMeasured(measures)
      },
      failed: (reason, isFinal = false) => {
        if (!isHeard()) return
        isOver = true
        void this.#after(connection, reason, isFinal)
      }
    }
  }

  async #after(connection: Connection, reason: StreamerError, isFinal: boolean): Promise<void> {
    const { clock, reconnect, onState, onEnd } = this.#options
    await connection.close()
    if (this.#closing) return
    if (isFinal || !reconnect) {
      onEnd(reason)
      return
    }
    onState('waiting', reason.message)
    if (this.#closing) return
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined
      this.start()
    }, this.#backOff.next())
  }
}
