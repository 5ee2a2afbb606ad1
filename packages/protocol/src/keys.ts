import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** Shorter keys can be guessed from one recorded registration. Characters, or bytes. */
export const minKeyLength = 16
/** Bytes of the nonces that both sides make for a connection. */
export const nonceLength = 16
/** Bytes of a proof: a whole HMAC-SHA-256. */
export const proofLength = 32
/** Key names are at most so long. Bytes of UTF-8. */
export const maxNameLength = 255

/** Who speaks. */
export type Side = 'client' | 'server'

/** Key and initialisation vector of one direction of one connection. */
export interface DirectionKeys {
  /** 32 bytes, for ChaCha20-Poly1305. */
  readonly key: Buffer
  /** 12 bytes. */
  readonly iv: Buffer
}

/**
 * The bytes of a key as people write it: its text without white space around it, as UTF-8.
 * @throws RangeError when it is shorter than `minKeyLength`; the message does not contain the key.
 */
export function parseKey(key: string | Uint8Array): Buffer {
  const bytes = typeof key === 'string' ? Buffer.from(key.trim(), 'utf8') : Buffer.from(key)
  if (bytes.length < minKeyLength) {
    throw new RangeError(`a key must have ${minKeyLength} bytes or more, this one has ${bytes.length}`)
  }
  return bytes
}

/** What shows that `side` knows the key: an HMAC-SHA-256 over `parts`, under a key that is derived from it for this alone. */
export function makeProof(key: Uint8Array, side: Side, ...parts: readonly Uint8Array[]): Buffer {
  const proofKey = Buffer.from(hkdfSync('sha256', key, '', `streamer v2 ${side} proof`, 32))
  const hmac = createHmac('sha256', proofKey)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** Compares in constant time. */
export function isProof(proof: Uint8Array, key: Uint8Array, side: Side, ...parts: readonly Uint8Array[]): boolean {
  return proof.length === proofLength && timingSafeEqual(proof, makeProof(key, side, ...parts))
}

/**
 * Keys of what `side` sends in one connection (HKDF-SHA-256, RFC 5869).
 * @param protocol has its own keys from the same secret.
 */
export function directionKeys(
  key: Uint8Array,
  clientNonce: Uint8Array,
  serverNonce: Uint8Array,
  protocol: 'udp' | 'tcp',
  side: Side
): DirectionKeys {
  const salt = Buffer.concat([clientNonce, serverNonce])
  const bytes = Buffer.from(hkdfSync('sha256', key, salt, `streamer v2 ${protocol} ${side}`, 44))
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) }
}
