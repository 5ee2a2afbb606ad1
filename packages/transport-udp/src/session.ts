import type { EncodedFrame, Subscription } from '@streamer/core/plugin'
import { peerLabel } from '@streamer/core/plugin'
import type { UdpOptions } from './config.js'
import type { Feed } from './feed.js'
import { registered } from './wire.js'

/** What a session needs of a socket. `callback` runs later, once, with an error or null. */
export interface DatagramSender {
  send(
    datagram: Uint8Array,
    port: number,
    address: string,
    callback: (error: Error | null, bytes: number) => void
  ): void
}

/** What all sessions count together. */
export interface SendCounters {
  framesSent: number
  datagramsSent: number
  bytesSent: number
  sendErrors: number
}

/** What a session needs of its transport. */
export interface SessionHost {
  readonly sender: DatagramSender
  readonly counters: SendCounters
  readonly options: UdpOptions
  /** Told once per frame (or answer) of which a datagram could not be sent. */
  onSendError(error: Error, label: string): void
  /** Told once when the core has ended its subscription, and then it is closed. Not told of one's own `close()`. */
  onRevoked(session: Session): void
}

/** One client: an address and port that registered, and the stream it gets. */
export class Session {
  readonly feed: Feed
  readonly address: string
  readonly port: number
  /** `192.168.1.20:51234`. */
  readonly label: string
  /** When it was last heard of, by the caller's clock. */
  lastHeardMs: number
  readonly #host: SessionHost
  #subscription: Subscription | undefined
  #lastId = -1
  /** Datagrams of the current frame whose fate is unknown; the client is busy until it is 0. */
  #pending = 0
  #error: Error | undefined
  #closed = false

  constructor(host: SessionHost, feed: Feed, address: string, port: number, nowMs: number) {
    this.#host = host
    this.feed = feed
    this.address = address
    this.port = port
    this.label = peerLabel(address, port)
    this.lastHeardMs = nowMs
  }

  /**
   * Answers a registration. Frames begin once the answer is on its way: known clients give up unless it is the first thing they get.
   * When it cannot be sent, the client registers again.
   */
  answer(): void {
    this.#host.sender.send(registered, this.port, this.address, (error) => {
      if (this.#closed) return
      if (error === null) {
        this.#host.counters.datagramsSent++
        this.#host.counters.bytesSent += registered.length
        this.#subscribe()
      } else {
        this.#host.counters.sendErrors++
        this.#host.onSendError(error, this.label)
      }
    })
  }

  /** Ends its subscription and sends no more. May be called twice. */
  close(): void {
    this.#closed = true
    this.#subscription?.close()
    this.#subscription = undefined
  }

  #subscribe(): void {
    if (this.#subscription !== undefined) return
    const { maxFramerate, maxAgeMs } = this.#host.options
    this.#subscription = this.feed.stream.subscribe({
      label: this.label,
      ...(maxFramerate === undefined ? {} : { maxFramerate }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      onFrame: (frame) => this.#send(frame),
      onClose: () => {
        this.close()
        this.#host.onRevoked(this)
      }
    })
  }

  #send(frame: EncodedFrame): void {
    const { id, datagrams } = this.feed.packet(frame, this.#lastId)
    this.#lastId = id
    this.#pending = datagrams.length
    const { sender } = this.#host
    for (let index = 0; index < datagrams.length; index++) {
      sender.send(datagrams[index]!, this.port, this.address, this.#onSent)
    }
  }

  /**
   * One for all datagrams of all frames, so that sending makes no closures. Each datagram is asked about, not the last alone: that one may
   * be short enough where full chunks are too long.
   */
  readonly #onSent = (error: Error | null, bytes: number): void => {
    const { counters } = this.#host
    if (error === null) {
      counters.datagramsSent++
      counters.bytesSent += bytes
    } else {
      if (!this.#closed) counters.sendErrors++
      this.#error = error
    }
    if (--this.#pending > 0) return
    if (this.#error === undefined) counters.framesSent++
    else if (!this.#closed) this.#host.onSendError(this.#error, this.label)
    this.#error = undefined
    this.#subscription?.ready()
  }
}
