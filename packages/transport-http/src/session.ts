import type { Socket } from 'node:net'
import {
  type CloseReason,
  type EncodedFrame,
  monotonicUs,
  type Stream,
  type Subscription,
  wallClockMs
} from '@streamer/core/plugin'
import { type PartCache, timingFields, withFields } from './wire.js'

/** What a session is made of. */
export interface StreamSessionOptions {
  readonly socket: Socket
  readonly stream: Stream
  readonly parts: PartCache
  /** Who the client is, for people. */
  readonly label: string
  /** What the client calls itself. */
  readonly viewer: string | undefined
  /** Frames per second at most. */
  readonly maxFramerate: number | undefined
  readonly maxAgeMs: number
  /** See `timingFields`. */
  readonly hasTimings: boolean
  /** See `HttpOptions.stallTimeoutMs`. */
  readonly stallTimeoutMs: number
  /** Told once when the client has gone. */
  readonly onClose: (session: StreamSession) => void
  /** Told once when the core ends the subscription, and why; the connection is cut with it. */
  readonly onRevoke: (reason: CloseReason) => void
  /** Told once when the client is cut because it takes nothing. */
  readonly onStall: (label: string) => void
}

/** One client of a stream, from the head of the answer on. It is busy from a write until that write has left for the kernel. */
export class StreamSession {
  readonly streamName: string
  readonly label: string
  readonly viewer: string | undefined
  readonly hasTimings: boolean
  readonly #options: StreamSessionOptions
  readonly #socket: Socket
  readonly #parts: PartCache
  #subscription: Subscription | undefined
  #writtenMs = 0
  #open = true

  constructor(options: StreamSessionOptions) {
    this.#options = options
    this.streamName = options.stream.name
    this.label = options.label
    this.viewer = options.viewer
    this.hasTimings = options.hasTimings
    this.#socket = options.socket
    this.#parts = options.parts
  }

  /** Takes the socket over and subscribes. The head of the answer must have been written. */
  start(): void {
    const { stream, label, maxFramerate, maxAgeMs } = this.#options
    const socket = this.#socket
    // The HTTP parser reads no more of this connection: what the client still sends is read, so that its end is
    // noticed, and thrown away.
    socket.removeAllListeners('data')
    socket.on('data', this.#ignore)
    socket.on('end', this.#cut)
    socket.on('close', this.#closed)
    socket.resume()
    this.#writtenMs = performance.now()
    this.#subscription = stream.subscribe({
      label,
      ...(maxFramerate !== undefined && { maxFramerate }),
      maxAgeMs,
      onFrame: this.#write,
      onClose: this.#revoked
    })
    if (!this.#open) this.#subscription.close()
  }

  /** Ends the connection at once; what is not sent yet is lost. */
  close(): void {
    this.#socket.destroy()
    this.#closed()
  }

  /**
   * The socket saw no activity for the stall time. Node has looked at the progress of the write that is going on, so
   * this is a client that takes nothing, or one that has nothing to take because the source is silent.
   */
  readonly timedOut = (): void => {
    if (this.#open && this.#socket.writableLength > 0) this.#stalled()
  }

  readonly #write = (frame: EncodedFrame, publishedUs?: number): void => {
    this.#writtenMs = performance.now()
    const part = this.#parts.of(frame)
    if (this.#options.hasTimings) this.#writeTimed(frame, part, publishedUs)
    else this.#socket.write(part, this.#written)
  }

  /** The same bytes behind a head of this client's own, in one write of the system. */
  #writeTimed({ data }: EncodedFrame, part: Buffer, publishedUs: number | undefined): void {
    const encodedMs = publishedUs === undefined ? undefined : wallClockMs(publishedUs)
    const [head, rest] = withFields(part, data, timingFields(encodedMs, wallClockMs(monotonicUs())))
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(rest, this.#written)
    this.#socket.uncork()
  }

  readonly #written = (error?: Error | null): void => {
    if (!error) this.#subscription?.ready()
  }

  /** Bytes from the client count as activity of the socket, so a client that sends but does not read is seen here. */
  readonly #ignore = (): void => {
    if (this.#socket.writableLength === 0) return
    if (performance.now() - this.#writtenMs > 2 * this.#options.stallTimeoutMs) this.#stalled()
  }

  readonly #cut = (): void => {
    this.#socket.destroy()
  }

  readonly #closed = (): void => {
    if (!this.#open) return
    this.#open = false
    this.#subscription?.close()
    this.#options.onClose(this)
  }

  /** Without a subscription nothing would ever come again. */
  readonly #revoked = (reason: CloseReason): void => {
    this.#options.onRevoke(reason)
    this.close()
  }

  #stalled(): void {
    this.#options.onStall(this.#options.label)
    this.close()
  }
}
