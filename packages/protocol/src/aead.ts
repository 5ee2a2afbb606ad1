import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { DirectionKeys } from './keys.js'

/** Bytes that sealing adds. */
export const tagLength = 16
/** RFC 8439. Fast without instructions for AES, which a Raspberry Pi 4 and older lack. */
const algorithm = 'chacha20-poly1305'
const options = { authTagLength: tagLength }

/** The nonce of one message: the vector, whose last eight bytes are XORed with the number, big-endian (as in RFC 8446 section 5.3). */
function nonceOf({ iv }: DirectionKeys, number: number): Buffer {
  const nonce = Buffer.from(iv)
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

/**
 * Encrypts a message where it stands. For short ones: it takes fewer calls than `seal`, and a copy.
 * @param message first what is protected, but not encrypted, `headerLength` bytes; then the plain text; then room for the tag.
 */
export function sealInPlace(keys: DirectionKeys, number: number, message: Buffer, headerLength: number): void {
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
