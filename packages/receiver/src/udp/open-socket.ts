import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns'
import { isIP } from 'node:net'

/** Room for several frames while the event loop is at other work. The kernel lowers it to its own limit (Linux: `net.core.rmem_max`). */
const receiveBufferBytes = 4 * 1024 * 1024

/** A numeric address of a host. @throws what the look-up gave. */
export function resolved(host: string): Promise<string> {
  if (isIP(host) !== 0) return Promise.resolve(host)
  return new Promise((resolve, reject) => {
    lookup(host, (error, address) => (error ? reject(error) : resolve(address)))
  })
}

/**
 * A UDP socket that exchanges datagrams with one server alone: the kernel throws away what others send, and says when nothing listens there.
 * @param address numeric.
 * @returns the socket, the caller's own. @throws what `connect` gave.
 */
export function openSocket(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    const fail = (error: unknown): void => {
      socket.removeAllListeners()
      // What a socket that is given up still says is of no interest, but unheard it would end the process.
      socket.on('error', () => {})
      socket.close()
      reject(error)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      try {
        socket.setRecvBufferSize(receiveBufferBytes)
      } catch {
        // Some systems refuse what is above their limit; their own size will do.
      }
      resolve(socket)
    })
    socket.connect(port, address)
  })
}
