import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { BlockList, SocketAddress } from 'node:net'
import { endianness, networkInterfaces } from 'node:os'
import { closeSocket } from './close-socket.js'

/** Flags of a route, `linux/route.h`. */
const routeIsUp = 1
const routeHasGateway = 2

/**
 * Gateways of the default routes in the text of Linux's `/proc/net/route`, the one that is used first.
 * @param isLittleEndian of the machine: the kernel prints the four bytes as one of its own numbers.
 */
export function defaultGateways(text: string, isLittleEndian = endianness() === 'LE'): string[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t').map((field) => field.trim()))
    .filter(([, destination, gateway, flags, , , , mask]) => {
      const wanted = routeIsUp | routeHasGateway
      return (
        destination === '00000000' &&
        mask === '00000000' &&
        /^[0-9A-F]{8}$/.test(gateway ?? '') &&
        (Number.parseInt(flags ?? '', 16) & wanted) === wanted
      )
    })
    .sort((a, b) => Number(a[6]) - Number(b[6]))
    .map(([, , gateway = '']) => {
      const bytes = Buffer.from(gateway, 'hex')
      return (isLittleEndian ? bytes.reverse() : bytes).join('.')
    })
}

/** Address of the router of this machine, or undefined where that is not known (other systems than Linux, no default route). */
export async function findDefaultGateway(): Promise<string | undefined> {
  try {
    return defaultGateways(await readFile('/proc/net/route', 'utf8'))[0]
  } catch {
    return undefined
  }
}

/** Our address on the way to `host`. Sends nothing. */
export async function addressTowards(host: string): Promise<string> {
  const socket = createSocket('udp4')
  try {
    socket.connect(9, host)
    await once(socket, 'connect')
    return socket.address().address
  } finally {
    await closeSocket(socket)
  }
}

/** Our IPv4 addresses but those of loopback. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
}

const unreachable = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  // Between providers and their customers, RFC 6598: the provider translates a second time.
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16]
] as const) {
  unreachable.addSubnet(network, prefix, 'ipv4')
}

/** Whether an IPv4 address is one that nobody on the internet can reach. */
export function isPrivateAddress(address: string): boolean {
  return unreachable.check(address, 'ipv4')
}

/** 4 or 16 bytes as text; of an IPv4 address within an IPv6 one (`::ffff:192.0.2.1`) the IPv4 address. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []
  return plainAddress(new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address)
}

/** `192.0.2.1` for `::ffff:192.0.2.1`, others as they are. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
}
