import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { StreamerError } from '@streamer/core/plugin'
import { maxNameLength } from '@streamer/protocol'
import type { Connection, ConnectionOptions, Sink } from '../connection.js'
import { noKeyError, receiveError, socketError } from '../failure.js'
import type { Target } from '../schemes.js'
import { tlsOptionsOf } from '../tls-options.js'
import { Watchdog } from '../watchdog.js'
import type { StreamClient, StreamHost } from './client.js'
import { TcpV1Client } from './v1/client.js'
import { TcpV2Client } from './v2/client.js'
import { versionOf } from './version.js'

/** Our servers repeat the last picture every second; a camera takes a while to start. */
const silenceMs = 15_000
/** In version 2 something is asked, and answered, each second. */
const silenceV2Ms = 5000

/** One TCP connection on which a server sends frames, with TLS or without. Which version of the protocol it speaks is seen by its first bytes. */
export class TcpConnection implements Connection {
  readonly #target: Target
  readonly #isSecure: boolean
  readonly #options: ConnectionOptions
  #watchdog: Watchdog
  #socket: Socket | undefined
  #sink: Sink | undefined
  #client: StreamClient | undefined
  #connectTimer: unknown
  #isClosed = false

  constructor(target: Target, isSecure: boolean, options: ConnectionOptions) {
    this.#target = target
    this.#isSecure = isSecure
    this.#options = options
    this.#watchdog = this.#watchdogOf(silenceMs)
  }

  start(sink: Sink): void {
    if (this.#isClosed) return
    this.#sink = sink
    const { clock, connectTimeoutMs } = this.#options
    this.#connectTimer = clock.setTimer(() => this.#fail(this.#error('no answer in time')), connectTimeoutMs)
    const socket = this.#connect()
    this.#socket = socket
    socket.on('error', (error) => this.#fail(socketError(this.#target.address, error)))
    socket.on('close', () => this.#fail(this.#error('the server ended the connection')))
    socket.once(this.#isSecure ? 'secureConnect' : 'connect', () => this.#onConnect(socket))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#watchdog.stop()
    this.#endConnectTimer()
    this.#client?.close()
    const socket = this.#socket
    if (!socket || socket.closed) return
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.destroy()
    await closed
  }

  #connect(): Socket {
    const { host, port } = this.#target
    if (!this.#isSecure) return connect({ host, port })
    // A certificate is asked for by name; an address is no name (RFC 6066 section 3).
    const name = isIP(host) === 0 ? { servername: host } : {}
    return connectTls({ host, port, ...name, ...tlsOptionsOf(this.#options.tls) })
  }

  #onConnect(socket: Socket): void {
    if (this.#isClosed) return
    const sink = this.#sink!
    const { stream } = this.#target
    const { key, keyName = '' } = this.#options
    if ([stream, keyName].some((name) => Buffer.byteLength(name) > maxNameLength)) {
      sink.failed(this.#error(`the names of streams and keys have at most ${maxNameLength} bytes`), true)
      return
    }
    // One of version 1 may have nothing to send yet. Who has a key wants an answer.
    if (key === undefined) this.#endConnectTimer()
    this.#watchdog.start()
    const host: StreamHost = {
      sink,
      send: (bytes) => {
        if (!this.#isClosed) socket.write(bytes)
      },
      opened: (protocol) => {
        this.#endConnectTimer()
        if (!this.#isClosed) sink.opened(protocol)
      },
      failed: (what, cause) => this.#fail(receiveError(this.#target.address, what, cause))
    }
    const versionTwo = new TcpV2Client({ ...this.#options, stream }, host)
    this.#client = versionTwo
    versionTwo.start()
    let head: Buffer | undefined = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      if (this.#isClosed) return
      this.#watchdog.heard()
      sink.counters.bytes += chunk.length
      if (head === undefined) {
        this.#client!.receive(chunk)
        return
      }
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      const version = versionOf(head)
      if (version === undefined) return
      const first = head
      head = undefined
      if (version === 1) this.#goOnInVersionOne(first, host)
      else this.#goOnInVersionTwo(first)
    })
  }

  #goOnInVersionOne(first: Buffer, host: StreamHost): void {
    this.#client?.close()
    // Who has a key wants to hear nobody who cannot prove to have it.
    if (this.#options.key !== undefined) {
      this.#fail(noKeyError(this.#target.address))
      return
    }
    this.#client = new TcpV1Client(this.#options.maxFrameBytes, host)
    this.#client.receive(first)
  }

  #goOnInVersionTwo(first: Buffer): void {
    this.#watchdog.stop()
    this.#watchdog = this.#watchdogOf(silenceV2Ms)
    this.#watchdog.start()
    this.#client!.receive(first)
  }

  #watchdogOf(limitMs: number): Watchdog {
    const text = `nothing came for ${limitMs / 1000} s`
    return new Watchdog(this.#options.clock, limitMs, () => this.#fail(this.#error(text)))
  }

  #endConnectTimer(): void {
    if (this.#connectTimer !== undefined) this.#options.clock.clearTimer(this.#connectTimer)
    this.#connectTimer = undefined
  }

  #error(what: string): StreamerError {
    return receiveError(this.#target.address, what)
  }

  #fail(reason: StreamerError): void {
    if (!this.#isClosed) this.#sink?.failed(reason)
  }
}
