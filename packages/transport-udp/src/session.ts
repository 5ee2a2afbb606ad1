import type { EncodedFrame, Subscription } from '@streamer/core/plugin'
import { peerLabel } from '@streamer/core/plugin'
import type { UdpOptions } from './config.js'
import type { Feed, Packet } from './feed.js'
import type { OnSent, Peer, Sender } from './sender.js'
import { registered } from './wire.js'

/** What all sessions count together. */
export interface SendCounters {
  framesSent: number
  datagramsSent: number
  bytesSent: number
  sendErrors: number
}

/** What a session needs of its transport. */
export interface SessionHost {
  readonly sender: Sender
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
  readonly #peer: Peer
  #subscription: Subscription | undefined
  #lastId = -1
  /** Datagrams of the current frame whose fate is unknown; the client is busy until it is 0. */
  #pending = 0
  #packet: Packet | undefined
  #error: Error | undefined
  #closed = false

  constructor(host: SessionHost, feed: Feed, address: string, port: number, nowMs: number) {
    this.#host = host
    this.feed = feed
    this.address = address
    this.port = port
    this.label = peerLabel(address, port)
    this.#peer = host.sender.peer(address, port)
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
    const packet = this.feed.packet(frame, this.#lastId)
    this.#lastId = packet.id
    this.#packet = packet
    packet.users++
    this.#pending = packet.datagramCount
    this.#host.sender.sendAll(packet.bursts, this.#peer, this.#onSent)
  }

  /**
   * One for all datagrams of all frames, so that sending makes no closures. Each datagram is asked about, not the last alone: that one may
   * be short enough where full chunks are too long.
   */
  readonly #onSent: OnSent = (error, bytes, datagrams = 1) => {
    const { counters } = this.#host
    if (error === null) {
      counters.datagramsSent += datagrams
      counters.bytesSent += bytes
    } else {
      if (!this.#closed) counters.sendErrors += datagrams
      this.#error = error
    }
    this.#pending -= datagrams
    if (this.#pending > 0) return
    this.#packet!.users--
    this.#packet = undefined
    if (this.#error === undefined) counters.framesSent++
    else if (!this.#closed) this.#host.onSendError(this.#error, this.label)
    this.#error = undefined
    this.#subscription?.ready()
  }
}
