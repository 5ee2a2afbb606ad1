import { askRouter, routerPort } from './ask-router.js'
import { natPmpAddressRequest, natPmpMapRequest, parseNatPmpAddress, parseNatPmpGrant } from './nat-pmp-wire.js'
import type { Grant, MappingRequest, Router } from './router.js'

/** A router that speaks the NAT Port Mapping Protocol, RFC 6886. */
export class NatPmpRouter implements Router {
  readonly method = 'nat-pmp'
  readonly host: string
  readonly #port: number

  /** @param port for tests. */
  constructor(host: string, port = routerPort) {
    this.host = host
    this.#port = port
  }

  async map({ protocol, port, externalPort, lifetimeS }: MappingRequest, signal: AbortSignal): Promise<Grant> {
    // The address first: a router without internet refuses it, and then nothing is left behind.
    const address = await askRouter(this.host, this.#port, () => natPmpAddressRequest, parseNatPmpAddress, signal)
    if (address.answer.kind === 'refused') throw new Error(address.answer.reason)
    const { answer, ownAddress } = await askRouter(
      this.host,
      this.#port,
      () => natPmpMapRequest(protocol, port, externalPort, lifetimeS),
      (datagram) => parseNatPmpGrant(datagram, protocol, port),
      signal
    )
    if (answer.kind === 'refused') throw new Error(answer.reason)
    return {
      externalHost: address.answer.address === '0.0.0.0' ? undefined : address.answer.address,
      externalPort: answer.externalPort,
      internalHost: ownAddress,
      lifetimeS: answer.lifetimeS
    }
  }

  async unmap({ protocol, port }: MappingRequest, signal: AbortSignal): Promise<void> {
    const { answer } = await askRouter(
      this.host,
      this.#port,
      () => natPmpMapRequest(protocol, port, 0, 0),
      (datagram) => parseNatPmpGrant(datagram, protocol, port),
      signal
    )
    if (answer.kind === 'refused') throw new Error(answer.reason)
  }
}
