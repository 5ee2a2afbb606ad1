import type { Socket } from 'node:net'
import type { EncodedFrame, Subscription } from '@streamer/core/plugin'
import { peerLabel } from '@streamer/core/plugin'
import type { TcpOptions } from './config.js'
import type { Feed } from './feed.js'
import { maxIgnoredBytes } from './listen.js'

/** What all sessions count together. */
export interface SessionCounters {
  stalled: number
  abandoned: number
  halfClosed: number
  ignoredBytes: number
  framesSent: number
  bytesSent: number
  connectionErrors: number
}

/** What a session needs of its transport. */
export interface SessionHost {
  readonly counters: SessionCounters
  readonly options: TcpOptions
  /** Told before a client is cut because it takes nothing. */
  onStalled(label: string): void
  /** Told once when the connection is gone. */
  onClosed(session: Session): void
}

/**
 * A client that has shut down its side may have gone altogether, which shows only when something is sent to it (a Linux system
 * went on answering keep-alive probes for it for more than 100 s). While the source runs or fails there is something each second; when there is nothing for so long, it is
 * given up. Longer than it takes most cameras to give their first frame.
 */
const silenceMs = 10_000

/** One connection. Gets frames from the first moment. */
export class Session {
  readonly #host: SessionHost
  readonly #feed: Feed
  readonly #socket: Socket
  readonly #label: string
  readonly #subscription: Subscription
  #ignoredBytes = 0
  /** Bytes of the frame that is being written. */
  #sending = 0
  /** Runs from the end of the client's side on, anew with each frame. */
  #silence: NodeJS.Timeout | undefined

  constructor(host: SessionHost, feed: Feed, socket: Socket) {
    this.#host = host
    this.#feed = feed
    this.#socket = socket
    this.#label = peerLabel(socket.remoteAddress, socket.remotePort)
    socket.setTimeout(host.options.stallTimeoutMs)
    socket.on('timeout', () => this.#onTimeout())
    socket.on('data', (data) => this.#ignore(data.length))
    socket.on('end', () => {
      host.counters.halfClosed++
      this.#silence = setTimeout(() => this.#onSilence(), silenceMs).unref()
    })
    // Most clients end by just going away, which is an error of the socket and then closes it.
    socket.on('error', () => host.counters.connectionErrors++)
    socket.on('close', () => {
      clearTimeout(this.#silence)
      this.#subscription.close()
      host.onClosed(this)
    })
    const { maxFramerate, maxAgeMs } = host.options
    this.#subscription = feed.stream.subscribe({
      label: this.#label,
      ...(maxFramerate === undefined ? {} : { maxFramerate }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      onFrame: (frame) => this.#send(frame),
      onClose: () => socket.destroy()
    })
  }

  /** Ends subscription and connection. May be called twice. */
  close(): void {
    this.#subscription.close()
    this.#socket.destroy()
  }

  #send(frame: EncodedFrame): void {
    const message = this.#feed.message(frame)
    this.#sending = message.length
    this.#silence?.refresh()
    this.#socket.write(message, this.#onWritten)
  }

  /** One for all frames. The client is busy until the kernel has taken the whole frame. */
  readonly #onWritten = (error?: Error | null): void => {
    if (error) return
    this.#host.counters.framesSent++
    this.#host.counters.bytesSent += this.#sending
    this.#subscription.ready()
  }

  /**
   * Node's time-out runs out when nothing was read, and nothing of what is being written was taken, for that time; part of a frame that
   * was taken starts it anew. With nothing to write the client is just idle; the next write starts the clock again.
   */
  #onTimeout(): void {
    if (this.#socket.writableLength === 0) return
    this.#host.counters.stalled++
    this.#host.onStalled(this.#label)
    this.close()
  }

  #onSilence(): void {
    // What still waits to be taken is a matter of stalling.
    if (this.#socket.writableLength > 0) {
      this.#silence?.refresh()
      return
    }
    this.#host.counters.abandoned++
    this.close()
  }

  /** Reads on so that the end is seen, but not for ever: what a talker sends beyond the limit stays in the kernel, which makes it wait. */
  #ignore(bytes: number): void {
    this.#host.counters.ignoredBytes += bytes
    this.#ignoredBytes += bytes
    if (this.#ignoredBytes >= maxIgnoredBytes) this.#socket.pause()
  }
}
