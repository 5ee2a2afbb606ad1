import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { Client } from '../proxy.js'
import { pathOf } from '../text.js'
import type { Origins } from './origins.js'
import type { Refusal } from './role.js'

/**
 * Ends of names that nobody can own on the Internet, so that no web site can have one: `.local` (RFC 6762), `.localhost` (RFC 6761), `.internal`
 * (reserved by ICANN in 2024), `.home.arpa` (RFC 8375), and `.lan`, which was never given away and is what many routers use.
 */
const houseEnds = ['.local', '.localhost', '.internal', '.home.arpa', '.lan']

/** First segments of paths by which a script learns or changes more than a picture. */
const guarded = new Set(['api', 'ws', 'state', 'metrics'])

/** Keeps scripts of web sites out that have their own name lead to us (DNS rebinding), or that send requests across (CSRF). */
export class HostCheck {
  readonly #allowed: ReadonlySet<string>
  readonly #isForAll: boolean
  readonly #origins: Origins

  /** @param allowedHosts further names; when it is given, pages and pictures are checked too. */
  constructor(allowedHosts: readonly string[] | undefined, origins: Origins) {
    this.#allowed = new Set([...(allowedHosts ?? []), hostname()].map((name) => name.toLowerCase()))
    this.#isForAll = allowedHosts !== undefined
    this.#origins = origins
  }

  /** @param isWrite whether it changes something. */
  check(request: IncomingMessage, { host, isEncrypted }: Client, isWrite: boolean): Refusal | undefined {
    if (!isWrite && !this.#isForAll && !isGuarded(request.url ?? '/')) return undefined
    const name = nameOf(host)
    if (name !== '' && !this.#isAllowed(name)) {
      const text = `this server does not go by the name ${JSON.stringify(name)}; if it does, write the name into its option allowedHosts`
      return { status: 403, text }
    }
    const isUpgrade = request.headers.upgrade !== undefined
    return isWrite || isUpgrade ? this.#checkOrigin(request, host, isEncrypted, isWrite) : undefined
  }

  #isAllowed(name: string): boolean {
    if (isIP(name) !== 0) return true
    if (!/^[\w.-]+$/.test(name)) return false
    if (!name.includes('.') || this.#allowed.has(name)) return true
    return houseEnds.some((end) => name.endsWith(end))
  }

  /** Browsers let a page send simple requests and open WebSockets anywhere, with the passwords that they know; they say whose page it is. */
  #checkOrigin(
    { headers }: IncomingMessage,
    host: string,
    isEncrypted: boolean,
    isWrite: boolean
  ): Refusal | undefined {
    const { origin } = headers
    if (origin === undefined || headers['sec-fetch-site'] === 'same-origin') return undefined
    if (origin.toLowerCase() === `${isEncrypted ? 'https' : 'http'}://${host.toLowerCase()}`) return undefined
    // Anybody may read is not anybody may write.
    if (this.#origins.has(origin) || (this.#origins.isAny && !isWrite)) return undefined
    const text = `a page of ${JSON.stringify(origin.slice(0, 100))} may not do this here (see the options corsOrigin, and trustedProxies for a proxy)`
    return { status: 403, text }
  }
}

/** Without the port, without the dot that ends a full name, and without the interface of an IPv6 address. */
function nameOf(host: string): string {
  const address = /^\[([^\]%]*)(?:%[^\]]*)?\](?::\d*)?$/.exec(host)?.[1]
  return (address ?? host.replace(/:\d*$/, '').replace(/\.$/, '')).toLowerCase()
}

/** Whether a script learns or changes more there than a picture: `/state`, `/front/state`, `/api/…`. */
function isGuarded(target: string): boolean {
  const segments = pathOf(target).slice(1).split('/').map(decoded)
  return guarded.has(segments[0] ?? '') || segments.at(-1) === 'state'
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
