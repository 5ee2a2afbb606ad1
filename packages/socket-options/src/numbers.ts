// Numbers of Linux, asm-generic: the same on x86, arm and riscv. See address_families(7), socket(2), socket(7), ip(7), ipv6(7), tcp(7), udp(7).
export const AF_INET = 2
export const AF_INET6 = 10
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000
export const SOL_SOCKET = 1
export const SO_REUSEADDR = 2
export const IPPROTO_TCP = 6
export const TCP_NOTSENT_LOWAT = 25
export const SOL_UDP = 17
export const UDP_SEGMENT = 103
export const IPPROTO_IPV6 = 41
export const IPV6_V6ONLY = 26
export const MSG_DONTWAIT = 0x40
export const sizeofInt = 4
