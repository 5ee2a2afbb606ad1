import type { RemoteInfo, Socket } from 'node:dgram'
import type { Counters, PluginContext, Run, Stream, Transport } from '@streamer/core/plugin'
import { bindTo, hostPort, Lifecycle, listenError, StreamerError, TroubleLog } from '@streamer/core/plugin'
import type { UdpOptions } from './config.js'
import { Feed } from './feed.js'
import { RateLimit } from './rate-limit.js'
import { Session, type SessionHost } from './session.js'
import { bindSocket } from './socket.js'
import { parseControl } from './wire.js'

/** What clients do to a socket without hurting it: errors that one of them caused, told by the network. */
const harmlessCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EMSGSIZE',
  'ENOBUFS',
  'EAGAIN'
])

function keyOf(address: string, port: number): string {
  return `${address} ${port}`
}

/** Serves version 1 of the UDP protocol on one socket: clients register, frames go to the address and port they registered from. */
export class UdpTransport implements Transport {
  readonly accepts = ['mjpeg'] as const
  readonly #options: UdpOptions
  readonly #part: string
  readonly #trouble: TroubleLog
  readonly #counters = {
    registrations: 0,
    repeatedRegistrations: 0,
    keepalives: 0,
    disconnects: 0,
    timedOut: 0,
    revoked: 0,
    refusedFull: 0,
    refusedRate: 0,
    refusedUnknownStream: 0,
    ignoredStrangers: 0,
    ignoredDatagrams: 0,
    framesSent: 0,
    datagramsSent: 0,
    bytesSent: 0,
    sendErrors: 0,
    socketErrors: 0
  }
  /** By stream, the default one first. */
  readonly #feeds = new Map<string, Feed>()
  /** By address and port. */
  readonly #sessions = new Map<string, Session>()
  #rateLimit: RateLimit
  readonly #lifecycle: Lifecycle
  #socket: Socket | undefined
  #sessionHost: SessionHost | undefined
  #sweeper: NodeJS.Timeout | undefined

  constructor(options: UdpOptions, { name, logger }: Pick<PluginContext, 'name' | 'logger'>) {
    this.#options = options
    this.#part = `transport-${name}`
    this.#trouble = new TroubleLog(logger)
    this.#lifecycle = new Lifecycle(this.#part, () => this.#close())
    this.#rateLimit = new RateLimit(options.registrationsPerSecond)
  }

  /**
   * Binds the socket.
   * @throws StreamerError `ERR_LISTEN`; the reason of `run.signal` when that is aborted meanwhile; `TypeError` when it runs already.
   */
  start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    const { host, port } = this.#options
    return this.#lifecycle.start(run, async (signal) => {
      try {
        this.#socket = await bindTo(host, (address) => bindSocket(address, port, signal))
      } catch (error) {
        throw listenError(this.#part, hostPort(host, port), error)
      }
      signal.throwIfAborted()
      return this.#serve(this.#socket, run, streams)
    })
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  stats(): Counters {
    return { ...this.#counters }
  }

  #serve(socket: Socket, run: Run, streams: ReadonlyMap<string, Stream>): readonly string[] {
    this.#sessionHost = {
      sender: socket,
      counters: this.#counters,
      options: this.#options,
      onSendError: (error, label) => this.#reportSendError(error as NodeJS.ErrnoException, label),
      onRevoked: (session) => {
        this.#counters.revoked++
        this.#forget(session)
      }
    }
    for (const [name, stream] of streams) this.#feeds.set(name, new Feed(stream, this.#options))
    socket.on('message', (datagram, peer) => this.#receive(datagram, peer))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#counters.socketErrors++
      if (harmlessCodes.has(error.code ?? '')) this.#trouble.warn(`the socket reported: ${error.message}`)
      else run.fail(new StreamerError('ERR_TRANSPORT_FAILED', `${this.#part}: ${error.message}`, { cause: error }))
    })
    // One timer for all clients; a quarter of the time-out is as exact as that needs to be.
    this.#sweeper = setInterval(() => this.#forgetSilent(), Math.min(1000, this.#options.clientTimeoutMs / 4))
    const { address, port } = socket.address()
    const url = `udp://${hostPort(address, port)}`
    return streams.size > 1 ? Array.from(streams.keys(), (name) => `${url}/${encodeURIComponent(name)}`) : [url]
  }

  async #close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    clearInterval(this.#sweeper)
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
    this.#feeds.clear()
    this.#trouble.close()
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve))
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const message = parseControl(datagram)
    // Port 0 exists only in forged datagrams; nothing can be sent there.
    if (message === undefined || port === 0) {
      this.#counters.ignoredDatagrams++
      return
    }
    const nowMs = performance.now()
    const session = this.#sessions.get(keyOf(address, port))
    if (session !== undefined) session.lastHeardMs = nowMs
    if (message.kind === 'register') this.#register(message.stream, session, address, port, nowMs)
    else if (session === undefined) this.#counters.ignoredStrangers++
    else if (message.kind === 'keepalive') this.#counters.keepalives++
    else {
      this.#counters.disconnects++
      this.#forget(session)
    }
  }

  #register(name: string | undefined, known: Session | undefined, address: string, port: number, nowMs: number): void {
    if (!this.#rateLimit.allows(address, nowMs)) {
      this.#counters.refusedRate++
      this.#trouble.warn('registrations come too fast; those above registrationsPerSecond get no answer')
      return
    }
    const feed = name === undefined ? this.#feeds.values().next().value : this.#feeds.get(name)
    if (feed === undefined) {
      this.#counters.refusedUnknownStream++
      return
    }
    if (known?.feed === feed) {
      this.#counters.repeatedRegistrations++
      known.answer()
      return
    }
    if (known !== undefined) this.#forget(known)
    if (this.#sessions.size >= this.#options.maxClients) {
      this.#counters.refusedFull++
      this.#trouble.warn(`no room for another client: maxClients is ${this.#options.maxClients}`)
      return
    }
    this.#counters.registrations++
    const session = new Session(this.#sessionHost!, feed, address, port, nowMs)
    this.#sessions.set(keyOf(address, port), session)
    session.answer()
  }

  #forgetSilent(): void {
    const oldestMs = performance.now() - this.#options.clientTimeoutMs
    for (const session of this.#sessions.values()) {
      if (session.lastHeardMs > oldestMs) continue
      this.#counters.timedOut++
      this.#forget(session)
    }
  }

  #forget(session: Session): void {
    session.close()
    this.#sessions.delete(keyOf(session.address, session.port))
    if (this.#sessions.size === 0) for (const feed of this.#feeds.values()) feed.clear()
  }

  #reportSendError({ code, message }: NodeJS.ErrnoException, label: string): void {
    this.#trouble.warn(
      code === 'EMSGSIZE'
        ? `cannot send to ${label}: chunks of ${this.#options.chunkSize} bytes are too long for the way there (EMSGSIZE); lower chunkSize, 1200 passes nearly everywhere`
        : `cannot send to ${label}: ${code ?? message}`
    )
  }
}
