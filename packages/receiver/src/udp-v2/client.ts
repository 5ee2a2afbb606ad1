import { ByeReason, CodecNumber, DatagramType, maxNameLength, readDatagram, type Welcome } from '@streamer/protocol'
import type { Clock } from '../clock.js'
import type { Sink } from '../connection.js'
import { receiveError } from '../failure.js'
import { refusalText } from '../refusal.js'
import type { DatagramClient } from '../udp/client.js'
import { Registration } from './registration.js'
import { Session, type SessionDetails } from './session.js'

/** An `unknown` is not believed where something genuine came a shorter time ago. */
const unknownAfterMs = 300
/** A connection on which something came a shorter time ago is alive: each report is answered. */
const aliveMs = 1000
/** Ethernet's 1500 bytes without the headers of IPv6 and UDP, so that no datagram is cut on its way. */
const defaultMaxDatagram = 1452
const longestDelayMs = 0xffff

export interface UdpV2Options {
  readonly clock: Clock
  /** For people. */
  readonly address: string
  /** Empty for the first. */
  readonly stream: string
  /** At least 16 bytes. With one, only a server that proves it is listened to. */
  readonly key: Uint8Array | undefined
  readonly keyName: string | undefined
  /** How long a frame may wait for lost pieces, from its capture on; 0 is until a newer one is whole. As the playout has it. */
  readonly delayMs: number
  readonly maxFrameBytes: number
  /** Until the server must have answered. */
  readonly connectTimeoutMs: number
  /** The longest datagram that is taken. Default 1452. */
  readonly maxDatagram?: number
}

/** What a client has of its connection. */
export interface UdpV2Host {
  readonly sink: Sink
  /** Sends a datagram to the server, which may be lost. Never throws. */
  send(datagram: Uint8Array): void
  /**
   * The server speaks version 1: it has just answered `REGISTERED`, perhaps without having looked at the name of a stream. The client is over and has nothing to
   * say; the next datagram is for whoever speaks version 1. Never called where there is a key.
   */
  onLegacy(): void
}

/**
 * Version 2 of the UDP protocol, over a socket that is somebody else's: registers, and again when the server is silent or has forgotten us. Until the new
 * connection is welcomed the old one goes on.
 */
export class UdpV2Client implements DatagramClient {
  readonly #options: UdpV2Options
  readonly #host: UdpV2Host
  #registration: Registration | undefined
  #session: Session | undefined
  /** What is left to be said at the end. */
  #goodbye: Uint8Array | undefined
  #isOver = false

  constructor(options: UdpV2Options, host: UdpV2Host) {
    this.#options = { ...options, delayMs: Math.min(Math.round(options.delayMs), longestDelayMs) }
    this.#host = host
  }

  /** What is known besides what the sink is told; undefined before a welcome. */
  get details(): SessionDetails | undefined {
    return this.#session?.details
  }

  /** The server knows a connection by its number and not by its address. */
  get isMovable(): boolean {
    return this.#session !== undefined
  }

  moved(): void {
    this.#session?.moved()
  }

  /** Begins to register. Called once. */
  start(): void {
    const { stream, keyName = '' } = this.#options
    const tooLong = [stream, keyName].some((name) => Buffer.byteLength(name) > maxNameLength)
    if (tooLong) this.#fail(`the names of streams and keys have at most ${maxNameLength} bytes`, true)
    else this.#register()
  }

  /** Takes a datagram that came from the server's address; its memory is the client's from now on. Never throws. */
  receive(bytes: Buffer): void {
    if (this.#isOver) return
    if (this.#registration?.receive(bytes)) {
      if (!this.#isOver) this.#host.sink.counters.bytes += bytes.length
      return
    }
    const session = this.#session
    const datagram = session && readDatagram(bytes)
    if (datagram === undefined || datagram.connection !== session?.connection) return
    if (datagram.type === DatagramType.unknown) this.#takeUnknown(session)
    else session.receive(datagram)
  }

  /** Ends it; its timers are gone. May be called twice. @returns what is to be sent as the last thing, so that the server knows; undefined when it need not. */
  close(): Uint8Array | undefined {
    this.#isOver = true
    this.#endRegistration()
    const goodbye = this.#session?.close(ByeReason.done) ?? this.#goodbye
    this.#session = undefined
    this.#goodbye = undefined
    return goodbye
  }

  #register(): void {
    if (this.#registration || this.#isOver) return
    const { clock, stream, key, keyName = '', delayMs, connectTimeoutMs, maxDatagram } = this.#options
    this.#registration = new Registration({
      clock,
      stream,
      key,
      keyName,
      maxDatagram: maxDatagram ?? defaultMaxDatagram,
      delayMs,
      timeoutMs: connectTimeoutMs,
      send: (datagram) => this.#host.send(datagram),
      onWelcome: (welcome, clientNonce) => this.#open(welcome, clientNonce),
      onRefused: (refusal) => this.#end(refusalText(refusal)),
      onLegacy: () => {
        this.close()
        this.#host.onLegacy()
      },
      onTimeout: (hint) =>
        this.#end(
          hint === undefined
            ? 'no answer to the registration: no server is there'
            : `no good answer to the registration: ${hint}`
        )
    })
    this.#registration.start()
  }

  #open(welcome: Welcome, clientNonce: Uint8Array): void {
    const { clock, key, maxFrameBytes, delayMs } = this.#options
    const { sink } = this.#host
    this.#registration = undefined
    this.#goodbye = undefined
    if (this.#session) this.#host.send(this.#session.close(ByeReason.done))
    const session = new Session(welcome, clientNonce, {
      clock,
      sink,
      key,
      maxFrameBytes,
      delayMs,
      send: (datagram) => this.#host.send(datagram),
      onSilence: () => this.#register(),
      onBye: (reason) => this.#takeBye(reason)
    })
    this.#session = session
    if (welcome.codec !== CodecNumber.mjpeg) {
      this.#fail(`the stream has the codec number ${welcome.codec}, which is not known`)
      return
    }
    session.start()
    sink.opened('udp/2')
  }

  #takeUnknown(session: Session): void {
    if (session.silentMs(this.#options.clock.nowMs()) < unknownAfterMs) return
    // Servers do not answer everything: further reports could cost us the answer to the registration.
    session.pause()
    this.#register()
  }

  #takeBye(reason: number): void {
    this.#session?.close(ByeReason.done)
    this.#session = undefined
    // A registration that is under way will show what became of the server.
    if (this.#registration !== undefined) return
    if (reason === ByeReason.silent) this.#register()
    else if (reason === ByeReason.revoked) this.#fail('the server no longer has the stream')
    else this.#fail('the server ended the connection')
  }

  /** A registration failed. Where the connection before it lives again, that does no harm. */
  #end(what: string): void {
    this.#endRegistration()
    const silentMs = this.#session?.silentMs(this.#options.clock.nowMs()) ?? Number.POSITIVE_INFINITY
    if (silentMs < aliveMs) this.#session!.start()
    else this.#fail(what)
  }

  #endRegistration(): void {
    this.#registration?.stop()
    this.#goodbye = this.#registration?.goodbye ?? this.#goodbye
    this.#registration = undefined
  }

  #fail(what: string, isFinal = false): void {
    this.#isOver = true
    this.#endRegistration()
    this.#host.sink.failed(receiveError(this.#options.address, what), isFinal)
  }
}
