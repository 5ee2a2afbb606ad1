import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import {
  bindTo,
  type Codec,
  type Counters,
  hostPort,
  Lifecycle,
  listenError,
  monotonicUs,
  type PluginContext,
  type Run,
  type Stream,
  type Transport,
  TroubleLog
} from '@streamer/core/plugin'
import { listenTcp, unboundedText } from '@streamer/socket-options'
import { Access, readLinkKey } from './access/access.js'
import { isLoopback, plainAddress } from './access/addresses.js'
import { Origins } from './access/origins.js'
import { sendRedirect, sendText } from './answers.js'
import type { HttpOptions } from './config.js'
import { Connections } from './connections.js'
import { createCounters } from './counters.js'
import { Proxies, withoutBasePath } from './proxy.js'
import { allowedMethods, HttpService } from './service.js'
import { pathOf } from './text.js'
import { type Certificate, CertificateFiles, PlainSockets } from './tls.js'
import { rawError } from './wire.js'

const partName = 'transport-http'

/** A request's line and header fields together; more is answered with 431. */
const maxHeadBytes = 16 * 1024
/** Time for a client to read the answer to a request that could not be parsed, before its connection is cut. */
const errorLingerMs = 1000
/** An unused connection is closed after this: longer than the page's pause between two looks at the state. */
const keepAliveTimeoutMs = 5000

/** Serves streams, snapshots, the page and the state over HTTP. */
export class HttpTransport implements Transport {
  readonly accepts: readonly Codec[] = ['mjpeg']
  readonly #options: HttpOptions
  readonly #context: PluginContext
  readonly #trouble: TroubleLog
  readonly #counters = createCounters()
  #connections: Connections | undefined
  /** Transports are made with the program, whose own start is only known by the wall clock. */
  readonly #createdUs = monotonicUs()
  #server: Server | SecureServer | undefined
  #certificate: CertificateFiles | undefined
  #service: HttpService | undefined
  readonly #lifecycle = new Lifecycle(partName, () => this.#close())

  constructor(options: HttpOptions, context: PluginContext) {
    this.#options = options
    this.#context = context
    this.#trouble = new TroubleLog(context.logger)
  }

  /**
   * Listens. The URLs are the page's and then one per stream.
   * @throws StreamerError `ERR_LISTEN` when it cannot, `ERR_CONFIG_INVALID` when its key or certificate cannot be used; the reason of `run.signal` when that is aborted before it listens; `TypeError` when it
   *   runs already.
   */
  start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    return this.#lifecycle.start(run, async (signal) => {
      const { host, port, tls, trustedProxies, basePath } = this.#options
      const { name: part, baseDir } = this.#context
      const key = await readLinkKey(this.#options, part, this.#context)
      const files = tls && new CertificateFiles(tls, part, baseDir)
      const certificate = await files?.read()
      signal.throwIfAborted()
      const proxies = new Proxies(trustedProxies)
      const origins = new Origins(this.#options.corsOrigin)
      const access = new Access({
        options: this.#options,
        origins,
        proxies,
        names: [...streams.keys()],
        counters: this.#counters,
        trouble: this.#trouble,
        key
      })
      const service = new HttpService({
        options: this.#options,
        origins,
        context: this.#context,
        streams,
        counters: this.#counters,
        trouble: this.#trouble,
        access,
        proxies,
        startedUs: this.#createdUs
      })
      this.#service = service
      const server = this.#createServer(service, proxies, certificate)
      this.#server = server
      this.#certificate = files
      try {
        const { bounded } = await bindTo(host, (address) => listenTcp(server, address, port))
        if (!bounded) this.#context.logger.info(unboundedText)
      } catch (error) {
        throw listenError(partName, hostPort(host, port), error)
      }
      signal.throwIfAborted()
      server.on('error', (error) => {
        this.#counters.acceptErrors++
        this.#trouble.warn(`cannot accept a connection: ${error.message}`)
      })
      // Where nothing listens for upgrades, Node answers them as what they are without.
      if (server.listenerCount('upgrade') > 0) {
        server.prependListener('upgrade', (request: IncomingMessage) => {
          // Nothing has this name, so that it is refused.
          if (!enter(request, basePath)) request.url = '/..'
        })
      }
      if (server instanceof SecureServer) files?.follow(server, (text) => this.#trouble.warn(text))
      return urlsOf(server, [...streams.keys()], basePath)
    })
  }

  /** Cuts every connection, streams in full flight too. */
  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /** See `HttpCounters`. */
  stats(): Counters {
    return { ...this.#counters }
  }

  #close(): Promise<void> {
    return new Promise((resolve) => {
      // An error only says that it does not listen.
      if (this.#server) this.#server.close(() => resolve())
      else resolve()
      this.#server = undefined
      this.#certificate?.close()
      this.#certificate = undefined
      this.#service?.close()
      this.#connections?.destroy()
      this.#trouble.close()
    })
  }

  #createServer(service: HttpService, proxies: Proxies, certificate: Certificate | undefined): Server | SecureServer {
    const { headTimeoutMs, maxClients, maxConnectionsPerAddress, basePath } = this.#options
    const settings = {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: headTimeoutMs,
      requestTimeout: headTimeoutMs,
      // Node looks only every 30 s by itself.
      connectionsCheckingInterval: Math.min(1000, Math.ceil(headTimeoutMs / 2)),
      keepAliveTimeout: keepAliveTimeoutMs,
      noDelay: true,
      // Looked at by the service, whose answer says what is wrong.
      requireHostHeader: false
    }
    const server = certificate
      ? createSecureServer({ ...settings, ...certificate, minVersion: 'TLSv1.2', handshakeTimeout: headTimeoutMs })
      : createServer(settings)
    server.prependListener('tlsClientError', (_, socket) => {
      this.#counters.tlsErrors++
      // Before it comes to be taken for a bad request, which would be answered.
      socket.destroy()
    })
    // Room for pages and state beside the streams, but not for any number of connections.
    const connections = new Connections(Math.max(64, 4 * maxClients), {
      limit: maxConnectionsPerAddress,
      isExempt: (address) => isLoopback(plainAddress(address)) || proxies.trusts(address)
    })
    const plain = new PlainSockets()
    this.#connections = connections
    server.on('connection', (socket) => {
      if (certificate) plain.add(socket)
      if (!connections.add(socket)) this.#counters.refusedConnections++
    })
    server.on('clientError', (error, socket) => {
      // A stream takes no notice of what its client sends.
      if (!service.isStreaming(socket as Socket)) this.#refuse(error, socket as Socket)
    })
    server.on('request', (request, response) => {
      connections.use(certificate ? plain.below(request.socket) : request.socket, response)
      if (!enter(request, basePath)) {
        request.resume()
        // People forget the slash, without which relative addresses lead elsewhere.
        const target = request.url ?? '/'
        if (pathOf(target) === basePath) sendRedirect(response, `${basePath}/`, target)
        else sendText(response, 404, `everything is below ${basePath}/ here (basePath)`)
        return
      }
      service.handle(request, response)
    })
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const below = certificate ? plain.below(socket) : socket
      connections.use(below, below)
      service.upgrade(request, socket, head)
    })
    server.on('connect', (_, socket) => {
      this.#counters.methodsNotAllowed++
      socket.end(rawError(405, 'CONNECT is not possible here: this is no proxy', `Allow: ${allowedMethods}\r\n`))
    })
    return server
  }

  /** What a client sent is no request, or did not come in time. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    // It has got its answer already, and more of the same came.
    if (socket.writableEnded) return
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const [status, text] = this.#explain(error)
    // A connection that never said anything (browsers keep some in reserve), or an answer half sent, gets no text.
    if (socket.bytesRead === 0 || socket.writableLength > 0) {
      socket.destroy()
      return
    }
    socket.end(rawError(status, text))
    // Not at once: bytes that still come in would make the kernel throw the answer away.
    const timer = setTimeout(() => socket.destroy(), errorLingerMs)
    socket.once('close', () => clearTimeout(timer))
  }

  #explain(error: NodeJS.ErrnoException): readonly [status: number, text: string] {
    if (error.code === 'HPE_HEADER_OVERFLOW') {
      this.#counters.headsTooLarge++
      return [431, `the head of the request is larger than ${maxHeadBytes} bytes`]
    }
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      this.#counters.requestTimeouts++
      return [408, `the request was not complete within ${this.#options.headTimeoutMs} ms`]
    }
    this.#counters.badRequests++
    return [400, `this is not an HTTP request: ${error.message}`]
  }
}

/** Takes `basePath` off what a request asks for; false when it is not below it. */
function enter(request: IncomingMessage, basePath: string): boolean {
  const target = withoutBasePath(request.url ?? '/', basePath)
  if (target !== undefined) request.url = target
  return target !== undefined
}

function urlsOf(server: Server | SecureServer, names: readonly string[], basePath: string): string[] {
  const { address, port } = server.address() as AddressInfo
  const scheme = server instanceof SecureServer ? 'https' : 'http'
  const base = `${scheme}://${hostPort(address, port)}${basePath}/`
  if (names.length === 1) return [base, `${base}stream.mjpg`]
  return [base, ...names.map((name) => `${base}${encodeURIComponent(name)}/stream.mjpg`)]
}
