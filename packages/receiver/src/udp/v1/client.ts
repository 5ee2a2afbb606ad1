import type { ConnectionOptions } from '../../connection.js'
import { receiveError } from '../../failure.js'
import { jpegOf, maxPickleBytes } from '../../payload.js'
import type { Target } from '../../schemes.js'
import { Watchdog } from '../../watchdog.js'
import type { DatagramClient, DatagramHost } from '../client.js'
import { Assembler } from './assembler.js'
import { disconnect, keepalive, registered, registration } from './wire.js'

/** Servers repeat the last picture about once a second: after twice that they have forgotten us, or are gone. */
const silenceMs = 2000
/** They forget a client after 30 s; one of three may be lost. */
const keepaliveMs = 10_000
/** Between registrations that are not answered: 250 ms, 500 ms, … 2 s. */
const firstRetryMs = 250
const longestRetryMs = 2000

/** Version 1 (`docs/protocols/udp.md`): registers, and again when the server falls silent. */
export class Version1Client implements DatagramClient {
  readonly #target: Target
  readonly #options: ConnectionOptions
  readonly #host: DatagramHost
  readonly #watchdog: Watchdog
  /** Undefined until the server has answered once. */
  #assembler: Assembler | undefined
  #retryTimer: unknown
  /** Set while an answer to a registration is waited for. */
  #deadlineTimer: unknown
  #keepaliveTimer: unknown
  #isOver = false

  constructor(target: Target, options: ConnectionOptions, host: DatagramHost) {
    this.#target = target
    this.#options = options
    this.#host = host
    this.#watchdog = new Watchdog(options.clock, silenceMs, () => this.#register())
  }

  /** The server knows us by our address alone. */
  get isMovable(): boolean {
    return false
  }

  moved(): void {}

  start(): void {
    this.#register()
  }

  receive(datagram: Buffer): void {
    if (this.#isOver) return
    const isRegistering = this.#deadlineTimer !== undefined
    const isAnswer = datagram.equals(registered)
    // The answer to a registration that was sent twice may come between frames.
    if (!isAnswer && !this.#assembler?.receive(datagram)) return
    this.#host.sink.counters.bytes += datagram.length
    this.#watchdog.heard()
    // A frame in the place of an answer: it was only quiet for a while.
    if (isRegistering) this.#goOn(isAnswer)
  }

  close(): Uint8Array | undefined {
    this.#isOver = true
    this.#watchdog.stop()
    this.#endRegistration()
    this.#options.clock.clearTimer(this.#keepaliveTimer)
    this.#assembler?.close()
    // Also where no answer came: it may have been the answer that was lost.
    return disconnect
  }

  /** Asks for the stream until there is an answer, or the time for one is over. */
  #register(): void {
    const { address, stream } = this.#target
    const { clock, connectTimeoutMs } = this.#options
    const which = stream === '' ? '' : `, or it has no stream ${JSON.stringify(stream)} or no room`
    this.#deadlineTimer = clock.setTimer(() => {
      this.#host.sink.failed(receiveError(address, `no answer to the registration: no server is there${which}`))
    }, connectTimeoutMs)
    this.#ask(firstRetryMs)
  }

  #ask(retryMs: number): void {
    this.#host.send(registration(this.#target.stream))
    const next = Math.min(retryMs * 2, longestRetryMs)
    this.#retryTimer = this.#options.clock.setTimer(() => this.#ask(next), retryMs)
  }

  #endRegistration(): void {
    const { clock } = this.#options
    clock.clearTimer(this.#retryTimer)
    clock.clearTimer(this.#deadlineTimer)
    this.#deadlineTimer = undefined
  }

  /** @param isAnew the server has registered us, and may be one that was started anew: its numbers say nothing about those before. */
  #goOn(isAnew: boolean): void {
    this.#endRegistration()
    this.#watchdog.start()
    if (!isAnew) return
    this.#assembler?.close()
    this.#assembler = this.#newAssembler()
    if (this.#keepaliveTimer === undefined) this.#keepAlive()
    this.#host.sink.opened('udp/1')
  }

  #newAssembler(): Assembler {
    const { clock, maxFrameBytes } = this.#options
    const { sink } = this.#host
    return new Assembler({
      clock,
      maxBytes: maxFrameBytes + maxPickleBytes,
      counters: sink.counters,
      onFrame: (payload, sequence, wallClockUs) => {
        const data = jpegOf(payload)
        if (!data || data.length > maxFrameBytes) sink.counters.refused++
        else sink.frame({ data, sequence, ...(wallClockUs !== undefined && { wallClockUs }) })
      }
    })
  }

  #keepAlive(): void {
    this.#keepaliveTimer = this.#options.clock.setTimer(() => {
      this.#host.send(keepalive)
      this.#keepAlive()
    }, keepaliveMs)
  }
}
