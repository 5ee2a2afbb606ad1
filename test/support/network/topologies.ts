import { type Host, type Nat, TestNetwork } from './network.js'

/** A client and a server on one cable. */
export interface DirectNetwork {
  readonly network: TestNetwork
  readonly client: Host
  readonly server: Host
}

/** A router between them that changes nothing, to lose, limit or relay datagrams on. */
export interface RoutedNetwork extends DirectNetwork {
  readonly router: Host
}

/** Clients in a home network, whose router has one public address; the server has another. */
export interface NatNetwork {
  readonly network: TestNetwork
  readonly clients: readonly Host[]
  readonly router: Host
  readonly nat: Nat
  readonly server: Host
}

// The addresses of the world are those for documentation, RFC 5737.
const serverAddress = '203.0.113.10'
const routerAddress = '198.51.100.1'

/** `client` (192.168.1.2) and `server` (192.168.1.10), with one link between them. */
export function directNetwork(): Promise<DirectNetwork> {
  return build(async (network) => {
    const [client, server] = [await network.host('client'), await network.host('server')]
    await network.link(client, server, { addresses: ['192.168.1.2', '192.168.1.10'] })
    return { network, client, server }
  })
}

/** `client` (192.168.1.2), `router` (192.168.1.1 and 192.168.2.1) and `server` (192.168.2.10); the two reach each other through the router. */
export function routedNetwork(): Promise<RoutedNetwork> {
  return build(async (network) => {
    const [client, router, server] = [
      await network.host('client'),
      await network.host('router'),
      await network.host('server')
    ]
    await network.link(client, router, { addresses: ['192.168.1.2', '192.168.1.1'] })
    await network.link(router, server, { addresses: ['192.168.2.1', '192.168.2.10'] })
    await client.routeThrough(router)
    await server.routeThrough(router)
    return { network, client, router, server }
  })
}

/**
 * `client-1` (192.168.1.2), `client-2` … behind the `router` (192.168.1.1, outside 198.51.100.1), and `server` (203.0.113.10), which reaches them by answers
 * alone.
 */
export function natNetwork(clientCount = 1): Promise<NatNetwork> {
  return build(async (network) => {
    const [router, server] = [await network.host('router'), await network.host('server')]
    await network.link(router, server, { addresses: [routerAddress, serverAddress] })
    const nat = await router.masquerade(server)
    const clients: Host[] = []
    for (let number = 1; number <= clientCount; number++) {
      const client = await network.host(`client-${number}`)
      await network.link(client, router, { addresses: [`192.168.1.${number + 1}`, '192.168.1.1'] })
      await client.routeThrough(router)
      clients.push(client)
    }
    return { network, clients, router, nat, server }
  })
}

/** Half a network is none: what was made is removed when the rest cannot be. */
async function build<T>(make: (network: TestNetwork) => Promise<T>): Promise<T> {
  const network = await TestNetwork.create()
  try {
    return await make(network)
  } catch (error) {
    await network.close()
    throw error
  }
}
