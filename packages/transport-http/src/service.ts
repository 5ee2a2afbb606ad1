import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  type EncodedFrame,
  monotonicUs,
  type PluginContext,
  peerLabel,
  type Stream,
  type TroubleLog,
  wallClockMs
} from '@streamer/core/plugin'
import { send, sendText, writeSnapshotHead, writeStreamHead } from './answers.js'
import type { HttpOptions } from './config.js'
import type { HttpCounters } from './counters.js'
import { pageCsp, renderPage } from './page.js'
import { maxUnanswered, Pipelining } from './pipelining.js'
import { directory, type Route, resolveRoute } from './routes.js'
import { StreamSession } from './session.js'
import { SnapshotRequest, type SnapshotResult } from './snapshot.js'
import { describeState } from './state.js'
import { firstDelimiter, PartCache, timestampText } from './wire.js'

/** For `Allow`. */
export const allowedMethods = 'GET, HEAD, OPTIONS'

type StreamRoute = Extract<Route, { kind: 'stream' }>

/** One stream with what all its clients share. */
interface Carried {
  readonly stream: Stream
  readonly parts: PartCache
  sessions: number
}

/** What the service is made of. */
export interface HttpServiceParts {
  readonly options: HttpOptions
  readonly context: PluginContext
  readonly streams: ReadonlyMap<string, Stream>
  readonly counters: HttpCounters
  readonly trouble: TroubleLog
  /** When the program started, on the monotonic clock. */
  readonly startedUs: number
}

/** Answers requests, from one start of the transport to its stop. */
export class HttpService {
  readonly #options: HttpOptions
  readonly #context: PluginContext
  readonly #streams: ReadonlyMap<string, Stream>
  readonly #names: readonly string[]
  readonly #counters: HttpCounters
  readonly #trouble: TroubleLog
  readonly #startedUs: number
  readonly #carried = new Map<string, Carried>()
  readonly #sessions = new Map<Socket, StreamSession>()
  /** Connections that wait for a snapshot. */
  readonly #waiting = new Set<Socket>()
  readonly #pipelining = new Pipelining()

  constructor({ options, context, streams, counters, trouble, startedUs }: HttpServiceParts) {
    this.#options = options
    this.#context = context
    this.#streams = streams
    this.#names = [...streams.keys()]
    this.#counters = counters
    this.#trouble = trouble
    this.#startedUs = startedUs
    for (const [name, stream] of streams) this.#carried.set(name, { stream, parts: new PartCache(), sessions: 0 })
  }

  /** Whether this connection carries a stream. */
  isStreaming(socket: Socket): boolean {
    return this.#sessions.has(socket)
  }

  /** Ends all streams at once. */
  close(): void {
    for (const session of [...this.#sessions.values()]) session.close()
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
    request.resume()
    response.setTimeout(this.#options.stallTimeoutMs)
    response.on('timeout', this.#timedOut)
    this.#guard(response, () => this.#answer(request, response))
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
    const { corsOrigin } = this.#options
    if (corsOrigin === undefined) return
    response.setHeader('Access-Control-Allow-Origin', corsOrigin)
    response.setHeader('Access-Control-Expose-Headers', 'X-Timestamp')
    if (response.req.method !== 'OPTIONS') return
    response.setHeader('Access-Control-Allow-Methods', allowedMethods)
    response.setHeader('Access-Control-Allow-Headers', '*')
    // A day; browsers cut it to what they allow.
    response.setHeader('Access-Control-Max-Age', '86400')
  }

  #get(route: Route, request: IncomingMessage, response: ServerResponse): void {
    if (route.kind === 'stream') this.#serveStream(route, request, response)
    else if (route.kind === 'snapshot') this.#serveSnapshot(route.stream, request, response)
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
        response.setHeader('Content-Security-Policy', pageCsp)
        send(
          response,
          200,
          'text/html; charset=utf-8',
          renderPage(names, route.stream !== undefined, randomUUID().slice(0, 8))
        )
        break
      }
      case 'state': {
        const { viewer } = route
        const state = {
          ...describeState(this.#context.host, this.#streams, this.#uptimeMs),
          ...(viewer !== undefined && { viewing: this.#viewing(viewer) })
        }
        send(response, 200, 'application/json; charset=utf-8', `${JSON.stringify(state, undefined, 2)}\n`)
        break
      }
      case 'redirect':
        sendText(response, 308, `see ${route.location}`, { Location: route.location })
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
    if (this.#sessions.size >= maxClients) {
      this.#counters.refusedClients++
      const text = `all ${maxClients} places for clients are taken (maxClients); try again later`
      sendText(response, 503, text, { 'Retry-After': '5' })
      return
    }
    writeStreamHead(response)
    response.write(firstDelimiter)
    this.#openSession(route, socket)
  }

  #openSession({ stream, framerate, viewer }: StreamRoute, socket: Socket): void {
    const carried = this.#carried.get(stream)!
    const { maxFramerate, maxAgeMs, stallTimeoutMs } = this.#options
    const session = new StreamSession({
      socket,
      stream: carried.stream,
      parts: carried.parts,
      label: peerLabel(socket.remoteAddress, socket.remotePort),
      viewer,
      maxFramerate: framerate === undefined ? maxFramerate : Math.min(framerate, maxFramerate ?? framerate),
      maxAgeMs,
      stallTimeoutMs,
      onStall: this.#stalled,
      onRevoke: () => {
        this.#counters.internalErrors++
      },
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
  }

  #serveSnapshot(name: string, request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const { stream } = this.#carried.get(name)!
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
        label: peerLabel(socket.remoteAddress, socket.remotePort),
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
    else if (result === 'revoked') {
      this.#counters.internalErrors++
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

  /** For what happens to a request after `handle` has returned, where nobody else would catch it. */
  #guard(response: ServerResponse, deed: () => void): void {
    try {
      deed()
    } catch (error) {
      this.#failed(response, error)
    }
  }

  #failed(response: ServerResponse, error: unknown): void {
    this.#counters.internalErrors++
    this.#trouble.warn(`a request failed: ${error instanceof Error ? error.message : String(error)}`)
    // Of the request, since an answer that waits for its turn has none yet.
    if (response.headersSent) response.req.socket.destroy()
    else sendText(response, 500, `an error of the server; its log says more\n\n${directory(this.#names)}`)
  }
}
