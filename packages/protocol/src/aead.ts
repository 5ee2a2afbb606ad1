import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { DirectionKeys } from './keys.js'
import { type FastSealer, loadFastSealer } from './openssl.js'

/** Bytes that sealing adds. */
export const tagLength = 16
/** RFC 8439. Fast without instructions for AES, which a Raspberry Pi 4 and older lack. */
const algorithm = 'chacha20-poly1305'
const options = { authTagLength: tagLength }

/** The nonce of one message: the vector, whose last eight bytes are XORed with the number, big-endian (as in RFC 8446 section 5.3). @param nonce where it is put. */
function nonceOf({ iv }: DirectionKeys, number: number, nonce = Buffer.allocUnsafe(iv.length)): Buffer {
  nonce.set(iv)
  nonce.writeUInt32BE((nonce.readUInt32BE(4) ^ Math.floor(number / 0x1_0000_0000)) >>> 0, 4)
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ (number >>> 0)) >>> 0, 8)
  return nonce
}

/**
 * Encrypts `plain` into `target` from `at` on, with the tag behind it.
 * @param number never the same twice with the same keys. @param header is protected, but not encrypted.
 * @returns the offset after the tag.
 */
export function seal(
  keys: DirectionKeys,
  number: number,
  header: Uint8Array,
  plain: readonly Uint8Array[],
  target: Buffer,
  at: number
): number {
  const cipher = createCipheriv(algorithm, keys.key, nonceOf(keys, number), options)
  cipher.setAAD(header, { plaintextLength: plain.reduce((sum, { length }) => sum + length, 0) })
  for (const piece of plain) at += cipher.update(piece).copy(target, at)
  cipher.final()
  return at + cipher.getAuthTag().copy(target, at)
}

/** For messages that are sealed before anything else is done. */
const scratchNonce = Buffer.allocUnsafeSlow(12)
let fastSealer: FastSealer | undefined | 'not tried' = 'not tried'

/** What seals where it is quick, tried with a message first; undefined where `node:crypto` does it. */
function quickest(): FastSealer | undefined {
  if (fastSealer === 'not tried') {
    fastSealer = loadFastSealer()
    if (fastSealer && !isRight(fastSealer)) fastSealer = undefined
  }
  return fastSealer
}

/** Whether `sealInPlace` calls OpenSSL directly here, at a third of the cost. The first call finds out, which takes some milliseconds. */
export function hasQuickSealing(): boolean {
  return quickest() !== undefined
}

/** For tests: as if OpenSSL could not be called, or as it is. */
export function useQuickSealing(isAllowed: boolean): void {
  fastSealer = isAllowed ? 'not tried' : undefined
}

function isRight(sealer: FastSealer): boolean {
  const keys = { key: Buffer.alloc(32, 1), iv: Buffer.alloc(12, 2) }
  const message = Buffer.alloc(100, 3)
  const expected = Buffer.from(message)
  seal(keys, 7, expected.subarray(0, 12), [expected.subarray(12, 100 - tagLength)], expected, 12)
  return sealer.sealInPlace(keys, nonceOf(keys, 7), message, 12, tagLength) && message.equals(expected)
}

/**
 * Encrypts a message where it stands.
 * @param message first what is protected, but not encrypted, `headerLength` bytes; then the plain text; then room for the tag.
 * @throws Error when OpenSSL fails, which it has no reason for.
 */
export function sealInPlace(keys: DirectionKeys, number: number, message: Buffer, headerLength: number): void {
  const sealer = quickest()
  if (sealer) {
    if (sealer.sealInPlace(keys, nonceOf(keys, number, scratchNonce), message, headerLength, tagLength)) return
    throw new Error('OpenSSL could not seal a message')
  }
  const tagAt = message.length - tagLength
  const cipher = createCipheriv(algorithm, keys.key, nonceOf(keys, number), options)
  cipher.setAAD(message.subarray(0, headerLength), { plaintextLength: tagAt - headerLength })
  message.set(cipher.update(message.subarray(headerLength, tagAt)), headerLength)
  cipher.final()
  message.set(cipher.getAuthTag(), tagAt)
}

/** Decrypts what `seal` made, into a new buffer; undefined when anything in it was changed. */
export function open(keys: DirectionKeys, number: number, header: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < tagLength) return undefined
  const decipher = createDecipheriv(algorithm, keys.key, nonceOf(keys, number), options)
  decipher.setAAD(header, { plaintextLength: sealed.length - tagLength })
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagLength))
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}
