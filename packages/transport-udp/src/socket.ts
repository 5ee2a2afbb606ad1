import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import type { BurstSocket, openUdpSocket } from '@streamer/socket-options'

/**
 * Room for the frames of several clients, so that sending one rarely waits for the network card. The kernel lowers it to its own limit
 * (Linux: `net.core.wmem_max`); when it is full, the client stays busy and the newest frame waits for it.
 */
const sendBufferBytes = 1024 * 1024
/** Room for some hundred short messages (the kernel charges nearly 1 KiB for each) while the event loop is at other work. */
const receiveBufferBytes = 256 * 1024

/** A socket, and what sends bursts on it, where that is possible. */
export interface BoundSocket {
  readonly socket: Socket
  readonly bursts: BurstSocket | undefined
}

/**
 * A bound UDP socket; on `::` for IPv6 and IPv4 at once.
 * @param address numeric.
 * @param open how a socket for bursts is made.
 * @throws what `bind` gave, or the reason of `signal`.
 */
export async function bindSocket(
  address: string,
  port: number,
  signal: AbortSignal,
  open: typeof openUdpSocket
): Promise<BoundSocket> {
  const bursts = open(address, port)
  const socket = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4', lookup: sameAddress })
  if (bursts === undefined) await bind(socket, address, port, signal)
  else bursts.bind(socket)
  try {
    socket.setSendBufferSize(sendBufferBytes)
    socket.setRecvBufferSize(receiveBufferBytes)
  } catch {
    // Some systems refuse what is above their limit; their own sizes will do.
  }
  return { socket, bursts }
}

function bind(socket: Socket, address: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
      // What a socket that is given up still says is of no interest, but unheard it would end the process.
      socket.on('error', () => {})
      socket.close()
      reject(error)
    }
    const onAbort = (): void => fail(signal.reason)
    socket.once('error', fail)
    socket.once('listening', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      resolve()
    })
    signal.addEventListener('abort', onAbort)
    socket.bind(port, address)
  })
}

/** Addresses here are always numeric; the default look-up would put off every datagram to the next tick, to find that out. */
function sameAddress(
  hostname: string,
  _family: unknown,
  callback: (error: null, address: string, family: number) => void
): void {
  callback(null, hostname, hostname.includes(':') ? 6 : 4)
}
