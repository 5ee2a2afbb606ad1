import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { plainAddress } from './addresses.js'
import { PortMappingError, reasonOf } from './errors.js'
import { type BindingResponse, bindingRequest, parseBindingResponse, transactionIdLength } from './stun-wire.js'

/** RFC 8489 section 6.2.1: RTO, Rc and Rm. The last wait is over 39.5 s after the first request. */
const firstWaitMs = 500
const requestCount = 7
const lastWaitFactor = 16

/** IANA, for `stun` over UDP. */
const defaultPort = 3478

/** What is needed of a bound UDP socket; one of `node:dgram` has it. */
export interface DatagramSocket {
  send(datagram: Uint8Array, port: number, address: string, callback: (error: Error | null) => void): void
  address(): { readonly address: string }
}

/** Under which address and port a socket is seen on the internet. */
export interface PublicAddress {
  readonly host: string
  readonly port: number
}

/** Whom to ask. */
export interface PublicAddressOptions {
  /** `host:port` or `host`, the port then being 3478; an IPv6 address in brackets. */
  readonly server: string
  readonly signal?: AbortSignal
}

interface Transaction {
  readonly id: Uint8Array
  /** Numeric, IPv4 never within IPv6. */
  readonly host: string
  readonly port: number
  readonly onResponse: (response: BindingResponse) => void
}

/**
 * Asks STUN servers under which address a socket is seen. The socket stays its owner's, who hands incoming datagrams on, since the answers are for the very
 * port that asked.
 *
 * ```ts
 * const client = new StunClient(socket)
 * socket.on('message', (datagram, { address, port }) => {
 *   if (client.receive(datagram, address, port)) return
 *   // It is for the owner.
 * })
 * const { host, port } = await client.publicAddress({ server: 'stun.example.org:3478' })
 * ```
 */
export class StunClient {
  readonly #socket: DatagramSocket
  readonly #transactions = new Set<Transaction>()

  /** @param socket bound, of IPv4, IPv6 or both. */
  constructor(socket: DatagramSocket) {
    this.#socket = socket
  }

  /**
   * Sends a request, again and again for 39.5 s when no answer comes.
   * @throws PortMappingError `ERR_NO_PUBLIC_ADDRESS` when the server does not answer, cannot be found or refuses; the reason of `signal`; `TypeError` for a
   * `server` that is none.
   */
  async publicAddress({ server, signal }: PublicAddressOptions): Promise<PublicAddress> {
    const { host, port } = parseServer(server)
    signal?.throwIfAborted()
    const response = await new Promise<BindingResponse>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      let transaction: Transaction | undefined
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        if (transaction !== undefined) this.#transactions.delete(transaction)
      }
      const fail = (error: unknown): void => {
        end()
        reject(failureOf(server, reasonOf(error), error))
      }
      const onAbort = (): void => {
        end()
        reject(signal?.reason)
      }
      const ask = (address: string): void => {
        const id = randomBytes(transactionIdLength)
        const onResponse = (response: BindingResponse): void => {
          end()
          resolve(response)
        }
        transaction = { id, host: plainAddress(address), port, onResponse }
        this.#transactions.add(transaction)
        const request = bindingRequest(id)
        let waitMs = firstWaitMs
        let count = 0
        const send = (): void => {
          if (count === requestCount) {
            fail(new Error('no answer'))
            return
          }
          count++
          timer = setTimeout(send, count === requestCount ? firstWaitMs * lastWaitFactor : waitMs)
          waitMs *= 2
          // A socket that was closed throws.
          try {
            this.#socket.send(request, port, address, (error) => error && fail(error))
          } catch (error) {
            fail(error)
          }
        }
        send()
      }
      signal?.addEventListener('abort', onAbort)
      this.#resolve(host).then((address) => signal?.aborted || ask(address), fail)
    })
    if (response.kind === 'error') throw failureOf(server, `it refused with ${response.errorCode} ${response.reason}`)
    return { host: response.host, port: response.port }
  }

  /**
   * Takes a datagram that came to the socket.
   * @returns whether it was an answer that this client waits for; others are the owner's.
   */
  receive(datagram: Uint8Array, address: string, port: number): boolean {
    if (this.#transactions.size === 0) return false
    const host = plainAddress(address)
    for (const transaction of this.#transactions) {
      if (transaction.port !== port || transaction.host !== host) continue
      const response = parseBindingResponse(datagram, transaction.id)
      if (response === undefined) continue
      transaction.onResponse(response)
      return true
    }
    return false
  }

  /** A numeric address in the form that the socket sends to. IPv4 where possible, for it is IPv4 that is translated. */
  async #resolve(host: string): Promise<string> {
    const own = this.#socket.address().address
    const isIpv6Socket = isIPv6(own)
    const sendsIpv4 = !isIpv6Socket || own === '::' || own !== plainAddress(own)
    const found = await lookup(host, { all: true })
    const ipv4 = sendsIpv4 ? found.find(({ family }) => family === 4) : undefined
    if (ipv4) return isIpv6Socket ? `::ffff:${ipv4.address}` : ipv4.address
    const ipv6 = isIpv6Socket ? found.find(({ family }) => family === 6) : undefined
    if (ipv6) return ipv6.address
    throw new Error(`it has no ${isIpv6Socket ? 'IPv6' : 'IPv4'} address, which the socket needs`)
  }
}

function failureOf(server: string, reason: string, cause?: unknown): PortMappingError {
  return new PortMappingError('ERR_NO_PUBLIC_ADDRESS', `the STUN server ${server} told no address: ${reason}`, {
    cause
  })
}

function parseServer(server: string): PublicAddress {
  const [, bracketed, name, portText] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/.exec(server) ?? []
  const host = bracketed ?? name
  const port = portText === undefined ? defaultPort : Number(portText)
  if (host === undefined || port === 0 || port > 65_535) {
    throw new TypeError(`a STUN server is given as host:port, not "${server}"`)
  }
  return { host, port }
}
