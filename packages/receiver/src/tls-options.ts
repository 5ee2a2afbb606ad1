import type { ConnectionOptions as NodeTlsOptions } from 'node:tls'
import type { TlsOptions } from './connection.js'

/** The same in the words of `node:tls`. */
export function tlsOptionsOf({ ca, rejectUnauthorized, servername }: TlsOptions): NodeTlsOptions {
  const bytes = (one: string | Uint8Array): string | Buffer => (typeof one === 'string' ? one : Buffer.from(one))
  return {
    ...(ca !== undefined && { ca: typeof ca === 'string' || ca instanceof Uint8Array ? bytes(ca) : ca.map(bytes) }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(servername !== undefined && { servername })
  }
}
