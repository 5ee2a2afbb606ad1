import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** A URL with an address that can be typed, and from where it works. */
export interface ReachableUrl {
  readonly url: string
  readonly from: 'network' | 'this machine'
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

/**
 * Puts the machine's real addresses in the place of wildcards (`0.0.0.0`, `[::]`): IPv4 first, one IPv6 address for each interface, loopback last.
 * Link-local IPv6 addresses are left out, because they need the name of the other machine's interface.
 */
export function reachableUrls(urls: readonly string[], interfaces: Interfaces = networkInterfaces()): ReachableUrl[] {
  const reachable = urls.flatMap((url): ReachableUrl[] => {
    const parts = /^(\w+:\/\/)(\[[^\]]*\]|[^/:]+)(.*)$/.exec(url)
    if (!parts) return [{ url, from: 'network' }]
    const [, scheme = '', host = '', rest = ''] = parts
    const bare = host.replace(/^\[|\]$/g, '')
    if (bare === '0.0.0.0' || bare === '::') {
      const addresses = networkAddresses(interfaces, bare === '::')
      return [
        ...addresses.map((address): ReachableUrl => ({ url: `${scheme}${address}${rest}`, from: 'network' })),
        { url: `${scheme}localhost${rest}`, from: 'this machine' }
      ]
    }
    return [{ url, from: isLoopback(bare) ? 'this machine' : 'network' }]
  })
  const seen = new Set<string>()
  const unique = reachable.filter(({ url }) => !seen.has(url) && seen.add(url))
  return [...unique.filter(({ from }) => from === 'network'), ...unique.filter(({ from }) => from !== 'network')]
}

function networkAddresses(interfaces: Interfaces, withIpv6: boolean): string[] {
  const all = Object.values(interfaces).map((addresses) => (addresses ?? []).filter(({ internal }) => !internal))
  const ipv4 = all.flat().filter(({ family }) => family === 'IPv4')
  const ipv6 = all.flatMap((addresses) => {
    const first = addresses.find(({ family, address }) => family === 'IPv6' && !/^fe[89ab]/i.test(address))
    return first && withIpv6 ? [first] : []
  })
  return [...ipv4.map(({ address }) => address), ...ipv6.map(({ address }) => `[${address}]`)]
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\./.test(host)
}
