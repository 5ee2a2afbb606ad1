import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSocket } from './close-socket.js'

/** PCP and NAT-PMP share it: RFC 6887 section 19, RFC 6886. */
export const routerPort = 5351

/** RFC 6886 section 3.1: 250 ms, then twice as long each time. It goes on for 64 s; a router in the same house has answered by now or never will. */
const waitsMs = [250, 500, 1000]

/**
 * Sends a datagram to a router until it answers.
 * @param make the datagram, given the address that it is sent from.
 * @param read what an answer says, or undefined when it is none to this.
 * @throws Error when no answer comes, what the system gave (`ECONNREFUSED` where nothing listens), or the reason of `signal`.
 */
export async function askRouter<T>(
  host: string,
  port: number,
  make: (ownAddress: string) => Uint8Array,
  read: (answer: Buffer) => T | undefined,
  signal: AbortSignal
): Promise<{ answer: T; ownAddress: string }> {
  signal.throwIfAborted()
  const socket = createSocket('udp4')
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  try {
    // Connected, so that answers of others than the router never reach us and its refusal does.
    socket.connect(port, host)
    await once(socket, 'connect', { signal })
    const ownAddress = socket.address().address
    const datagram = make(ownAddress)
    const answer = await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort)
      socket.on('error', reject)
      socket.on('message', (message) => {
        const answer = read(message)
        if (answer !== undefined) resolve(answer)
      })
      const send = (attempt: number): void => {
        const waitMs = waitsMs[attempt]
        if (waitMs === undefined) {
          reject(new Error('no answer'))
          return
        }
        socket.send(datagram, (error) => error && reject(error))
        timer = setTimeout(() => send(attempt + 1), waitMs)
      }
      send(0)
    })
    return { answer, ownAddress }
  } catch (error) {
    // `once` has a reason of its own.
    throw signal.aborted ? signal.reason : error
  } finally {
    clearTimeout(timer)
    if (onAbort) signal.removeEventListener('abort', onAbort)
    await closeSocket(socket)
  }
}
