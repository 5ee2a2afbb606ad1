import { createRequire } from 'node:module'
import type { DirectionKeys } from './keys.js'

/**
 * ChaCha20-Poly1305 by OpenSSL itself, the one that Node has in it. `node:crypto` makes an object for each message, which takes three times as long as to encrypt
 * the 1200 bytes of a datagram.
 */
export interface FastSealer {
  /**
   * Encrypts a message where it stands.
   * @param nonce 12 bytes. @param message first what is protected, but not encrypted, `headerLength` bytes; then the plain text; then room for the tag, `tagLength` bytes.
   * @returns whether it was done; when not, the message may be anything.
   */
  sealInPlace(keys: DirectionKeys, nonce: Uint8Array, message: Buffer, headerLength: number, tagLength: number): boolean
}

/** `EVP_CTRL_AEAD_GET_TAG` of evp.h. */
const getTag = 0x10
const sizeofInt = 4

/** What of libcrypto is called. 1 is success. */
interface Evp {
  init(context: unknown, cipher: unknown, engine: null, key: Uint8Array | null, iv: Uint8Array | null): number
  /** @param out null for what is only protected. @param written where the number of bytes is put. */
  update(context: unknown, out: Uint8Array | null, written: Uint8Array, data: Uint8Array, length: number): number
  final(context: unknown, out: Uint8Array, written: Uint8Array): number
  control(context: unknown, type: number, length: number, target: Uint8Array): number
}

/** Undefined where OpenSSL cannot be called: without koffi, or with a Node that does not show its own. */
export function loadFastSealer(): FastSealer | undefined {
  try {
    // `require`, so that a koffi that is not installed is nothing worse than an exception here.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    const evp = {
      init: library.func(
        'int EVP_EncryptInit_ex(void *context, void *cipher, void *engine, const uint8_t *key, const uint8_t *iv)'
      ),
      update: library.func(
        'int EVP_EncryptUpdate(void *context, uint8_t *out, uint8_t *written, const uint8_t *data, int length)'
      ),
      final: library.func('int EVP_EncryptFinal_ex(void *context, uint8_t *out, uint8_t *written)'),
      control: library.func('int EVP_CIPHER_CTX_ctrl(void *context, int type, int length, uint8_t *target)')
    } as Evp
    // One for all connections, and never freed: a message is done before the next one begins.
    const context: unknown = library.func('void *EVP_CIPHER_CTX_new()')()
    const cipher: unknown = library.func('const void *EVP_chacha20_poly1305()')()
    if (!context || !cipher || evp.init(context, cipher, null, null, null) !== 1) return undefined
    return new EvpSealer(evp, context)
  } catch {
    return undefined
  }
}

class EvpSealer implements FastSealer {
  readonly #evp: Evp
  readonly #context: unknown
  readonly #written = Buffer.allocUnsafeSlow(sizeofInt)

  constructor(evp: Evp, context: unknown) {
    this.#evp = evp
    this.#context = context
  }

  sealInPlace(
    { key }: DirectionKeys,
    nonce: Uint8Array,
    message: Buffer,
    headerLength: number,
    tagLength: number
  ): boolean {
    const evp = this.#evp
    const context = this.#context
    const written = this.#written
    const tag = message.subarray(message.length - tagLength)
    const plain = message.subarray(headerLength, message.length - tagLength)
    // `EVP_EncryptFinal_ex` writes nothing with this cipher, wherever that would be.
    return (
      evp.init(context, null, null, key, nonce) === 1 &&
      evp.update(context, null, written, message, headerLength) === 1 &&
      evp.update(context, plain, written, plain, plain.length) === 1 &&
      evp.final(context, tag, written) === 1 &&
      evp.control(context, getTag, tagLength, tag) === 1
    )
  }
}
