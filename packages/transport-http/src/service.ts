import { randomUUID } from 'node:crypto'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  type CloseReason,
  type EncodedFrame,
  monotonicUs,
  type PluginContext,
  peerLabel,
  type Stream,
  type TroubleLog,
  wallClockMs
} from '@streamer/core/plugin'
import type { Access } from './access/access.js'
import { endAt } from './access/end-at.js'
import type { Origins } from './access/origins.js'
import type { Refusal, Role, Verdict } from './access/role.js'
import { send, sendRedirect, sendText, writeSnapshotHead, writeStreamHead } from './answers.js'
import { Api } from './api/api.js'
import { Problem, sendProblem } from './api/problem.js'
import type { HttpOptions } from './config.js'
import type { HttpCounters } from './counters.js'
import { LiveServer } from './live/server.js'
import { pageAssets, renderPage } from './page.js'
import { setPageHeaders } from './page-headers.js'
import { maxUnanswered, Pipelining } from './pipelining.js'
import type { Proxies } from './proxy.js'
import { directory, type Route, resolveRoute } from './routes.js'
import { StreamSession } from './session.js'
import { SnapshotRequest, type SnapshotResult } from './snapshot.js'
import { describeState, pathsOf } from './state.js'
import { ustreamerState } from './ustreamer-state.js'
import { firstDelimiter, PartCache, timestampText } from './wire.js'

/** For `Allow`. */
export const allowedMethods = 'GET, HEAD, OPTIONS'

type StreamRoute = Extract<Route, { kind: 'stream' }>
type SnapshotRoute = Extract<Route, { kind: 'snapshot' }>

/** Since it was taken. */
const ageMs = ({ timestampUs }: EncodedFrame) => (monotonicUs() - timestampUs) / 1000

/** One stream with what all its clients share. */
interface Carried {
  readonly stream: Stream
  readonly parts: PartCache
  sessions: number
}

/** What the service is made of. */
export interface HttpServiceParts {
  readonly options: HttpOptions
  readonly origins: Origins
  readonly context: PluginContext
  readonly streams: ReadonlyMap<string, Stream>
  readonly counters: HttpCounters
  readonly trouble: TroubleLog
  readonly access: Access
  readonly proxies: Proxies
  /** When the program started, on the monotonic clock. */
  readonly startedUs: number
}

/** Answers requests, from one start of the transport to its stop. */
export class HttpService {
  readonly #options: HttpOptions
  readonly #origins: Origins
  readonly #context: PluginContext
  readonly #streams: ReadonlyMap<string, Stream>
  readonly #names: readonly string[]
  readonly #counters: HttpCounters
  readonly #trouble: TroubleLog
  readonly #access: Access
  readonly #proxies: Proxies
  readonly #startedUs: number
  readonly #carried = new Map<string, Carried>()
  readonly #sessions = new Map<Socket, StreamSession>()
  /** Connections that wait for a snapshot. */
  readonly #waiting = new Set<Socket>()
  readonly #pipelining = new Pipelining()
  readonly #api: Api
  readonly #live: LiveServer

  constructor({ options, origins, context, streams, counters, trouble, access, proxies, startedUs }: HttpServiceParts) {
    this.#options = options
    this.#origins = origins
    this.#context = context
    this.#streams = streams
    this.#names = [...streams.keys()]
    this.#counters = counters
    this.#trouble = trouble
    this.#access = access
    this.#proxies = proxies
    this.#startedUs = startedUs
    this.#api = new Api({
      host: context.host,
      served: streams,
      counters,
      origins,
      basePath: options.basePath,
      onFailure: (response, error) => this.#failed(response, error)
    })
    this.#live = new LiveServer({
      options,
      streams,
      counters,
      authorize: (request) => this.authorize(request, 'viewer'),
      labelOf: (request) => proxies.clientOf(request).label,
      linkEndMs: (request) => access.linkEndMs(request),
      isFull: () => this.#clients >= options.maxClients,
      onStall: this.#stalled,
      onRevoke: this.#revoked,
      onFailure: (error) => this.#report(error)
    })
    for (const [name, stream] of streams) this.#carried.set(name, { stream, parts: new PartCache(), sessions: 0 })
  }

  /** Whether this connection carries a stream. */
  isStreaming(socket: Socket): boolean {
    return this.#sessions.has(socket)
  }

  /** Ends all streams at once. */
  close(): void {
    for (const session of [...this.#sessions.values()]) session.close()
    this.#live.close()
  }

  /** Answers a request for another protocol; never throws. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      this.#live.upgrade(request, socket, head)
      return
    }
    // Clients that offer HTTP/2 along with a request (Java's do) are answered as if they had not (RFC 9110 section 7.8).
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.end())
    this.handle(request, response)
  }

  get #clients(): number {
    return this.#sessions.size + this.#live.size
  }

  /**
   * Whether a request may be answered, by who its client is and what it shows. Also for upgrades.
   * @param needed what the request is about: reading, or changing something.
   */
  authorize(request: IncomingMessage, needed: Role): Verdict {
    return this.#access.check(request, needed)
  }

  /** Answers one request; never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    // What the parser had read before the connection was cut.
    if (request.socket.destroyed) return
    if (!this.#pipelining.admit(request.socket, response)) {
      this.#refusePipeline(request.socket)
      return
    }
    // What comes behind the request for a stream on the same connection is never answered: a stream has no end.
    if (this.#sessions.has(request.socket)) return
    this.#counters.requests++
    // The API reads its own.
    if (!Api.isForApi(request)) request.resume()
    response.setTimeout(this.#options.stallTimeoutMs)
    response.on('timeout', this.#timedOut)
    this.#guard(response, () => this.#admit(request, response))
  }

  #admit(request: IncomingMessage, response: ServerResponse): void {
    const isReading = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS'
    const verdict = this.authorize(request, isReading ? 'viewer' : 'admin')
    if (!(verdict instanceof Promise)) {
      this.#decide(verdict, request, response)
      return
    }
    verdict.then(
      (refusal) => this.#guard(response, () => this.#decide(refusal, request, response)),
      (error: unknown) => this.#failed(response, error)
    )
  }

  #decide(refusal: Refusal | undefined, request: IncomingMessage, response: ServerResponse): void {
    // While a password was checked the client may have gone, or a stream may have begun on its connection.
    if (request.socket.destroyed || this.#sessions.has(request.socket)) return
    if (refusal === undefined) {
      this.#answer(request, response)
      return
    }
    this.#setCors(response)
    if (Api.isForApi(request)) sendProblem(response, new Problem(refusal.status, refusal.text, refusal.headers))
    else sendText(response, refusal.status, refusal.text, refusal.headers)
  }

  #refusePipeline(socket: Socket): void {
    this.#counters.pipelinesCut++
    const label = peerLabel(socket.remoteAddress, socket.remotePort)
    this.#trouble.warn(`cut ${label}: more than ${maxUnanswered} requests waited on its connection`)
    socket.destroy()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#setCors(response)
    // RFC 9112 section 3.2.
    if (request.httpVersion === '1.1' && request.headers.host === undefined) {
      this.#counters.badRequests++
      sendText(response, 400, 'an HTTP/1.1 request needs a Host header', { Connection: 'close' })
      return
    }
    if (this.#api.answer(request, response)) return
    switch (request.method) {
      case 'GET':
        this.#get(resolveRoute(request.url ?? '/', this.#names), request, response)
        break
      case 'HEAD':
        this.#head(resolveRoute(request.url ?? '/', this.#names), response)
        break
      case 'OPTIONS':
        response.writeHead(204, { Allow: allowedMethods }).end()
        break
      default: {
        this.#counters.methodsNotAllowed++
        const text = `${request.method} is not possible here, only ${allowedMethods}`
        sendText(response, 405, text, { Allow: allowedMethods, Connection: 'close' })
      }
    }
  }

  #setCors(response: ServerResponse): void {
    if (this.#origins.varies) response.setHeader('Vary', 'Origin')
    const origin = this.#origins.headerFor(response.req.headers.origin)
    if (origin === undefined) return
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Access-Control-Expose-Headers', 'X-Timestamp')
    if (response.req.method !== 'OPTIONS') return
    response.setHeader('Access-Control-Allow-Methods', allowedMethods)
    response.setHeader('Access-Control-Allow-Headers', '*')
    // A day; browsers cut it to what they allow.
    response.setHeader('Access-Control-Max-Age', '86400')
  }

  #get(route: Route, request: IncomingMessage, response: ServerResponse): void {
    if (route.kind === 'stream') this.#serveStream(route, request, response)
    else if (route.kind === 'snapshot') this.#serveSnapshot(route, request, response)
    else this.#serveDocument(route, response)
  }

  /** The head that a GET would get, without waking a camera for it. */
  #head(route: Route, response: ServerResponse): void {
    if (route.kind === 'stream') writeStreamHead(response)
    else if (route.kind === 'snapshot') writeSnapshotHead(response)
    else {
      this.#serveDocument(route, response)
      return
    }
    response.end()
  }

  #serveDocument(route: Exclude<Route, { kind: 'stream' | 'snapshot' }>, response: ServerResponse): void {
    switch (route.kind) {
      case 'page': {
        const names = route.stream === undefined ? this.#names : [route.stream]
        const cookie = this.#access.cookieFor(response.req)
        if (cookie !== undefined) response.setHeader('Set-Cookie', cookie)
        setPageHeaders(response, this.#origins)
        send(
          response,
          200,
          'text/html; charset=utf-8',
          renderPage(names, route.stream !== undefined, randomUUID().slice(0, 8))
        )
        break
      }
      case 'asset': {
        const { contentType, text } = pageAssets.get(route.name)!
        send(response, 200, contentType, text)
        break
      }
      case 'state': {
        const { viewer } = route
        const state = {
          ...describeState(this.#context.host, this.#streams, this.#uptimeMs, this.#options.basePath),
          ...this.#ustreamerState(this.#names[0]),
          ...(viewer !== undefined && { viewing: this.#viewing(viewer) })
        }
        send(response, 200, 'application/json; charset=utf-8', `${JSON.stringify(state, undefined, 2)}\n`)
        break
      }
      case 'stream-state': {
        const { stream: name } = route
        const paths = pathsOf(name, this.#options.basePath)
        const state = { ...this.#streams.get(name)!.stats(), paths, ...this.#ustreamerState(name) }
        send(response, 200, 'application/json; charset=utf-8', `${JSON.stringify(state, undefined, 2)}\n`)
        break
      }
      case 'upgrade':
        sendText(response, 426, 'this address is for WebSockets', { Upgrade: 'websocket', Connection: 'Upgrade' })
        break
      case 'redirect':
        sendRedirect(response, route.location, response.req.url ?? '/')
        break
      case 'bad':
        this.#counters.badRequests++
        sendText(response, 400, route.text)
        break
      case 'missing':
        this.#counters.notFound++
        sendText(response, 404, route.text)
        break
    }
  }

  /** Nothing without a stream. */
  #ustreamerState(name: string | undefined): object {
    const stream = name === undefined ? undefined : this.#streams.get(name)
    if (!stream) return {}
    const sessions = new Map(Array.from(this.#sessions.values(), (session) => [session.label, session]))
    return ustreamerState(stream, sessions)
  }

  get #uptimeMs(): number {
    return Math.round((monotonicUs() - this.#startedUs) / 1000)
  }

  #viewing(viewer: string): string[] {
    const names: string[] = []
    for (const session of this.#sessions.values()) if (session.viewer === viewer) names.push(session.streamName)
    return names
  }

  #serveStream(route: StreamRoute, request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    if (!response.socket) {
      // An earlier request of this connection is still being answered.
      response.once('socket', () => {
        this.#guard(response, () => this.#serveStream(route, request, response))
      })
      return
    }
    const { maxClients } = this.#options
    if (this.#clients >= maxClients) {
      this.#counters.refusedClients++
      const text = `all ${maxClients} places for clients are taken (maxClients); try again later`
      sendText(response, 503, text, { 'Retry-After': '5' })
      return
    }
    writeStreamHead(response)
    response.write(firstDelimiter)
    const session = this.#openSession(route, socket, this.#proxies.clientOf(request).label)
    const endsMs = this.#access.linkEndMs(request)
    if (endsMs !== undefined) endAt(socket, endsMs, () => session.close())
  }

  #openSession({ stream, framerate, hasTimings, viewer }: StreamRoute, socket: Socket, label: string): StreamSession {
    const carried = this.#carried.get(stream)!
    const { maxFramerate, maxAgeMs, stallTimeoutMs } = this.#options
    const session = new StreamSession({
      socket,
      stream: carried.stream,
      parts: carried.parts,
      label,
      viewer,
      maxFramerate: framerate === undefined ? maxFramerate : Math.min(framerate, maxFramerate ?? framerate),
      maxAgeMs,
      hasTimings,
      stallTimeoutMs,
      onStall: this.#stalled,
      onRevoke: this.#revoked,
      onClose: () => {
        this.#sessions.delete(socket)
        carried.sessions--
        if (carried.sessions === 0) carried.parts.clear()
      }
    })
    this.#counters.streams++
    carried.sessions++
    this.#sessions.set(socket, session)
    session.start()
    return session
  }

  #serveSnapshot({ stream: name, maxAgeMs }: SnapshotRoute, request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const { stream } = this.#carried.get(name)!
    const { latest } = stream
    if (maxAgeMs !== undefined && latest && !latest.placeholder && ageMs(latest) <= maxAgeMs) {
      this.#sendSnapshot(latest, response)
      return
    }
    const { maxClients, snapshotTimeoutMs } = this.#options
    if (this.#waiting.size >= maxClients || this.#waiting.has(socket)) {
      this.#counters.refusedClients++
      const text = this.#waiting.has(socket)
        ? 'this connection waits for another snapshot already'
        : `${maxClients} clients wait for a snapshot already (maxClients); try again later`
      sendText(response, 503, text, { 'Retry-After': '1' })
      return
    }
    let wait: SnapshotRequest | undefined
    const leave = () => {
      socket.off('close', leave)
      this.#waiting.delete(socket)
      wait?.cancel()
    }
    this.#waiting.add(socket)
    socket.once('close', leave)
    try {
      wait = new SnapshotRequest(stream, {
        label: this.#proxies.clientOf(request).label,
        timeoutMs: snapshotTimeoutMs,
        onResult: (result) => {
          leave()
          this.#guard(response, () => this.#endSnapshot(result, stream, response))
        }
      })
    } catch (error) {
      leave()
      throw error
    }
  }

  #endSnapshot(result: SnapshotResult, stream: Stream, response: ServerResponse): void {
    if (result === 'late') this.#refuseSnapshot(stream, response)
    else if (result === 'revoked' || result === 'disconnected') {
      if (result === 'revoked') this.#counters.internalErrors++
      sendText(response, 503, `"${stream.name}" cannot be watched just now; try again`, { 'Retry-After': '1' })
    } else this.#sendSnapshot(result, response)
  }

  #sendSnapshot(frame: EncodedFrame, response: ServerResponse): void {
    this.#counters.snapshots++
    writeSnapshotHead(response, {
      'Content-Length': String(frame.data.byteLength),
      'X-Timestamp': timestampText(wallClockMs(frame.timestampUs))
    })
    response.end(frame.data)
  }

  #refuseSnapshot(stream: Stream, response: ServerResponse): void {
    this.#counters.snapshotsWithoutFrame++
    const { state, lastFailure } = stream.stats()
    const wanted = `no fresh picture of "${stream.name}" came within ${this.#options.snapshotTimeoutMs} ms`
    const reason = lastFailure ? `its last failure: ${lastFailure.message}` : 'it has not failed so far'
    sendText(response, 503, `${wanted}; the stream is ${state}; ${reason}`, { 'Retry-After': '1' })
  }

  /** Nothing went in or out of a connection for the stall time: cut it if something is waiting to go out. */
  readonly #timedOut = (socket: Socket): void => {
    const session = this.#sessions.get(socket)
    if (session) session.timedOut()
    else if (socket.writableLength > 0) {
      this.#stalled(peerLabel(socket.remoteAddress, socket.remotePort))
      socket.destroy()
    }
  }

  readonly #stalled = (label: string): void => {
    this.#counters.stalled++
    this.#trouble.warn(`cut ${label}: it has taken nothing for ${this.#options.stallTimeoutMs} ms`)
  }

  readonly #revoked = (reason: CloseReason): void => {
    if (reason === 'revoked') this.#counters.internalErrors++
  }

  /** For what happens to a request after `handle` has returned, where nobody else would catch it. */
  #guard(response: ServerResponse, deed: () => void): void {
    try {
      deed()
    } catch (error) {
      this.#failed(response, error)
    }
  }

  #report(error: unknown): void {
    this.#counters.internalErrors++
    this.#trouble.warn(`a request failed: ${error instanceof Error ? error.message : String(error)}`)
  }

  #failed(response: ServerResponse, error: unknown): void {
    this.#report(error)
    // Of the request, since an answer that waits for its turn has none yet.
    if (response.headersSent) response.req.socket.destroy()
    else sendText(response, 500, `an error of the server; its log says more\n\n${directory(this.#names)}`)
  }
}
