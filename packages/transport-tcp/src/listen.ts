import { lookup } from 'node:dns/promises'
import { createServer, isIP, type Server, type Socket } from 'node:net'
import { lacksIpv6 } from '@streamer/core/plugin'

/** Clients have nothing to say; Node reads so much of it at once, and we discard as much before we stop reading. Bytes. */
export const maxIgnoredBytes = 4096

/** A peer that vanished without a word while there is nothing to send is found out by the kernel's probes after this time. */
const keepAliveMs = 30_000

/** The numeric address of `host`. */
export async function resolveHost(host: string): Promise<string> {
  return isIP(host) === 0 ? (await lookup(host)).address : host
}

/**
 * A server that listens, for IPv6 and IPv4 at once on `::`, for IPv4 alone if the machine has no IPv6.
 * @param address numeric.
 * @throws what `listen` gave.
 */
export async function listen(address: string, port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  try {
    return await listenOn(address, port, onConnection)
  } catch (error) {
    if (!lacksIpv6(error, address)) throw error
    return listenOn('0.0.0.0', port, onConnection)
  }
}

function listenOn(host: string, port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(
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
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** Resolves when `server` and its connections are closed. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
