import { isIPv4 } from 'node:net'
import { addressTowards, findDefaultGateway, ownAddresses } from './addresses.js'
import { PortMappingError, reasonOf } from './errors.js'
import { KeptMapping, type MappedPort, type MappingEvent, type PortMapping } from './mapping.js'
import { NatPmpRouter } from './nat-pmp.js'
import { PcpRouter } from './pcp.js'
import type { MappingMethod, MappingRequest, Router } from './router.js'
import { findUpnpRouter } from './upnp.js'

/** How long a mapping outlives us when we do not end well, in seconds. */
const lifetimeS = 1200

const names: Readonly<Record<MappingMethod, string>> = { pcp: 'PCP', 'nat-pmp': 'NAT-PMP', upnp: 'UPnP' }

/** Those that answer at once or not at all come first. */
const allMethods: readonly MappingMethod[] = ['pcp', 'nat-pmp', 'upnp']

/** What to let in. */
export interface MapPortOptions {
  readonly protocol: 'udp' | 'tcp'
  /** Port of this machine, 1 to 65535; the same is wished for outside. */
  readonly port: number
  /** What the pages of routers call it. Default `Streamer`. */
  readonly description?: string
  /** IPv4 address of the router, for PCP and NAT-PMP. Default: that of the default route on Linux, else unknown; UPnP finds routers by itself. */
  readonly gateway?: string
  /** What is tried, in this order. Default: `pcp`, `nat-pmp`, `upnp`. */
  readonly methods?: readonly MappingMethod[]
  /** Ends the attempt, and later closes the mapping. */
  readonly signal?: AbortSignal
  /** Told what becomes of the mapping later. */
  readonly onEvent?: (event: MappingEvent) => void
}

/**
 * Asks the router of this network to send what comes to it for a port to this machine, and keeps that up. IPv4 alone: with IPv6 nothing is translated, and
 * a firewall must be opened instead.
 *
 * When the attempt is aborted while the router is being asked, it may have made the mapping; it forgets it after 20 minutes.
 * @returns the mapping; `close()` removes it.
 * @throws PortMappingError `ERR_NO_PORT_MAPPING` within 10 s or so when no router does it, saying what each method gave; the reason of `signal`;
 * `TypeError` for options that are none.
 */
export async function mapPort(options: MapPortOptions): Promise<PortMapping> {
  const { protocol, port, description = 'Streamer', signal = new AbortController().signal, onEvent } = options
  if (protocol !== 'udp' && protocol !== 'tcp') throw new TypeError(`no protocol is called "${protocol}"`)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TypeError(`${port} is no port`)
  if (options.gateway !== undefined && !isIPv4(options.gateway)) {
    throw new TypeError(`the gateway must be an IPv4 address, not "${options.gateway}"`)
  }
  const acquire = (wanted: MappingRequest, signal: AbortSignal) => acquireMapping(options, wanted, signal)
  const request = { protocol, port, externalPort: port, description, lifetimeS }
  const mapping = new KeptMapping(request, await acquire(request, signal), acquire, onEvent)
  if (signal.aborted) {
    await mapping.close()
    throw signal.reason
  }
  signal.addEventListener('abort', () => mapping.close(), { once: true, signal: mapping.closed })
  return mapping
}

async function acquireMapping(
  { gateway: givenGateway, methods = allMethods }: MapPortOptions,
  request: MappingRequest,
  signal: AbortSignal
): Promise<MappedPort> {
  signal.throwIfAborted()
  const gateway = givenGateway ?? (await findDefaultGateway())
  const failures: string[] = []
  for (const method of methods) {
    try {
      const router = await routerFor(method, gateway, signal)
      return { router, grant: await router.map(request, signal) }
    } catch (error) {
      signal.throwIfAborted()
      failures.push(`${names[method]}: ${reasonOf(error)}`)
    }
  }
  const { protocol, port } = request
  throw new PortMappingError(
    'ERR_NO_PORT_MAPPING',
    `no router let in ${protocol.toUpperCase()} port ${port} (router: ${gateway ?? 'unknown'}; ${failures.join('; ')}); ` +
      'switch on UPnP or NAT-PMP in the router, or forward the port there by hand'
  )
}

async function routerFor(method: MappingMethod, gateway: string | undefined, signal: AbortSignal): Promise<Router> {
  if (method === 'upnp') {
    // Without a gateway there may be one all the same, where the default route is not known.
    return findUpnpRouter(gateway === undefined ? ownAddresses() : [await addressTowards(gateway)], signal)
  }
  if (gateway === undefined) throw new Error('the address of the router is not known, give it as `gateway`')
  return method === 'pcp' ? new PcpRouter(gateway) : new NatPmpRouter(gateway)
}
