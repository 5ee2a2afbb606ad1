import type { RemoteInfo } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { Counters, Logger, PluginContext, Run, Stream, Transport } from '@streamer/core/plugin'
import { bindTo, hostPort, Lifecycle, listenError, peerLabel, StreamerError, TroubleLog } from '@streamer/core/plugin'
import { hasQuickSealing } from '@streamer/protocol'
import { isLocalAddress, openUdpSocket } from '@streamer/socket-options'
import type { UdpOptions } from './config.js'
import { Feed } from './feed.js'
import { type Keys, readKeys } from './keys.js'
import { Outside } from './outside.js'
import { RateLimit } from './rate-limit.js'
import { BurstSender, noBurstsText, type Peer, PlainSender, type Sender } from './sender.js'
import { Session, type SessionHost } from './session.js'
import { type BoundSocket, bindSocket } from './socket.js'
import { VersionTwo } from './v2/server.js'
import { ShardedFrames } from './v2/sharded-frames.js'
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

const publicText =
  'this machine has a public address, and there is no key: anybody who finds this port can watch; set "key" to change that'
const openText =
  'a client at a public address is served without a key: anybody who finds this port can watch; set "key" to change that'

/** For the log, where there are keys. */
const slowSealingText =
  'datagrams for clients with a key are sealed by node:crypto here, at three times the cost: OpenSSL cannot be called directly (koffi)'

/** Whether who listens at `address` can be reached at a public IPv4 address. Public IPv6 addresses are behind a firewall in most homes; clients tell then. */
function isOpenToAll(address: string): boolean {
  if (address !== '::' && address !== '0.0.0.0') return !isLocalAddress(address)
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return own.some(({ family, address: one }) => family === 'IPv4' && !isLocalAddress(one))
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`
}

/** Serves both versions of the UDP protocol on one socket: clients register, frames go to the address and port they registered from. */
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
    refusedLegacy: 0,
    refusedKey: 0,
    ignoredStrangers: 0,
    ignoredDatagrams: 0,
    framesSent: 0,
    datagramsSent: 0,
    bytesSent: 0,
    sendErrors: 0,
    refusedBursts: 0,
    socketErrors: 0,
    parityDatagrams: 0,
    resentDatagrams: 0,
    reports: 0,
    movedClients: 0,
    forged: 0,
    replayed: 0
  }
  /** By stream, the default one first. */
  readonly #feeds = new Map<string, Feed>()
  /** Of version 2, by stream. */
  readonly #frames = new Map<string, ShardedFrames>()
  /** Of version 1, by address and port. */
  readonly #sessions = new Map<string, Session>()
  #rateLimit: RateLimit
  readonly #lifecycle: Lifecycle
  #bound: BoundSocket | undefined
  #sessionHost: SessionHost | undefined
  #sweeper: NodeJS.Timeout | undefined
  #versionTwo: VersionTwo | undefined
  #outside: Outside | undefined
  readonly #logger: Logger
  /** None when anybody is served. */
  #keys: Keys = new Map()
  readonly #baseDir: string
  readonly #open: typeof openUdpSocket

  /** @param open for tests: how a socket that sends bursts is made. */
  constructor(
    options: UdpOptions,
    { name, logger, baseDir }: Pick<PluginContext, 'name' | 'logger'> & Partial<Pick<PluginContext, 'baseDir'>>,
    open: typeof openUdpSocket = openUdpSocket
  ) {
    this.#options = options
    this.#open = open
    this.#baseDir = baseDir ?? process.cwd()
    this.#part = `transport-${name}`
    this.#logger = logger
    this.#trouble = new TroubleLog(logger)
    this.#lifecycle = new Lifecycle(this.#part, () => this.#close())
    this.#rateLimit = new RateLimit(options.registrationsPerSecond)
  }

  /**
   * Binds the socket.
   * @throws StreamerError `ERR_LISTEN`, or `ERR_CONFIG_INVALID` when a key cannot be used; the reason of `run.signal` when that is aborted meanwhile; `TypeError` when it runs already.
   */
  start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    const { host, port } = this.#options
    return this.#lifecycle.start(run, async (signal) => {
      this.#keys = await readKeys(this.#options, this.#part, this.#baseDir, process.env)
      if (this.#keys.size > 0 && !hasQuickSealing()) this.#logger.info(slowSealingText)
      signal.throwIfAborted()
      try {
        this.#bound = await bindTo(host, (address) => bindSocket(address, port, signal, this.#open))
      } catch (error) {
        throw listenError(this.#part, hostPort(host, port), error)
      }
      signal.throwIfAborted()
      return this.#serve(this.#bound, run, streams)
    })
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  stats(): Counters {
    return { ...this.#counters }
  }

  #serve(bound: BoundSocket, run: Run, streams: ReadonlyMap<string, Stream>): readonly string[] {
    const { socket } = bound
    const sender = this.#senderOf(bound)
    this.#sessionHost = {
      sender,
      counters: this.#counters,
      options: this.#options,
      onSendError: (error, label) => this.#reportSendError(error as NodeJS.ErrnoException, label),
      onRevoked: (session) => {
        this.#counters.revoked++
        this.#forget(session)
      }
    }
    for (const [name, stream] of streams) {
      this.#feeds.set(name, new Feed(stream, this.#options))
      this.#frames.set(name, new ShardedFrames(stream, this.#frames.size))
    }
    this.#versionTwo = new VersionTwo({
      sender,
      counters: this.#counters,
      options: this.#options,
      keys: this.#keys,
      rateLimit: this.#rateLimit,
      frames: this.#frames,
      isFull: () => this.#isFull,
      onSendError: (error, label) => this.#reportSendError(error as NodeJS.ErrnoException, label),
      onOpen: (address) => {
        if (!isLocalAddress(address)) this.#trouble.warn(openText)
      },
      warn: (message) => this.#trouble.warn(message)
    })
    const { address, port } = socket.address()
    if (this.#keys.size === 0 && isOpenToAll(address)) this.#trouble.warn(publicText)
    this.#outside = new Outside(this.#logger)
    this.#outside.start(this.#options, socket)
    socket.on('message', (datagram, peer) => this.#receive(datagram, peer))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#counters.socketErrors++
      if (harmlessCodes.has(error.code ?? '')) this.#trouble.warn(`the socket reported: ${error.message}`)
      else run.fail(new StreamerError('ERR_TRANSPORT_FAILED', `${this.#part}: ${error.message}`, { cause: error }))
    })
    const url = `udp://${hostPort(address, port)}`
    return streams.size > 1 ? Array.from(streams.keys(), (name) => `${url}/${encodeURIComponent(name)}`) : [url]
  }

  async #close(): Promise<void> {
    const bound = this.#bound
    this.#bound = undefined
    clearInterval(this.#sweeper)
    const outside = this.#outside
    this.#outside = undefined
    this.#versionTwo?.close()
    this.#versionTwo = undefined
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
    this.#feeds.clear()
    this.#frames.clear()
    this.#trouble.close()
    await outside?.close()
    if (bound === undefined) return
    bound.bursts?.release()
    await new Promise<void>((resolve) => bound.socket.close(resolve))
  }

  #senderOf({ socket, bursts }: BoundSocket): Sender {
    if (bursts !== undefined) return new BurstSender(socket, bursts, (peer, code) => this.#noBursts(peer, code))
    this.#logger.info(noBurstsText)
    return new PlainSender(socket)
  }

  /** Told once; who wants to know how often has the counter. */
  #noBursts({ address, port }: Peer, code: string): void {
    if (this.#counters.refusedBursts++ > 0) return
    const label = peerLabel(address, port)
    this.#logger.info(`the way to ${label} takes no bursts (${code}): each datagram costs a system call there`)
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const nowMs = performance.now()
    // Port 0 exists only in forged datagrams; nothing can be sent there.
    if (port !== 0 && this.#versionTwo?.receive(datagram, address, port, nowMs)) return
    if (this.#outside?.receive(datagram, address, port)) return
    const message = parseControl(datagram)
    if (message === undefined || port === 0) {
      this.#counters.ignoredDatagrams++
      return
    }
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

  get #isFull(): boolean {
    return this.#sessions.size + (this.#versionTwo?.size ?? 0) >= this.#options.maxClients
  }

  /** Whether version 1 may serve this address; says so when not. */
  #isServed(address: string): boolean {
    const { legacy } = this.#options
    if (this.#keys.size === 0 && (legacy === 'allow' || (legacy === 'local' && isLocalAddress(address)))) return true
    this.#counters.refusedLegacy++
    if (this.#keys.size > 0) this.#trouble.warn('refused a client of version 1, which knows no keys')
    else if (legacy === 'deny') this.#trouble.warn('refused a client of version 1: legacy is deny')
    else
      this.#trouble.warn(
        'refused a client of version 1 at a public address, which may be forged; legacy: allow serves it'
      )
    return false
  }

  #register(name: string | undefined, known: Session | undefined, address: string, port: number, nowMs: number): void {
    if (!this.#isServed(address)) return
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
    if (this.#isFull) {
      this.#counters.refusedFull++
      this.#trouble.warn(`no room for another client: maxClients is ${this.#options.maxClients}`)
      return
    }
    this.#counters.registrations++
    const session = new Session(this.#sessionHost!, feed, address, port, nowMs)
    this.#sessions.set(keyOf(address, port), session)
    // One timer for all clients, while there are some; a quarter of the time-out is as exact as that needs to be.
    this.#sweeper ??= setInterval(() => this.#forgetSilent(), Math.min(1000, this.#options.clientTimeoutMs / 4))
    session.answer()
  }

  #forgetSilent(): void {
    const oldestMs = performance.now() - this.#options.clientTimeoutMs
    for (const session of this.#sessions.values()) {
      if (session.lastHeardMs > oldestMs) continue
      this.#counters.timedOut++
      this.#forget(session)
    }
    if (this.#sessions.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
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
