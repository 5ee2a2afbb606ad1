import type { Socket } from 'node:net'
import type { EncodedFrame, Stream, Subscription } from '@streamer/core/plugin'
import type { TcpOptions } from './config.js'

/** What all sessions count together. */
export interface SessionCounters {
  stalled: number
  abandoned: number
  halfClosed: number
  framesSent: number
  bytesSent: number
}

/** What a session needs of its transport. */
export interface SessionHost {
  readonly counters: SessionCounters
  readonly options: TcpOptions
  /** Told before a client is cut because it takes nothing. */
  onStalled(label: string): void
}

/** What is different from client to client. */
export interface SessionSetup {
  /** Who it is, for people. */
  readonly label: string
  readonly stream: Stream
  readonly maxAgeMs: number | undefined
  /** Writes a whole frame to the socket; `onTaken` is called when the system has taken all of it. @returns its bytes on the wire. */
  write(frame: EncodedFrame, onTaken: (error?: Error | null) => void): number
}

/**
 * A client that has shut down its side may have gone altogether, which shows only when something is sent to it (a Linux system
 * went on answering keep-alive probes for it for more than 100 s). While the source runs or fails there is something each second; when there is nothing for so long, it is
 * given up. Longer than it takes most cameras to give their first frame.
 */
const silenceMs = 10_000

/** Frames for one client, of either version: one at a time, until it goes, or takes nothing any more. */
export class Session {
  readonly #host: SessionHost
  readonly #socket: Socket
  readonly #setup: SessionSetup
  readonly #subscription: Subscription
  /** Bytes of the frame that is being written. */
  #sending = 0
  /** Runs from the end of the client's side on, anew with each frame. */
  #silence: NodeJS.Timeout | undefined

  /** The first frame may be written within this call. */
  constructor(host: SessionHost, socket: Socket, setup: SessionSetup) {
    this.#host = host
    this.#socket = socket
    this.#setup = setup
    socket.setTimeout(host.options.stallTimeoutMs)
    socket.on('timeout', () => this.#onTimeout())
    const { label, stream, maxAgeMs } = setup
    const { maxFramerate } = host.options
    this.#subscription = stream.subscribe({
      label,
      ...(maxFramerate === undefined ? {} : { maxFramerate }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      onFrame: (frame) => this.#send(frame),
      onClose: () => socket.destroy()
    })
  }

  /** The client has shut down its side. */
  noteEnd(): void {
    this.#host.counters.halfClosed++
    this.#silence = setTimeout(() => this.#onSilence(), silenceMs).unref()
  }

  /** Ends subscription and connection. May be called twice. */
  close(): void {
    clearTimeout(this.#silence)
    this.#subscription.close()
    this.#socket.destroy()
  }

  #send(frame: EncodedFrame): void {
    this.#silence?.refresh()
    this.#sending = this.#setup.write(frame, this.#onWritten)
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
    this.#host.onStalled(this.#setup.label)
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
}
