import { BlockList, isIP } from 'node:net'
import { isLocalAddress } from '@streamer/socket-options'

/** Subnets, and whether an address is in one of them. */
export class Subnets {
  readonly #list = new BlockList()

  /** @param subnets addresses and subnets that `isSubnet` accepts. */
  constructor(subnets: readonly string[]) {
    for (const subnet of subnets) {
      const [address = '', bits] = subnet.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      this.#list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
    }
  }

  /** @param address as `plainAddress` gives it. */
  has(address: string): boolean {
    const version = isIP(address)
    return version !== 0 && this.#list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** `10.0.0.2`, `10.0.0.0/8`, `::1` or `fd00::/8`. */
export function isSubnet(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  return version !== 0 && !address.includes('%') && Number(bits ?? 0) <= (version === 6 ? 128 : 32)
}

/** Without what says on which interface it is (`%eth0`), and IPv4 as IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

const loopback = new Subnets(['127.0.0.0/8', '::1/128'])

/** Whether it is a loopback, private, link-local or unique local address: those of a house. Global IPv6 addresses are not, though those of a house have them too. */
export function isHouseAddress(address: string): boolean {
  return isIP(address) !== 0 && isLocalAddress(address)
}

/** Whether it is this machine. */
export function isLoopback(address: string): boolean {
  return loopback.has(address)
}

/** What counts as one client: an IPv4 address, or the /64 that one IPv6 client has to itself (RFC 6177). */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address
  // The last four groups may be of an IPv4 form, which no client has beside mapped ones.
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const groups = [...left, ...gap, ...right].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''))
  return `${groups.join(':')}::/64`
}
