import { BlockList, isIPv6 } from 'node:net'

/** Private, link-local and loopback addresses: RFC 1918, RFC 3927, RFC 4193, RFC 4291. */
const local = new BlockList()
local.addSubnet('10.0.0.0', 8)
local.addSubnet('172.16.0.0', 12)
local.addSubnet('192.168.0.0', 16)
local.addSubnet('169.254.0.0', 16)
local.addSubnet('127.0.0.0', 8)
local.addSubnet('fc00::', 7, 'ipv6')
local.addSubnet('fe80::', 10, 'ipv6')
local.addAddress('::1', 'ipv6')

/** Whether an address can only be of somebody near: private, link-local or loopback. @param address as a socket gives it, also IPv4 mapped into IPv6, also with a zone. */
export function isLocalAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return local.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
}
