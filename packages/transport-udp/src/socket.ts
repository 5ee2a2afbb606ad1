import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'

/**
 * Room for the frames of several clients, so that sending one rarely waits for the network card. The kernel lowers it to its own limit
 * (Linux: `net.core.wmem_max`); when it is full, the client stays busy and the newest frame waits for it.
 */
const sendBufferBytes = 1024 * 1024
/** Room for some hundred short messages (the kernel charges nearly 1 KiB for each) while the event loop is at other work. */
const receiveBufferBytes = 256 * 1024

/**
 * A bound UDP socket; on `::` for IPv6 and IPv4 at once.
 * @param address numeric.
 * @throws what `bind` gave, or the reason of `signal`.
 */
export function bindSocket(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4', lookup: sameAddress })
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
      try {
        socket.setSendBufferSize(sendBufferBytes)
        socket.setRecvBufferSize(receiveBufferBytes)
      } catch {
        // Some systems refuse what is above their limit; their own sizes will do.
      }
      resolve(socket)
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
