import type { Socket } from 'node:net'
import type { CloseReason } from '@streamer/core/plugin'
import type { WebSocket } from 'ws'
import { readRequest, type Wish } from './request.js'
import { type LiveStream, Turns, Watch } from './watch.js'

/** What a viewer is made of. */
export interface LiveViewerParts {
  readonly socket: WebSocket
  /** Below it. */
  readonly connection: Socket
  readonly streams: ReadonlyMap<string, LiveStream>
  /** Who the client is, for people. */
  readonly label: string
  readonly maxFramerate: number | undefined
  readonly maxAgeMs: number
  readonly stallTimeoutMs: number
  readonly onStall: (label: string) => void
  /** The core ended a subscription. */
  readonly onRevoke: (reason: CloseReason) => void
  /** Told once. */
  readonly onClose: () => void
}

/** How often a client must show that it is there, milliseconds: less than the minute after which proxies cut a silent connection. */
const heartbeatMs = 15_000
/** Answers that may wait for a client that asks faster than it reads. */
const maxAnswers = 64
/** Close codes of RFC 6455 section 7.4.1. */
const goingAway = 1001
const policyViolation = 1008
const tryAgainLater = 1013

/** One client that watches any number of streams over a WebSocket. */
export class LiveViewer {
  readonly #parts: LiveViewerParts
  readonly #names: readonly string[]
  readonly #watches = new Map<string, Watch>()
  readonly #turns = new Turns(() => {
    this.#isAlive = true
  })
  readonly #heart: NodeJS.Timeout
  #isAlive = true
  #isOpen = true
  /** Answers that have not left for the kernel. */
  #answers = 0

  constructor(parts: LiveViewerParts) {
    this.#parts = parts
    this.#names = [...parts.streams.keys()]
    const { socket, connection, stallTimeoutMs } = parts
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#say({ error: 'messages are text' })
      else this.#take(data.toString())
    })
    socket.on('pong', () => {
      this.#isAlive = true
    })
    // What breaks the protocol; `ws` closes with a code that says so.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
    connection.setTimeout(stallTimeoutMs, this.#timedOut)
    this.#heart = setInterval(() => this.#beat(), Math.min(heartbeatMs, stallTimeoutMs))
    const streams = Array.from(parts.streams.values(), ({ stream: { name } }) => ({ name }))
    this.#say({ streams })
  }

  /** The transport stops. */
  close(): void {
    this.#parts.socket.close(goingAway)
    this.#parts.socket.terminate()
    this.#closed()
  }

  /** The link by which it came is over. */
  expire(): void {
    this.#parts.socket.close(policyViolation, 'this link has expired; ask for a new one')
    this.#closed()
  }

  #take(text: string): void {
    // What it had sent before it was cut.
    if (!this.#isOpen) return
    this.#isAlive = true
    this.#lookForStall()
    const request = readRequest(text, this.#names)
    if (request.kind === 'bad') this.#say({ error: request.text })
    else if (request.kind === 'ping') this.#say({ pong: request.value, now: Date.now() })
    else this.#watch(request.wish)
  }

  #watch(wish: Wish): void {
    for (const [name, watch] of this.#watches) {
      if (wish.has(name) && wish.get(name) === watch.framerate) continue
      watch.close()
      this.#watches.delete(name)
    }
    for (const [name, framerate] of wish) if (!this.#watches.has(name)) this.#begin(name, framerate)
  }

  #begin(name: string, framerate: number | undefined): void {
    const { socket, streams, label, maxFramerate, maxAgeMs, onRevoke } = this.#parts
    const watch = new Watch(streams.get(name)!, framerate, socket, this.#turns)
    const limit = framerate === undefined ? maxFramerate : Math.min(framerate, maxFramerate ?? framerate)
    this.#watches.set(name, watch)
    watch.start({
      label,
      ...(limit !== undefined && { maxFramerate: limit }),
      maxAgeMs,
      onClose: (reason) => {
        onRevoke(reason)
        const text = reason === 'disconnected' ? 'an admin has disconnected this client' : `"${name}" has ended`
        socket.close(tryAgainLater, text.slice(0, 100))
        this.#closed()
      }
    })
  }

  #say(message: object): void {
    this.#answers++
    if (this.#answers > maxAnswers) this.#stalled()
    else this.#parts.socket.send(JSON.stringify(message), this.#said)
  }

  readonly #said = (): void => {
    this.#answers--
  }

  #beat(): void {
    // A ping would stand behind what waits to go out: whether the client takes that is for the stall time to tell.
    if (this.#parts.connection.writableLength > 0) return
    if (this.#isAlive) {
      this.#isAlive = false
      this.#parts.socket.ping()
    } else this.#parts.socket.terminate()
  }

  /** Nothing went in or out for the stall time; Node has looked at the progress of the write that is going on. */
  readonly #timedOut = (): void => {
    if (this.#isOpen && this.#parts.connection.writableLength > 0) this.#stalled()
  }

  /** What a client sends counts as activity of its connection, so one that sends but does not read is seen here. */
  #lookForStall(): void {
    const { sentMs } = this.#turns
    if (sentMs !== undefined && performance.now() - sentMs > 2 * this.#parts.stallTimeoutMs) this.#stalled()
  }

  #stalled(): void {
    if (!this.#isOpen) return
    this.#parts.onStall(this.#parts.label)
    this.#parts.socket.terminate()
    this.#closed()
  }

  #closed(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearInterval(this.#heart)
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
    this.#parts.onClose()
  }
}
