import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { resolve } from 'node:path'
import { type PluginContext, StreamerError, type TroubleLog } from '@streamer/core/plugin'
import type { HttpOptions } from '../config.js'
import type { HttpCounters } from '../counters.js'
import type { Client, Proxies } from '../proxy.js'
import { resolveRoute } from '../routes.js'
import { pathOf } from '../text.js'
import { addressGroup } from './addresses.js'
import { HostCheck } from './hosts.js'
import { LinkReader } from './links.js'
import { LockOut } from './lock-out.js'
import type { Origins } from './origins.js'
import type { Refusal, Role, Verdict } from './role.js'
import { type Login, Users } from './users.js'

/** What the access check is made of. */
export interface AccessParts {
  readonly options: HttpOptions
  readonly origins: Origins
  readonly proxies: Proxies
  readonly names: readonly string[]
  readonly counters: HttpCounters
  readonly trouble: TroubleLog
  readonly key: Uint8Array | undefined
}

/** RFC 7617 sections 2 and 2.1. */
const challenge = { 'WWW-Authenticate': 'Basic realm="Streamer", charset="UTF-8"' }
/** Exactly these: a stream may be called `health`. */
const openPaths: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready'])
/** The cookie that keeps a link's token for what its page asks. */
const cookieName = 'streamer-link'

/**
 * Reads the key of the configuration or the file that it names.
 * @param part for messages.
 * @throws StreamerError `ERR_CONFIG_INVALID`; its message has no key in it.
 */
export async function readLinkKey(
  { key, keyFile }: Pick<HttpOptions, 'key' | 'keyFile'>,
  part: string,
  { baseDir }: Pick<PluginContext, 'baseDir'>
): Promise<Uint8Array | undefined> {
  if (key === undefined && keyFile === undefined) return undefined
  const path = keyFile === undefined ? undefined : resolve(baseDir, keyFile)
  const { readKeys } = await import('@streamer/protocol')
  try {
    const keys = await readKeys({ key, keyFile: path, keys: {} }, '', {}, (file) => readFile(file, 'utf8'))
    return keys.get('')
  } catch (error) {
    throw new StreamerError('ERR_CONFIG_INVALID', `${part}: ${(error as Error).message}`, { cause: error })
  }
}

/** Decides who may do what. */
export class Access {
  readonly #proxies: Proxies
  readonly #names: readonly string[]
  readonly #counters: HttpCounters
  readonly #trouble: TroubleLog
  readonly #lockOut = new LockOut()
  readonly #users: Users
  readonly #links: LinkReader | undefined
  readonly #hosts: HostCheck
  readonly #anonymous: HttpOptions['anonymous']
  readonly #basePath: string

  constructor({ options, origins, proxies, names, counters, trouble, key }: AccessParts) {
    this.#proxies = proxies
    this.#names = names
    this.#counters = counters
    this.#trouble = trouble
    this.#users = new Users(options.users, this.#lockOut)
    this.#links = key && new LinkReader(key)
    this.#hosts = new HostCheck(options.allowedHosts, origins)
    this.#anonymous = options.anonymous ?? (this.#users.isEmpty && !key ? undefined : 'none')
    this.#basePath = options.basePath
  }

  /** @param needed the role that a client must have. */
  check(request: IncomingMessage, needed: Role): Verdict {
    const client = this.#proxies.clientOf(request)
    const refusal = this.#hosts.check(request, client, needed === 'admin')
    if (refusal) return this.#count(refusal)
    const path = pathOf(request.url ?? '/')
    // Whoever watches over the server has no password, and browsers ask what they may (OPTIONS) without theirs.
    if (openPaths.has(path) || request.method === 'OPTIONS') return undefined
    const credentials = this.#credentialsIn(request)
    if (credentials === undefined) return this.#checkAnonymous(request, client, needed)
    const address = addressGroup(client.address)
    const login = this.#users.check(credentials, address, (isLocked) => {
      this.#counters.wrongPasswords++
      if (!isLocked) return
      this.#counters.lockOuts++
      this.#trouble.warn(`locked ${address} out: too many wrong passwords came from there`)
    })
    if (typeof login === 'string') return this.#judge(login, address, needed)
    return login.then((result) => this.#judge(result, address, needed))
  }

  /** When a link expires that let a client watch, milliseconds since 1970; undefined for one that needed none. Only for requests that `check` lets in. */
  linkEndMs(request: IncomingMessage): number | undefined {
    const open = this.#openTo(this.#proxies.clientOf(request))
    if (open !== 'none' || this.#credentialsIn(request) !== undefined) return undefined
    const nowMs = Date.now()
    const link = this.#links?.read(linkTokenOf(request) ?? '', nowMs)
    // One that was good when it was checked has expired since.
    return typeof link === 'object' ? link.expiresAtMs : nowMs
  }

  /** The field that lets a page keep the token of its link, undefined without one. Only for pages. */
  cookieFor(request: IncomingMessage): string | undefined {
    const token = tokenIn(request.url ?? '/')
    const link = token === undefined ? undefined : this.#links?.read(token, Date.now())
    if (link === undefined || typeof link === 'string' || link.stream !== '*') return undefined
    const seconds = Math.max(0, Math.floor((link.expiresAtMs - Date.now()) / 1000))
    const { isEncrypted } = this.#proxies.clientOf(request)
    const path = `${this.#basePath}/`
    return `${cookieName}=${token}; Max-Age=${seconds}; Path=${path}; HttpOnly; SameSite=Strict${isEncrypted ? '; Secure' : ''}`
  }

  #judge(login: Login, address: string, needed: Role): Refusal | undefined {
    switch (login) {
      case 'locked': {
        const seconds = this.#lockOut.waitS(address)
        const text = `too many wrong passwords came from ${address}; no password is looked at for ${seconds} s`
        return this.#count({ status: 429, text, headers: { 'Retry-After': String(seconds) } })
      }
      case 'busy':
        return this.#count({
          status: 503,
          text: 'too many passwords wait to be checked; try again',
          headers: { 'Retry-After': '1' }
        })
      case 'wrong':
        return this.#count({ status: 401, text: 'the name or the password is wrong', headers: challenge })
      default:
        return this.#need(login, needed)
    }
  }

  /** Name and password, base64; undefined where none are looked at. */
  #credentialsIn({ headers }: IncomingMessage): string | undefined {
    return this.#users.isEmpty ? undefined : /^basic +([A-Za-z0-9+/=]+) *$/i.exec(headers.authorization ?? '')?.[1]
  }

  /** What a client may do without a name. */
  #openTo(client: Client): Role | 'none' {
    return this.#anonymous ?? (client.isOfHouse ? 'admin' : 'viewer')
  }

  #checkAnonymous(request: IncomingMessage, client: Client, needed: Role): Refusal | undefined {
    const open = this.#openTo(client)
    if (open === 'admin' || (open === 'viewer' && needed === 'viewer')) return undefined
    const link = needed === 'viewer' ? this.#checkLink(request) : undefined
    if (link === 'open') return undefined
    if (link !== undefined) return this.#count(link)
    if (!this.#users.isEmpty) {
      return this.#count({ status: 401, text: 'this needs a name and a password', headers: challenge })
    }
    if (needed === 'viewer') return this.#count(badLink('this needs a link with a token, as streamer link makes them'))
    const text = 'this may be done from the own network only; the options users and anonymous say who else may'
    return this.#count({ status: 403, text })
  }

  /** Why a link is not good for this; undefined when there is none. */
  #checkLink(request: IncomingMessage): 'open' | Refusal | undefined {
    const target = request.url ?? '/'
    const token = linkTokenOf(request)
    if (token === undefined || !this.#links) return undefined
    const link = this.#links.read(token, Date.now())
    if (typeof link === 'string') return badLink(link)
    if (link.stream === '*') return 'open'
    const route = resolveRoute(target, this.#names)
    const isIts = (route.kind === 'stream' || route.kind === 'snapshot') && route.stream === link.stream
    return isIts
      ? 'open'
      : { status: 403, text: `this link is for the pictures of ${JSON.stringify(link.stream)} alone` }
  }

  #need(role: Role, needed: Role): Refusal | undefined {
    if (role === 'admin' || needed === 'viewer') return undefined
    return this.#count({ status: 403, text: 'this needs the role admin, and this user is a viewer' })
  }

  #count(refusal: Refusal): Refusal {
    this.#counters.refusedRequests++
    return refusal
  }
}

/** RFC 6750 section 3, so that browsers do not ask for a password that nobody has. */
function badLink(text: string): Refusal {
  return { status: 401, text, headers: { 'WWW-Authenticate': 'Bearer realm="Streamer", error="invalid_token"' } }
}

function tokenIn(target: string): string | undefined {
  const mark = target.indexOf('?')
  return mark < 0 ? undefined : (new URLSearchParams(target.slice(mark + 1)).get('token') ?? undefined)
}

function linkTokenOf({ url, headers }: IncomingMessage): string | undefined {
  return tokenIn(url ?? '/') ?? cookieIn(headers.cookie)
}

function cookieIn(cookies: string | undefined): string | undefined {
  return new RegExp(`(?:^|;\\s*)${cookieName}=([\\w.-]+)`).exec(cookies ?? '')?.[1]
}
