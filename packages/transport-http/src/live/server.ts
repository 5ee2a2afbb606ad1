import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { CloseReason, Stream } from '@streamer/core/plugin'
import type { WebSocketServer } from 'ws'
import { endAt } from '../access/end-at.js'
import type { Refusal, Verdict } from '../access/role.js'
import type { HttpOptions } from '../config.js'
import type { HttpCounters } from '../counters.js'
import { rawError } from '../wire.js'
import { MessageCache } from './message.js'
import { LiveViewer } from './viewer.js'
import type { LiveStream } from './watch.js'

/** A list of streams with a frame rate each has room in it. Bytes. */
const maxRequestBytes = 16 * 1024

/** What WebSockets need of the service. */
export interface LiveHost {
  readonly options: HttpOptions
  readonly streams: ReadonlyMap<string, Stream>
  readonly counters: HttpCounters
  authorize(request: IncomingMessage): Verdict
  labelOf(request: IncomingMessage): string
  /** When the link that a client came by expires, milliseconds since 1970; undefined when it came by none. */
  linkEndMs(request: IncomingMessage): number | undefined
  /** All places are taken, those of other clients counted in. */
  isFull(): boolean
  onStall(label: string): void
  onRevoke(reason: CloseReason): void
  onFailure(error: unknown): void
}

/** Takes connections over that ask for a WebSocket. */
export class LiveServer {
  readonly #host: LiveHost
  #server: Promise<WebSocketServer> | undefined
  readonly #streams = new Map<string, LiveStream>()
  readonly #viewers = new Set<LiveViewer>()
  #isClosed = false

  constructor(host: LiveHost) {
    this.#host = host
    for (const [name, stream] of host.streams) {
      this.#streams.set(name, { stream, messages: new MessageCache(this.#streams.size), viewers: 0 })
    }
  }

  /** Clients that are connected. */
  get size(): number {
    return this.#viewers.size
  }

  /** Ends all of them. */
  close(): void {
    this.#isClosed = true
    for (const viewer of [...this.#viewers]) viewer.close()
  }

  /** Answers a request for an upgrade; never throws. Nobody else listens to its socket any more. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { counters, onFailure } = this.#host
    counters.requests++
    // A connection that is cut while it is looked at is nothing to worry about.
    socket.on('error', () => {})
    const path = (request.url ?? '').split('?')[0]
    if (path !== '/ws') {
      counters.notFound++
      refuse(socket, { status: 404, text: 'a WebSocket is at /ws alone' })
      return
    }
    this.#answer(request, socket, head).catch((error: unknown) => {
      onFailure(error)
      socket.destroy()
    })
  }

  /** What was sent behind the request meanwhile waits in the socket. */
  async #answer(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { authorize, counters, options, isFull } = this.#host
    const refusal = await authorize(request)
    const server = refusal ? undefined : await this.#loaded()
    if (socket.destroyed) return
    if (!server) refuse(socket, refusal!)
    else if (this.#isClosed) refuse(socket, { status: 503, text: 'this server stops' })
    else if (isFull()) {
      counters.refusedClients++
      const text = `all ${options.maxClients} places for clients are taken (maxClients); try again later`
      refuse(socket, { status: 503, text, headers: { 'Retry-After': '5' } })
    } else this.#open(server, request, socket, head)
  }

  /** Loaded when the first client asks for it: until then there are frames to send. */
  #loaded(): Promise<WebSocketServer> {
    this.#server ??= import('ws').then(({ WebSocketServer }) => {
      const server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload: maxRequestBytes
      })
      server.on('wsClientError', (error, socket) => {
        this.#host.counters.badRequests++
        refuse(socket as Socket, { status: 400, text: error.message })
      })
      return server
    })
    return this.#server
  }

  #open(server: WebSocketServer, request: IncomingMessage, connection: Socket, head: Buffer): void {
    const { options, counters, labelOf, linkEndMs, onStall, onRevoke } = this.#host
    const { maxFramerate, maxAgeMs, stallTimeoutMs } = options
    server.handleUpgrade(request, connection, head, (socket) => {
      counters.streams++
      const viewer = new LiveViewer({
        socket,
        connection,
        streams: this.#streams,
        label: labelOf(request),
        maxFramerate,
        maxAgeMs,
        stallTimeoutMs,
        onStall,
        onRevoke,
        onClose: () => this.#viewers.delete(viewer)
      })
      this.#viewers.add(viewer)
      const endsMs = linkEndMs(request)
      if (endsMs !== undefined) endAt(connection, endsMs, () => viewer.expire())
    })
  }
}

function refuse(socket: Socket, { status, text, headers = {} }: Refusal): void {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(rawError(status, text, fields.join('')), () => socket.destroy())
}
