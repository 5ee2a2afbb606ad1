import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** A URL with an address that can be typed, and from where it works. */
export interface ReachableUrl {
  readonly url: string
  /** The address in it. */
  readonly host: string
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
    if (!parts) return [{ url, host: '', from: 'network' }]
    const [, scheme = '', host = '', rest = ''] = parts
    const bare = host.replace(/^\[|\]$/g, '')
    const isWildcard = bare === '0.0.0.0' || bare === '::'
    const hosts = isWildcard ? [...networkAddresses(interfaces, bare === '::'), 'localhost'] : [host]
    return hosts.map((own) => ({ url: `${scheme}${own}${rest}`, host: own, from: placeOf(own) }))
  })
  // What has one address stands together, in the order in which the addresses first came; loopback is last.
  const hosts = [...new Set(reachable.map(({ host }) => host))]
  const rank = ({ host, from }: ReachableUrl) => hosts.indexOf(host) + (from === 'network' ? 0 : hosts.length)
  return reachable
    .filter(({ url }, index) => index === reachable.findIndex((other) => other.url === url))
    .sort((one, other) => rank(one) - rank(other))
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

function placeOf(host: string): ReachableUrl['from'] {
  return /^(localhost|\[::1\]|\[?(::ffff:)?127\..*)$/i.test(host) ? 'this machine' : 'network'
}
