import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests of one connection that may wait for their answers. Browsers, players and proxies send the next one after the last answer. */
export const maxUnanswered = 8

/**
 * Counts the requests of each connection that have no answer yet. Node parses whatever a client sends ahead, and each request that waits for its
 * turn holds some kilobytes here, so somebody has to say when it is enough.
 */
export class Pipelining {
  readonly #unanswered = new WeakMap<Socket, number>()

  /** Whether there is room for one more request on `socket`, which then counts until `response` is done. */
  admit(socket: Socket, response: ServerResponse): boolean {
    const unanswered = this.#of(socket) + 1
    if (unanswered > maxUnanswered) return false
    this.#unanswered.set(socket, unanswered)
    response.once('close', () => this.#unanswered.set(socket, this.#of(socket) - 1))
    return true
  }

  #of(socket: Socket): number {
    return this.#unanswered.get(socket) ?? 0
  }
}
