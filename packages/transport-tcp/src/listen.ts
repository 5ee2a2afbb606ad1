import { createServer, type Server, type Socket } from 'node:net'

/** Clients have nothing to say; Node reads so much of it at once, and we discard as much before we stop reading. Bytes. */
export const maxIgnoredBytes = 4096

/** A peer that vanished without a word while there is nothing to send is found out by the kernel's probes after this time. */
const keepAliveMs = 30_000

/** A server that does not listen yet. */
export function createListener(onConnection: (socket: Socket) => void): Server {
  return createServer(
    // Half-open: a client that has shut down its own side, having nothing to say, still gets frames.
    {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      highWaterMark: maxIgnoredBytes
    },
    onConnection
  )
}

/** Resolves when `server` and its connections are closed. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
