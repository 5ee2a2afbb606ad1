import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * The open connections, of which there may be so many. When there are more, the one that has been of no use for the longest goes: half a request,
 * or none, for which a newcomer must not be turned away. Only when all of them are in use is the newcomer refused.
 */
export class Connections {
  readonly #limit: number
  readonly #all = new Set<Socket>()
  /** No request of theirs is being answered; the one that has been so for the longest first. */
  readonly #unused = new Set<Socket>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a new connection in; false when it, or another one in its place, had to go. */
  add(socket: Socket): boolean {
    this.#all.add(socket)
    this.#unused.add(socket)
    socket.once('close', () => {
      this.#all.delete(socket)
      this.#unused.delete(socket)
    })
    if (this.#all.size <= this.#limit) return true
    const [oldest = socket] = this.#unused
    this.#all.delete(oldest)
    this.#unused.delete(oldest)
    oldest.destroy()
    return false
  }

  /** A request has come: the connection is in use until `response` is done. */
  use(socket: Socket, response: ServerResponse): void {
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
