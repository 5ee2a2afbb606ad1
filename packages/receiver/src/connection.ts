import type { StreamerError } from '@streamer/core/plugin'
import type { Clock } from './clock.js'

/** One whole picture, as a connection gives it. */
export interface IncomingFrame {
  /** A whole JPEG. It belongs to the receiver from now on, and through it to the consumer: nobody else may change it. */
  readonly data: Uint8Array
  /**
   * The server's number of the frame, unwrapped: it grows by one with each frame that the server gave out. Frames may come out of order.
   * A protocol without numbers and without disorder leaves it away.
   */
  readonly sequence?: number
  /** When it was captured: integer microseconds of the server's monotonic clock. */
  readonly timestampUs?: number
  /** When it was captured, by the server's wall clock: microseconds since 1970. */
  readonly wallClockUs?: number
  /** Milliseconds since it was captured, where the protocol knows both clocks. Without it the age is taken from `wallClockUs`. */
  readonly ageMs?: number
  /** It was made whole by parity or a resend. */
  readonly repaired?: boolean
  /** The picture before once more, because the camera gives nothing new. Only where the protocol tells. */
  readonly repeated?: boolean
}

/** What is known of the way to the server. What the protocol does not tell is absent. */
export interface Measures {
  /** To the server and back, as just measured. Milliseconds. */
  readonly roundTripMs?: number
  /** How much the time on the way varies, smoothed as in RFC 3550 section 6.4.1. Milliseconds. */
  readonly jitterMs?: number
  /** What the server allows itself for us, bits per second. */
  readonly rateBps?: number
  /** Parity that it sends, in proportion to data. */
  readonly parity?: number
}

/** What connections count; one object for all connections of a receiver, in which numbers only go up. */
export interface ConnectionCounters {
  /** Bytes that the network gave, headers of our protocols included. */
  bytes: number
  /** Datagrams that belong to the protocol. */
  datagramsReceived: number
  /** Datagrams that must have been sent and did not come in time, before any repair. */
  datagramsLost: number
  /** Datagrams that were there already. */
  datagramsDuplicate: number
  /** Frames of which something came, but not enough. */
  framesLost: number
  /** Datagrams that were asked for again. */
  resends: number
  /** Frames that are too large, or no JPEG. */
  refused: number
}

/** Where a connection puts what it receives. Made by the receiver, one for each connection. */
export interface Sink {
  readonly counters: ConnectionCounters
  /**
   * The server answers: from now on frames may come. May be told again within a connection, when the server was started anew or registered with
   * again: numbers and clocks of frames then begin anew, too.
   * @param protocol what is spoken: `udp/1`.
   */
  opened(protocol: string): void
  frame(frame: IncomingFrame): void
  /** Told each time that the server has answered; what is absent is as before. */
  measured(measures: Measures): void
  /**
   * The connection is over; it is closed next. What is told after this is not heard.
   * @param isFinal trying again cannot help: a name is longer than the protocol allows.
   */
  failed(reason: StreamerError, isFinal?: boolean): void
}

/** One connection to a server, from the look-up of its name to its end. Used once. */
export interface Connection {
  /** Begins to connect. Never throws: all that goes wrong is told to the sink, and never within this call. */
  start(sink: Sink): void
  /** Ends it, saying goodbye where the protocol has a word for it. Nothing is open when it resolves. May be called twice, and before `start`. Never rejects. */
  close(): Promise<void>
}

/** What connections of every scheme are told. */
export interface ConnectionOptions {
  readonly clock: Clock
  readonly maxFrameBytes: number
  /** How long frames wait for their time after they were captured, which is how long a repair may take; 0 is not at all. */
  readonly delayMs: number
  /** Until the server has answered. */
  readonly connectTimeoutMs: number
  /** With one, nothing may be taken from a server that does not prove to have it. */
  readonly key: Uint8Array | undefined
  readonly keyName: string | undefined
  readonly tls: TlsOptions
}

/** How a server with TLS is judged; names are those of `node:tls`. */
export interface TlsOptions {
  /** Certificates to trust in place of the system's, in PEM. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  /** Default true: a server whose certificate is not trusted is refused. */
  readonly rejectUnauthorized?: boolean
  /** The name that the certificate must have. Default: the host of the address. */
  readonly servername?: string
}
