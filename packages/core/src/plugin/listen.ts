import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** The default of every transport's `host`: all interfaces, IPv6 and IPv4 where the machine has both, IPv4 alone elsewhere. */
export const anyHost = '::'

/** What listening on IPv6 gives where there is none. */
const ipv6Codes = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'])

/**
 * Listens on `host`.
 * @param host address or host name; `anyHost` is IPv4 alone when the machine has no IPv6.
 * @param bind called with a numeric address; a second time with `0.0.0.0` in that case.
 * @throws what `bind` or the look-up of the name gave.
 */
export async function bindTo<Result>(host: string, bind: (address: string) => Promise<Result>): Promise<Result> {
  const address = isIP(host) === 0 ? (await lookup(host)).address : host
  try {
    return await bind(address)
  } catch (error) {
    if (address !== anyHost || !ipv6Codes.has((error as { code?: string }).code ?? '')) throw error
    return bind('0.0.0.0')
  }
}

/** `host:port` with brackets around IPv6, as in URLs. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address of a peer as people read it: an IPv4 address mapped into IPv6 (`::ffff:10.0.0.2`) is shown as IPv4. */
export function peerLabel(address: string | undefined, port: number | undefined): string {
  return hostPort((address ?? '?').replace(/^::ffff:(?=\d+\.)/, ''), port ?? 0)
}
