import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** What a link lets its holder see. */
export interface Link {
  /** The name of a stream, whose pictures it shows; `*` for all that a viewer may read. */
  readonly stream: string
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

/** Longer ones are not ours: a stream's name has its limits. Characters. */
const maxTokenLength = 1024

/** The key of links, another one than those that TCP and UDP derive from the same secret (HKDF-SHA-256, RFC 5869). */
function linkKeyOf(key: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'streamer http link', 32))
}

function sign(payload: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(payload).digest()
}

/**
 * The token of a link, for `?token=`: `<payload>.<HMAC-SHA-256 of it>`, both in base64url; the payload is `{"s":<stream>,"e":<seconds since 1970>}`.
 * @param key the bytes of the option `key`, as `parseKey` of `@streamer/protocol` gives them.
 */
export function makeLinkToken({ stream, expiresAtMs }: Link, key: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify({ s: stream, e: Math.floor(expiresAtMs / 1000) })).toString('base64url')
  return `${payload}.${sign(payload, linkKeyOf(key)).toString('base64url')}`
}

/** Reads tokens. */
export class LinkReader {
  readonly #key: Buffer

  /** @param key as for `makeLinkToken`. */
  constructor(key: Uint8Array) {
    this.#key = linkKeyOf(key)
  }

  /** What the token is good for; a sentence when it is not. */
  read(token: string, nowMs: number): Link | string {
    const [payload = '', proof = '', more] = token.length > maxTokenLength ? [] : token.split('.')
    const given = Buffer.from(proof, 'base64url')
    const expected = sign(payload, this.#key)
    if (more !== undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return 'the token of this link is not one of this server; ask for a new link'
    }
    // Ours, so its form is known.
    const { s, e } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { s: string; e: number }
    if (nowMs >= e * 1000) return 'this link has expired; ask for a new one'
    return { stream: s, expiresAtMs: e * 1000 }
  }
}
