import { type BurstSocket, LibcBurstSocket } from './burst-socket.js'
import { type Libc, libc } from './libc.js'
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_UDP,
  sizeofInt,
  TCP_NOTSENT_LOWAT,
  UDP_SEGMENT
} from './numbers.js'
import { socketAddress } from './socket-address.js'

/**
 * A bound TCP socket whose connections hold at most about `unsent` bytes in the kernel that have not been sent yet; they inherit that from it.
 * For `server.listen({ fd })`, which takes the descriptor over.
 * @param address numeric; on `::` IPv6 and IPv4 at once.
 * @returns the descriptor, or undefined where this is not possible.
 * @throws an error with the code of the system (`EADDRINUSE`), as Node's own.
 */
export function openTcpSocket(address: string, port: number, unsent: number): number | undefined {
  return open(SOCK_STREAM, address, port, (set) => {
    // As Node does it.
    set(SOL_SOCKET, SO_REUSEADDR, 1)
    return set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent)
  })
}

/**
 * A bound UDP socket that sends many datagrams with one call. To be given to a socket of `node:dgram` with its `bind`.
 * @param address numeric; on `::` IPv6 and IPv4 at once.
 * @returns undefined where this is not possible: not on Linux 4.18 or later, or without koffi.
 * @throws an error with the code of the system (`EADDRINUSE`), as Node's own.
 */
export function openUdpSocket(address: string, port: number): BurstSocket | undefined {
  // 0 is what it has already: this only asks whether the kernel knows the option, which is then given with each burst.
  const fd = open(SOCK_DGRAM, address, port, (set) => set(SOL_UDP, UDP_SEGMENT, 0))
  return fd === undefined ? undefined : new LibcBurstSocket(libc()!, fd, address.includes(':'))
}

/** @param prepare sets options; false where one that is needed is not to be had. */
function open(
  type: number,
  address: string,
  port: number,
  prepare: (set: (level: number, name: number, value: number) => boolean) => boolean
): number | undefined {
  const c = libc()
  // Addresses with a zone (`fe80::1%eth0`) are rare enough to be left to Node.
  const target = c && !address.includes('%') ? socketAddress(c, address, port) : undefined
  if (!c || !target) return undefined
  const isIpv6 = address.includes(':')
  const fd = c.socket(isIpv6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError(c, 'socket', address, port)
  const set = (level: number, name: number, value: number): boolean =>
    c.setsockopt(fd, level, name, [value], sizeofInt) === 0
  if (isIpv6) set(IPPROTO_IPV6, IPV6_V6ONLY, 0)
  if (!prepare(set)) {
    c.close(fd)
    return undefined
  }
  if (c.bind(fd, target, target.length) === 0) return fd
  const error = systemError(c, 'bind', address, port)
  c.close(fd)
  throw error
}

function systemError(c: Libc, syscall: string, address: string, port: number): Error {
  const code = c.errorCode()
  return Object.assign(new Error(`${syscall} ${code} ${address}:${port}`), { code, syscall, address, port })
}
