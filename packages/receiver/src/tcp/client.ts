import type { Sink } from '../connection.js'

/** What a client has of its connection. */
export interface StreamHost {
  readonly sink: Sink
  /** Sends bytes to the server. Never throws. */
  send(bytes: Uint8Array): void
  /** The server answers as it should: from now on frames may come. Called once. */
  opened(protocol: string): void
  /** It is over, because of this. */
  failed(what: string, cause?: unknown): void
}

/** One version of the TCP protocol, spoken over a socket that is the connection's. */
export interface StreamClient {
  /** Takes the next bytes of the server, and their memory. Never throws. */
  receive(bytes: Buffer): void
  /** Ends it; its timers are gone. May be called twice. */
  close(): void
}
