/** The default of every transport's `host`: all interfaces, IPv6 and IPv4 where the machine has both, IPv4 alone elsewhere. */
export const anyHost = '::'

/** Whether listening on `anyHost` failed only because the machine has no IPv6, so that `0.0.0.0` is to be tried. */
export function lacksIpv6(error: unknown, host: string): boolean {
  const { code } = error as { code?: string }
  return host === anyHost && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL')
}

/** `host:port` with brackets around IPv6, as in URLs. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address of a peer as people read it: an IPv4 address mapped into IPv6 (`::ffff:10.0.0.2`) is shown as IPv4. */
export function peerLabel(address: string | undefined, port: number | undefined): string {
  return hostPort((address ?? '?').replace(/^::ffff:(?=\d+\.)/, ''), port ?? 0)
}
