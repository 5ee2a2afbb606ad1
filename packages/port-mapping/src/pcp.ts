import { randomBytes } from 'node:crypto'
import { askRouter, routerPort } from './ask-router.js'
import { nonceLength, type PcpAnswer, type PcpMapping, parsePcpAnswer, pcpMapRequest } from './pcp-wire.js'
import type { Grant, MappingRequest, Router } from './router.js'

/** A router that speaks the Port Control Protocol, RFC 6887. */
export class PcpRouter implements Router {
  readonly method = 'pcp'
  readonly host: string
  readonly #port: number
  readonly #nonce = randomBytes(nonceLength)

  /** @param port for tests. */
  constructor(host: string, port = routerPort) {
    this.host = host
    this.#port = port
  }

  async map(request: MappingRequest, signal: AbortSignal): Promise<Grant> {
    const { answer, ownAddress } = await this.#ask(request, request.lifetimeS, signal)
    if (answer.kind === 'refused') throw new Error(answer.reason)
    const { externalHost, externalPort, lifetimeS } = answer
    return { externalHost, externalPort, internalHost: ownAddress, lifetimeS }
  }

  async unmap(request: MappingRequest, signal: AbortSignal): Promise<void> {
    const { answer } = await this.#ask({ ...request, externalPort: 0 }, 0, signal)
    if (answer.kind === 'refused') throw new Error(answer.reason)
  }

  #ask(
    { protocol, port, externalPort }: MappingRequest,
    lifetimeS: number,
    signal: AbortSignal
  ): Promise<{ answer: PcpAnswer; ownAddress: string }> {
    const mapping: PcpMapping = { protocol, port, nonce: this.#nonce }
    return askRouter(
      this.host,
      this.#port,
      (ownAddress) => pcpMapRequest(mapping, ownAddress, externalPort, lifetimeS),
      (answer) => parsePcpAnswer(answer, mapping),
      signal
    )
  }
}
