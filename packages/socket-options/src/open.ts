import { endianness } from 'node:os'
import { type Libc, libc } from './libc.js'

// Linux, asm-generic: the same on x86, arm and riscv. See socket(2), ipv6(7), tcp(7).
const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const IPPROTO_TCP = 6
const TCP_NOTSENT_LOWAT = 25
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const sizeofInt = 4

/**
 * A bound TCP socket whose connections hold at most about `unsent` bytes in the kernel that have not been sent yet; they inherit that from it.
 * For `server.listen({ fd })`, which takes the descriptor over.
 * @param address numeric; on `::` IPv6 and IPv4 at once.
 * @returns the descriptor, or undefined where this is not possible.
 * @throws an error with the code of the system (`EADDRINUSE`), as Node's own.
 */
export function openTcpSocket(address: string, port: number, unsent: number): number | undefined {
  const c = libc()
  const target = c && socketAddress(c, address, port)
  if (!c || !target) return undefined
  const isIpv6 = address.includes(':')
  const fd = c.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError(c, 'socket', address, port)
  const set = (level: number, name: number, value: number): boolean =>
    c.setsockopt(fd, level, name, [value], sizeofInt) === 0
  // As Node does it.
  set(SOL_SOCKET, SO_REUSEADDR, 1)
  if (isIpv6) set(IPPROTO_IPV6, IPV6_V6ONLY, 0)
  if (!set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent)) {
    c.close(fd)
    return undefined
  }
  if (c.bind(fd, target, target.length) === 0) return fd
  const error = systemError(c, 'bind', address, port)
  c.close(fd)
  throw error
}

/** A `sockaddr_in` or `sockaddr_in6`; undefined for addresses with a zone (`fe80::1%eth0`), which are rare enough to be left to Node. */
function socketAddress(c: Libc, address: string, port: number): Uint8Array | undefined {
  const isIpv6 = address.includes(':')
  const bytes = new Uint8Array(16)
  if (c.inetPton(isIpv6 ? AF_INET6 : AF_INET, address, bytes) !== 1) return undefined
  const target = Buffer.alloc(isIpv6 ? 28 : 16)
  if (endianness() === 'LE') target.writeUInt16LE(isIpv6 ? AF_INET6 : AF_INET, 0)
  else target.writeUInt16BE(isIpv6 ? AF_INET6 : AF_INET, 0)
  target.writeUInt16BE(port, 2)
  // Before an IPv6 address stand four bytes of flow information.
  target.set(isIpv6 ? bytes : bytes.subarray(0, 4), isIpv6 ? 8 : 4)
  return target
}

function systemError(c: Libc, syscall: string, address: string, port: number): Error {
  const code = c.errorCode()
  return Object.assign(new Error(`${syscall} ${code} ${address}:${port}`), { code, syscall, address, port })
}
