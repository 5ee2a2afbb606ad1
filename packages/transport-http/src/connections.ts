import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup, plainAddress } from './access/addresses.js'

/** How many connections one address may have. */
export interface AddressLimit {
  readonly limit: number
  /** Whether an address, as a socket gives it, may have any number. */
  readonly isExempt: (address: string) => boolean
}

/**
 * The open connections, of which there may be so many. When there are more, the one that has been of no use for the longest goes: half a request,
 * or none, for which a newcomer must not be turned away. Only when all of them are in use is the newcomer refused.
 */
export class Connections {
  readonly #limit: number
  readonly #all = new Set<Socket>()
  /** No request of theirs is being answered; the one that has been so for the longest first. */
  readonly #unused = new Set<Socket>()

  /** By what counts as one client; addresses that may have any number are not in it. */
  readonly #ofAddress = new Map<string, Set<Socket>>()
  readonly #perAddress: AddressLimit | undefined

  /** @param perAddress without it one address may have all of them. */
  constructor(limit: number, perAddress?: AddressLimit) {
    this.#limit = limit
    this.#perAddress = perAddress
  }

  /** Takes a new connection in; false when it, or another one in its place, had to go. */
  add(socket: Socket): boolean {
    this.#all.add(socket)
    this.#unused.add(socket)
    socket.once('close', () => {
      this.#all.delete(socket)
      this.#unused.delete(socket)
    })
    const neighbours = this.#join(socket)
    if (neighbours !== undefined && neighbours.size > this.#perAddress!.limit) {
      // Only its own: nobody else shall suffer from one who wants too many.
      const oldest = [...neighbours].find((other) => this.#unused.has(other)) ?? socket
      neighbours.delete(oldest)
      this.#cut(oldest)
      return false
    }
    if (this.#all.size <= this.#limit) return true
    const [oldest = socket] = this.#unused
    this.#cut(oldest)
    return false
  }

  /** The connections of the same address, with this one; undefined when there may be any number. */
  #join(socket: Socket): Set<Socket> | undefined {
    const { remoteAddress } = socket
    if (!this.#perAddress || remoteAddress === undefined || this.#perAddress.isExempt(remoteAddress)) return undefined
    const group = addressGroup(plainAddress(remoteAddress))
    const neighbours = this.#ofAddress.get(group) ?? new Set()
    this.#ofAddress.set(group, neighbours)
    neighbours.add(socket)
    socket.once('close', () => {
      neighbours.delete(socket)
      if (neighbours.size === 0 && this.#ofAddress.get(group) === neighbours) this.#ofAddress.delete(group)
    })
    return neighbours
  }

  #cut(socket: Socket): void {
    this.#all.delete(socket)
    this.#unused.delete(socket)
    socket.destroy()
  }

  /** A request has come: the connection is in use until `response` is done; until its own end when it speaks another protocol from now on. */
  use(socket: Socket, response: ServerResponse | Socket): void {
    this.#unused.delete(socket)
    response.once('close', () => {
      if (this.#all.has(socket)) this.#unused.add(socket)
    })
  }

  /** Cuts all of them. */
  destroy(): void {
    for (const socket of this.#all) socket.destroy()
  }
}
