import type { Socket } from 'node:net'
import { peerLabel } from '@streamer/core/plugin'
import { type Keys, magic } from '@streamer/protocol'
import { isLocalAddress } from '@streamer/socket-options'
import type { Feed } from './feed.js'
import { maxIgnoredBytes } from './listen.js'
import { Session, type SessionCounters, type SessionHost, type SessionSetup } from './session.js'
import type { TlsDoor } from './tls.js'
import { VersionTwo, type VersionTwoCounters } from './v2/version-two.js'
import { writeWhole } from './write-whole.js'

/** A client that says nothing for so long gets version 1 (`docs/protocols/tcp.md`). */
const sniffMs = 100
/** So long a client may take from its first byte until frames can begin, or from its connecting where it cannot be of version 1. */
const setupMs = 5000
/** So long a client that was refused may take to read that and hang up. */
const farewellMs = 1000
/** First byte of every TLS connection: the type of a handshake record (RFC 8446 section 5.1). */
const tlsByte = 0x16

const openText =
  'a client at a public address is served without a key: anybody who finds this port can watch; set "key" to change that'

/** What all connections count together. */
export interface ConnectionCounters extends SessionCounters, VersionTwoCounters {
  ignoredBytes: number
  connectionErrors: number
  tlsConnections: number
  refusedTls: number
  refusedLegacy: number
  timedOut: number
}

/** What a connection needs of its transport. */
export interface ConnectionHost extends SessionHost {
  readonly counters: ConnectionCounters
  readonly keys: Keys
  /** Undefined when there is no certificate. */
  readonly tls: TlsDoor | undefined
  /** Undefined when there is no such stream. */
  feedOf(name: string): Feed | undefined
  warn(message: string): void
  /** Told once when the connection is gone. */
  onClosed(connection: Connection): void
}

/** One accepted connection: finds out what its client speaks, and serves it from then on. */
export class Connection {
  readonly #host: ConnectionHost
  readonly #feed: Feed
  /** As it was accepted; when it is closed all is over. */
  readonly #raw: Socket
  readonly #label: string
  readonly #isLocal: boolean
  /** What is spoken over: that, or TLS on it. */
  #socket: Socket
  #session: Session | undefined
  #versionTwo: VersionTwo | undefined
  /** Until the client is served: ends the waiting for its first byte. */
  #sniffing: NodeJS.Timeout | undefined
  #lastLook: NodeJS.Immediate | undefined
  /** From the first byte until the client is served. */
  #deadline: NodeJS.Timeout | undefined
  #hasFailed = false
  /** Of version 1. */
  #ignoredBytes = 0

  /** @param feed of the port that it came to. */
  constructor(host: ConnectionHost, feed: Feed, socket: Socket) {
    this.#host = host
    this.#feed = feed
    this.#raw = socket
    this.#socket = socket
    this.#label = peerLabel(socket.remoteAddress, socket.remotePort)
    this.#isLocal = isLocalAddress(socket.remoteAddress ?? '::')
    socket.on('error', this.#onError)
    socket.on('close', () => {
      this.#stopTimers()
      this.#session?.close()
      host.onClosed(this)
    })
    this.#listen(socket)
  }

  /** Ends everything. May be called twice. */
  close(): void {
    this.#stopTimers()
    this.#session?.close()
    this.#socket.destroy()
    this.#raw.destroy()
  }

  /** Waits for what comes first on `socket`. */
  #listen(socket: Socket): void {
    this.#socket = socket
    socket.once('data', this.#onFirst)
    socket.once('end', this.#onSilence)
    // Who cannot be of version 1 has no reason to be silent, but may be far away.
    const waitMs = this.#servesInTheClear && this.#servesVersionOne ? sniffMs : setupMs
    // After a hold-up timers run first: what came meanwhile is read in this turn of the event loop, before the immediate.
    this.#sniffing = setTimeout(() => {
      this.#lastLook = setImmediate(this.#onSilence)
    }, waitMs)
  }

  /** Whether this client, as it came, has TLS or needs none. */
  get #servesInTheClear(): boolean {
    const { tls, options } = this.#host
    return tls === undefined || this.#socket !== this.#raw || options.legacy === 'allow'
  }

  get #servesVersionOne(): boolean {
    const { keys, options } = this.#host
    const { legacy = 'allow' } = options
    return keys.size === 0 && (legacy === 'allow' || (legacy === 'local' && this.#isLocal))
  }

  readonly #onFirst = (chunk: Buffer): void => {
    this.#stopListening()
    if (this.#host.tls !== undefined && this.#socket === this.#raw && chunk[0] === tlsByte) this.#beginTls(chunk)
    else if (!this.#servesInTheClear) this.#refuseClear()
    else if (chunk[0] === magic) this.#beginVersionTwo(chunk)
    else this.#beginVersionOne(chunk)
  }

  /** The client has nothing to say. */
  readonly #onSilence = (): void => {
    const hasEnded = this.#socket.readableEnded
    this.#stopListening()
    if (!this.#servesInTheClear) this.#refuseClear()
    else this.#beginVersionOne(undefined)
    if (hasEnded) this.#session?.noteEnd()
  }

  #stopListening(): void {
    this.#stopSniffing()
    this.#socket.off('data', this.#onFirst)
    this.#socket.off('end', this.#onSilence)
  }

  /** From now on the client has until the deadline to be served. */
  #hurry(): void {
    this.#deadline ??= setTimeout(() => {
      this.#host.counters.timedOut++
      if (this.#versionTwo === undefined) this.close()
      else this.#versionTwo.giveUp()
    }, setupMs)
  }

  #beginTls(chunk: Buffer): void {
    this.#hurry()
    const raw = this.#raw
    raw.pause()
    raw.unshift(chunk)
    this.#host.tls!.take(raw, (secure) => {
      this.#host.counters.tlsConnections++
      secure.on('error', this.#onError)
      clearTimeout(this.#deadline)
      this.#deadline = undefined
      this.#listen(secure)
    })
  }

  #beginVersionOne(chunk: Buffer | undefined): void {
    if (!this.#servesVersionOne) {
      this.#refuseVersionOne()
      return
    }
    const socket = this.#socket
    socket.on('data', (data) => this.#ignore(data.length))
    if (chunk !== undefined) this.#ignore(chunk.length)
    this.#serve({
      label: this.#label,
      stream: this.#feed.stream,
      maxAgeMs: this.#host.options.maxAgeMs,
      write: (frame, onTaken) => {
        const message = this.#feed.message(frame)
        writeWhole(socket, [message], onTaken)
        return message.length
      }
    })
  }

  #beginVersionTwo(chunk: Buffer): void {
    this.#hurry()
    const { counters, keys, options } = this.#host
    const versionTwo = new VersionTwo(
      {
        counters,
        keys,
        feedOf: (name) => (name === '' ? this.#feed : this.#host.feedOf(name)),
        onReady: ({ stream }) => {
          clearTimeout(this.#deadline)
          this.#serve({
            label: this.#label,
            stream,
            maxAgeMs: options.maxAgeMs,
            write: (frame, onTaken) => versionTwo.write(frame, onTaken)
          })
        },
        onOver: (farewell) => this.#leave(farewell),
        warn: (message) => this.#host.warn(message)
      },
      this.#socket
    )
    this.#versionTwo = versionTwo
    this.#socket.on('data', (data) => versionTwo.receive(data))
    this.#socket.on('end', this.#onEarlyEnd)
    versionTwo.receive(chunk)
  }

  #serve(setup: SessionSetup): void {
    if (this.#host.keys.size === 0 && !this.#isLocal) this.#host.warn(openText)
    this.#socket.off('end', this.#onEarlyEnd)
    const session = new Session(this.#host, this.#socket, setup)
    this.#session = session
    this.#socket.on('end', () => session.noteEnd())
  }

  /** Half a connection is none for who must still say something. */
  readonly #onEarlyEnd = (): void => this.close()

  /** Says the last record, if any, and hangs up; at the latest a moment later also when the client does not. */
  #leave(farewell: Buffer | undefined): void {
    clearTimeout(this.#deadline)
    if (farewell === undefined || this.#session !== undefined) {
      this.close()
      return
    }
    this.#deadline = setTimeout(() => this.close(), farewellMs)
    this.#socket.off('end', this.#onEarlyEnd)
    this.#socket.end(farewell)
  }

  #refuseClear(): void {
    this.#host.counters.refusedTls++
    this.#host.warn('refused a client that came without TLS; legacy: allow serves it')
    this.close()
  }

  #refuseVersionOne(): void {
    this.#host.counters.refusedLegacy++
    const { keys, options } = this.#host
    if (keys.size > 0) this.#host.warn('refused a client of version 1, which knows no keys')
    else if (options.legacy === 'deny') this.#host.warn('refused a client of version 1: legacy is deny')
    else this.#host.warn('refused a client of version 1 at a public address: legacy is local')
    this.close()
  }

  /** Most clients end by just going away, which is an error of the socket and then closes it. */
  readonly #onError = (): void => {
    if (!this.#hasFailed) this.#host.counters.connectionErrors++
    this.#hasFailed = true
  }

  #stopSniffing(): void {
    clearTimeout(this.#sniffing)
    clearImmediate(this.#lastLook)
  }

  #stopTimers(): void {
    this.#stopSniffing()
    clearTimeout(this.#deadline)
  }

  /** Reads on so that the end is seen, but not for ever: what a talker sends beyond the limit stays in the kernel, which makes it wait. */
  #ignore(bytes: number): void {
    this.#host.counters.ignoredBytes += bytes
    this.#ignoredBytes += bytes
    if (this.#ignoredBytes >= maxIgnoredBytes) this.#socket.pause()
  }
}
