import type { Sink } from '../connection.js'

/** What a client has of its connection. */
export interface DatagramHost {
  readonly sink: Sink
  /** Sends a datagram to the server, which may be lost. Never throws. */
  send(datagram: Uint8Array): void
}

/** One version of the UDP protocol, spoken over a socket that is the connection's. It tells its host what comes, and `sink.failed` when it is over. */
export interface DatagramClient {
  /** Whether the server would know it at another address. */
  readonly isMovable: boolean
  /** Begins to register. Called once; never throws. */
  start(): void
  /** Takes a datagram that came from the server's address, and its memory. Never throws. */
  receive(datagram: Buffer): void
  /** What it sends comes from another address from now on: it says something at once, so that the server sees that. Never throws. */
  moved(): void
  /** Ends it; its timers are gone. May be called twice. @returns what is to be sent as the last thing, so that the server knows. */
  close(): Uint8Array | undefined
}
