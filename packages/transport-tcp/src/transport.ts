import type { AddressInfo, Server, Socket } from 'node:net'
import type { Counters, PluginContext, Run, Stream, Transport } from '@streamer/core/plugin'
import { bindTo, hostPort, Lifecycle, listenError, StreamerError, TroubleLog } from '@streamer/core/plugin'
import { listenTcp, unboundedText } from '@streamer/socket-options'
import type { TcpOptions } from './config.js'
import { Connection, type ConnectionHost } from './connection.js'
import { Feed } from './feed.js'
import { keyVariable, readKeys } from './keys.js'
import { closeServer, createListener } from './listen.js'
import { assignPorts, portMistakes } from './ports.js'
import { TlsDoor } from './tls.js'

/** What keeps one connection from being accepted, but not the next. */
const passingCodes = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED', 'EAGAIN', 'EINTR', 'EPROTO'])

/** Serves both versions of the TCP protocol: a port for each stream, where every connection gets frames with their lengths before them. */
export class TcpTransport implements Transport {
  readonly accepts = ['mjpeg'] as const
  readonly #options: TcpOptions
  readonly #part: string
  readonly #context: Pick<PluginContext, 'name' | 'logger'>
  readonly #trouble: TroubleLog
  readonly #counters = {
    connections: 0,
    refused: 0,
    disconnects: 0,
    stalled: 0,
    abandoned: 0,
    halfClosed: 0,
    ignoredBytes: 0,
    framesSent: 0,
    bytesSent: 0,
    connectionErrors: 0,
    acceptErrors: 0,
    versionTwo: 0,
    tlsConnections: 0,
    refusedLegacy: 0,
    refusedTls: 0,
    refusedKey: 0,
    refusedUnknownStream: 0,
    timedOut: 0,
    tlsErrors: 0,
    forged: 0,
    malformed: 0,
    pings: 0,
    ignoredPings: 0
  }
  readonly #baseDir: string
  readonly #connections = new Set<Connection>()
  /** While it listens. */
  #connectionHost: ConnectionHost | undefined
  #servers: Server[] = []
  /** By stream. */
  readonly #feeds = new Map<string, Feed>()
  readonly #lifecycle: Lifecycle

  /** @param context its `baseDir` is what relative paths refer to; by default the working folder. */
  constructor(
    options: TcpOptions,
    context: Pick<PluginContext, 'name' | 'logger'> & Partial<Pick<PluginContext, 'baseDir'>>
  ) {
    this.#options = options
    this.#baseDir = context.baseDir ?? process.cwd()
    this.#part = `transport-${context.name}`
    this.#context = context
    this.#trouble = new TroubleLog(context.logger)
    this.#lifecycle = new Lifecycle(this.#part, () => this.#close())
  }

  /**
   * Listens on a port for each stream.
   * @throws StreamerError `ERR_LISTEN`, and then none of the ports is open, or `ERR_CONFIG_INVALID` when `ports` does not fit the streams, or a key or certificate
   *   cannot be used;
   *   the reason of `run.signal` when that is aborted meanwhile; `TypeError` when it runs already.
   */
  start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    return this.#lifecycle.start(run, (signal) => this.#listen(run, streams, signal))
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  stats(): Counters {
    return { ...this.#counters }
  }

  async #listen(run: Run, streams: ReadonlyMap<string, Stream>, signal: AbortSignal): Promise<readonly string[]> {
    const { host, port: first, ports: own, payload } = this.#options
    const mistakes = portMistakes(streams.keys(), first, own)
    if (mistakes.length > 0) throw new StreamerError('ERR_CONFIG_INVALID', `${this.#part}: ${mistakes.join('; ')}`)
    this.#connectionHost = await this.#makeHost()
    signal.throwIfAborted()
    const urls: string[] = []
    for (const [name, port] of assignPorts(streams.keys(), first, own)) {
      const feed = new Feed(streams.get(name)!, payload)
      try {
        if (port > 65535) throw new RangeError('ports end at 65535')
        const server = createListener((socket) => this.#accept(socket, feed))
        const { bounded } = await bindTo(host, (address) => listenTcp(server, address, port))
        server.on('error', (error: NodeJS.ErrnoException) => this.#onServerError(error, run))
        this.#servers.push(server)
        signal.throwIfAborted()
        if (!bounded) this.#context.logger.info(unboundedText)
        this.#feeds.set(name, feed)
        const bound = server.address() as AddressInfo
        // The name is for people: the port alone says which stream it is.
        const path = streams.size > 1 ? `/${encodeURIComponent(name)}` : ''
        urls.push(`${this.#options.tls === undefined ? 'tcp' : 'tcps'}://${hostPort(bound.address, bound.port)}${path}`)
      } catch (error) {
        throw listenError(this.#part, hostPort(host, port), error)
      }
    }
    return urls
  }

  /** Reads what it takes to serve anybody. */
  async #makeHost(): Promise<ConnectionHost> {
    const options = this.#options
    const keys = await readKeys(options, this.#part, this.#baseDir, process.env)
    // The schema sees this mistake as far as it can; it does not know the environment.
    if (keys.size > 0 && options.legacy === 'allow') {
      const message = `${this.#part}: legacy: version 1 knows no keys, so nobody can be served by it beside ${keyVariable}`
      throw new StreamerError('ERR_CONFIG_INVALID', message)
    }
    const onTlsError = () => {
      this.#counters.tlsErrors++
      this.#trouble.warn('cut a client with which TLS could not be agreed upon')
    }
    return {
      counters: this.#counters,
      options,
      keys,
      tls: options.tls && (await TlsDoor.open(options.tls, this.#part, this.#baseDir, onTlsError)),
      feedOf: (name) => this.#feeds.get(name),
      warn: (message) => this.#trouble.warn(message),
      onStalled: (label) => this.#trouble.warn(`cut ${label}: it took nothing for ${options.stallTimeoutMs} ms`),
      onClosed: (connection) => this.#forget(connection)
    }
  }

  async #close(): Promise<void> {
    const servers = this.#servers
    this.#servers = []
    for (const connection of this.#connections) connection.close()
    this.#clearFeeds()
    this.#feeds.clear()
    this.#trouble.close()
    await Promise.all(servers.map(closeServer))
  }

  #accept(socket: Socket, feed: Feed): void {
    const host = this.#connectionHost
    if (!this.#lifecycle.isRunning || host === undefined) {
      socket.destroy()
      return
    }
    if (this.#connections.size >= this.#options.maxClients) {
      this.#counters.refused++
      this.#trouble.warn(`no room for another client: maxClients is ${this.#options.maxClients}`)
      socket.destroy()
      return
    }
    this.#counters.connections++
    this.#connections.add(new Connection(host, feed, socket))
  }

  #forget(connection: Connection): void {
    this.#counters.disconnects++
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#clearFeeds()
  }

  #clearFeeds(): void {
    for (const feed of this.#feeds.values()) feed.clear()
  }

  #onServerError(error: NodeJS.ErrnoException, run: Run): void {
    if (passingCodes.has(error.code ?? '')) {
      this.#counters.acceptErrors++
      this.#trouble.warn(`cannot accept a connection: ${error.message}`)
    } else run.fail(new StreamerError('ERR_TRANSPORT_FAILED', `${this.#part}: ${error.message}`, { cause: error }))
  }
}
