import type { AddressInfo, Server, Socket } from 'node:net'
import type { Counters, PluginContext, Run, Stream, Transport } from '@streamer/core/plugin'
import { bindTo, hostPort, Lifecycle, listenError, StreamerError, TroubleLog } from '@streamer/core/plugin'
import { listenTcp, unboundedText } from '@streamer/socket-options'
import type { TcpOptions } from './config.js'
import { Feed } from './feed.js'
import { closeServer, createListener } from './listen.js'
import { assignPorts, portMistakes } from './ports.js'
import { Session, type SessionHost } from './session.js'

/** What keeps one connection from being accepted, but not the next. */
const passingCodes = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED', 'EAGAIN', 'EINTR', 'EPROTO'])

/** Serves version 1 of the TCP protocol: a port for each stream, where every connection gets frames with their lengths before them. */
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
    acceptErrors: 0
  }
  readonly #sessions = new Set<Session>()
  readonly #sessionHost: SessionHost
  #servers: Server[] = []
  #feeds: Feed[] = []
  readonly #lifecycle: Lifecycle

  constructor(options: TcpOptions, context: Pick<PluginContext, 'name' | 'logger'>) {
    this.#options = options
    this.#part = `transport-${context.name}`
    this.#context = context
    this.#trouble = new TroubleLog(context.logger)
    this.#lifecycle = new Lifecycle(this.#part, () => this.#close())
    this.#sessionHost = {
      counters: this.#counters,
      options,
      onStalled: (label) => this.#trouble.warn(`cut ${label}: it took nothing for ${options.stallTimeoutMs} ms`),
      onClosed: (session) => this.#forget(session)
    }
  }

  /**
   * Listens on a port for each stream.
   * @throws StreamerError `ERR_LISTEN`, and then none of the ports is open, or `ERR_CONFIG_INVALID` when `ports` does not fit the streams;
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
        this.#feeds.push(feed)
        const bound = server.address() as AddressInfo
        // The name is for people: the port alone says which stream it is.
        const path = streams.size > 1 ? `/${encodeURIComponent(name)}` : ''
        urls.push(`tcp://${hostPort(bound.address, bound.port)}${path}`)
      } catch (error) {
        throw listenError(this.#part, hostPort(host, port), error)
      }
    }
    return urls
  }

  async #close(): Promise<void> {
    const servers = this.#servers
    this.#servers = []
    for (const session of this.#sessions) session.close()
    for (const feed of this.#feeds) feed.clear()
    this.#feeds = []
    this.#trouble.close()
    await Promise.all(servers.map(closeServer))
  }

  #accept(socket: Socket, feed: Feed): void {
    if (!this.#lifecycle.isRunning) {
      socket.destroy()
      return
    }
    if (this.#sessions.size >= this.#options.maxClients) {
      this.#counters.refused++
      this.#trouble.warn(`no room for another client: maxClients is ${this.#options.maxClients}`)
      socket.destroy()
      return
    }
    this.#counters.connections++
    this.#sessions.add(new Session(this.#sessionHost, feed, socket))
  }

  #forget(session: Session): void {
    this.#counters.disconnects++
    this.#sessions.delete(session)
    if (this.#sessions.size === 0) for (const feed of this.#feeds) feed.clear()
  }

  #onServerError(error: NodeJS.ErrnoException, run: Run): void {
    if (passingCodes.has(error.code ?? '')) {
      this.#counters.acceptErrors++
      this.#trouble.warn(`cannot accept a connection: ${error.message}`)
    } else run.fail(new StreamerError('ERR_TRANSPORT_FAILED', `${this.#part}: ${error.message}`, { cause: error }))
  }
}
