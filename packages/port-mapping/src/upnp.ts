import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { closeSocket } from './close-socket.js'
import { httpRequest } from './http.js'
import type { Grant, MappingRequest, Router } from './router.js'
import {
  type GatewayService,
  gatewayServices,
  parseSearchAnswer,
  searches,
  searchHost,
  searchPort,
  soapCall,
  soapValue
} from './upnp-wire.js'

/** Datagrams get lost, most of all multicast over Wi-Fi. Routers answer within the second that `MX: 1` allows. */
const searchAtMs = [0, 500, 1500]
const searchEndMs = 3000

/** Ports that are tried when the one wished for belongs to another machine. */
const portTries = 4

// WANIPConnection:2 section 2.5.
const conflictCode = 718
const permanentOnlyCode = 725

/** A refusal in the router's own words. */
class UpnpError extends Error {
  constructor(
    readonly errorCode: number,
    description: string | undefined
  ) {
    super(`it refused with UPnP error ${errorCode}${description === undefined ? '' : ` (${description})`}`)
  }
}

/** A router that is told what to do by UPnP: Internet Gateway Device, version 1 or 2. */
export class UpnpRouter implements Router {
  readonly method = 'upnp'
  readonly host: string
  readonly #services: readonly GatewayService[]
  readonly #ownAddress: string
  /** The one that made the mapping. */
  #service: GatewayService | undefined

  /** @param ownAddress ours, as the router shall send to it. */
  constructor(host: string, services: readonly GatewayService[], ownAddress: string) {
    this.host = host
    this.#services = services
    this.#ownAddress = ownAddress
  }

  /** Reads its description. @throws Error when there is none, or nothing in it that maps ports. */
  static async at(location: URL, ownAddress: string, signal: AbortSignal): Promise<UpnpRouter> {
    const { status, body } = await httpRequest(location, signal)
    const services = status === 200 ? gatewayServices(body, location) : []
    if (services.length === 0) throw new Error(`the router at ${location.host} has no service that maps ports`)
    return new UpnpRouter(location.hostname, services, ownAddress)
  }

  async map(request: MappingRequest, signal: AbortSignal): Promise<Grant> {
    let failure: unknown
    for (const service of this.#service === undefined ? this.#services : [this.#service]) {
      try {
        // A router with two ways out (cable and DSL) has the address at the one that is in use.
        const answer = await this.#call(service, 'GetExternalIPAddress', {}, signal)
        const address = soapValue(answer, 'newexternalipaddress')
        if (address === undefined || address === '0.0.0.0') throw new Error('it has no address outside')
        const grant = await this.#add(service, request, signal)
        this.#service = service
        return { externalHost: address, internalHost: this.#ownAddress, ...grant }
      } catch (error) {
        signal.throwIfAborted()
        failure = error
      }
    }
    throw failure
  }

  async unmap({ protocol, externalPort }: MappingRequest, signal: AbortSignal): Promise<void> {
    if (this.#service === undefined) return
    const values = {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: protocol.toUpperCase()
    }
    await this.#call(this.#service, 'DeletePortMapping', values, signal)
  }

  async #add(
    service: GatewayService,
    { protocol, port, externalPort, description, lifetimeS }: MappingRequest,
    signal: AbortSignal
  ): Promise<Pick<Grant, 'externalPort' | 'lifetimeS'>> {
    const values = {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: protocol.toUpperCase(),
      NewInternalPort: port,
      NewInternalClient: this.#ownAddress,
      NewEnabled: 1,
      NewPortMappingDescription: description,
      NewLeaseDuration: lifetimeS
    }
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#call(service, 'AddPortMapping', values, signal)
        const { NewExternalPort, NewLeaseDuration } = values
        return {
          externalPort: NewExternalPort,
          lifetimeS: NewLeaseDuration === 0 ? Number.POSITIVE_INFINITY : NewLeaseDuration
        }
      } catch (error) {
        if (!(error instanceof UpnpError) || attempt === portTries) throw error
        if (error.errorCode === conflictCode) values.NewExternalPort = randomInt(49_152, 65_536)
        else if (error.errorCode === permanentOnlyCode) values.NewLeaseDuration = 0
        else throw error
      }
    }
  }

  async #call(
    service: GatewayService,
    action: string,
    values: Readonly<Record<string, string | number>>,
    signal: AbortSignal
  ): Promise<string> {
    const { status, body } = await httpRequest(service.controlUrl, signal, soapCall(service, action, values))
    const code = soapValue(body, 'errorcode')
    if (code !== undefined) throw new UpnpError(Number(code), soapValue(body, 'errordescription'))
    if (status !== 200) throw new Error(`it answered ${action} with status ${status}`)
    return body
  }
}

/**
 * Looks for a router by multicast.
 * @param ownAddresses the networks to look in: our addresses there.
 * @returns the first that maps ports. @throws Error when there is none within some seconds, or the reason of `signal`.
 */
export function findUpnpRouter(ownAddresses: readonly string[], signal: AbortSignal): Promise<UpnpRouter> {
  if (signal.aborted) return Promise.reject(signal.reason)
  if (ownAddresses.length === 0) return Promise.reject(new Error('this machine has no network'))
  const ended = new AbortController()
  const asking = AbortSignal.any([signal, ended.signal])
  const timers: NodeJS.Timeout[] = []
  const sockets = ownAddresses.map(() => createSocket('udp4'))
  const seen = new Set<string>()
  let failure = new Error('no router answered the search')
  const found = new Promise<UpnpRouter>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal })
    sockets.forEach((socket, index) => {
      const ownAddress = ownAddresses[index] ?? ''
      // A network that cannot be searched is one without a router; the search ends by its time.
      socket.on('error', (error) => {
        failure = error
      })
      socket.on('message', (datagram, { address }) => {
        const location = parseSearchAnswer(datagram, address)
        // Bounded, whoever answers.
        if (location === undefined || seen.has(location.href) || seen.size >= 16) return
        seen.add(location.href)
        UpnpRouter.at(location, ownAddress, asking).then(resolve, (error: Error) => {
          failure = error
        })
      })
      socket.bind(0, ownAddress, () => {
        if (asking.aborted) return
        socket.setMulticastInterface(ownAddress)
        for (const delayMs of searchAtMs) {
          timers.push(
            setTimeout(() => {
              for (const search of searches) {
                socket.send(search, searchPort, searchHost, (error) => {
                  if (error) failure = error
                })
              }
            }, delayMs)
          )
        }
      })
    })
    timers.push(setTimeout(() => reject(failure), searchEndMs))
  })
  return found.finally(async () => {
    ended.abort()
    for (const timer of timers) clearTimeout(timer)
    await Promise.all(sockets.map(closeSocket))
  })
}
