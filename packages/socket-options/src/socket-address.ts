import { endianness } from 'node:os'
import type { Libc } from './libc.js'
import { AF_INET, AF_INET6 } from './numbers.js'

/** A zone stands behind an IPv6 address of one link: `fe80::1%eth0`. */
const zoneSign = '%'

/**
 * A `sockaddr_in` or `sockaddr_in6` (see ip(7), ipv6(7)).
 * @param address numeric; an IPv6 address may have the name of an interface behind it.
 * @returns undefined for what is no such address.
 */
export function socketAddress(c: Libc, address: string, port: number): Buffer | undefined {
  const isIpv6 = address.includes(':')
  const family = isIpv6 ? AF_INET6 : AF_INET
  const [plain = '', zone] = isIpv6 ? address.split(zoneSign) : [address]
  const bytes = new Uint8Array(16)
  if (c.inetPton(family, plain, bytes) !== 1) return undefined
  const target = Buffer.alloc(isIpv6 ? 28 : 16)
  writeNative(target, family, 0, 2)
  target.writeUInt16BE(port, 2)
  // Before an IPv6 address stand four bytes of flow information.
  target.set(isIpv6 ? bytes : bytes.subarray(0, 4), isIpv6 ? 8 : 4)
  if (zone !== undefined) {
    const index = c.interfaceIndex(zone)
    if (index === 0) return undefined
    writeNative(target, index, 24, 4)
  }
  return target
}

function writeNative(target: Buffer, value: number, at: number, length: number): void {
  if (endianness() === 'LE') target.writeUIntLE(value, at, length)
  else target.writeUIntBE(value, at, length)
}
