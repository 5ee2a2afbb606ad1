import { createHmac, timingSafeEqual } from 'node:crypto'

/** Bytes of a token: when it was made, and 20 bytes of an HMAC-SHA-256. */
export const tokenLength = 24

/** A token is good for so long, milliseconds: a few tries over a slow network. */
export const tokenLifeMs = 30_000

/**
 * Makes tokens that show that a client really has the address it sends from (RFC 9000 section 8.1), and remembers none of them: each is a code over
 * address, port, time and the client's nonce under a secret of the server.
 */
export class AddressTokens {
  readonly #secret: Uint8Array

  /** @param secret 32 random bytes, new for each run of a server. */
  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** @param nowMs of a clock that does not go backwards. */
  make(address: string, port: number, clientNonce: Uint8Array, nowMs: number): Buffer {
    const time = Buffer.alloc(4)
    time.writeUInt32LE(Math.floor(nowMs / 1000) >>> 0)
    return Buffer.concat([time, this.#code(address, port, clientNonce, time)])
  }

  /** Whether this server made it for this client less than 30 s ago. */
  isGood(token: Uint8Array, address: string, port: number, clientNonce: Uint8Array, nowMs: number): boolean {
    if (token.length !== tokenLength) return false
    const time = Buffer.from(token.subarray(0, 4))
    const ageMs = (((Math.floor(nowMs / 1000) >>> 0) - time.readUInt32LE(0)) | 0) * 1000
    if (ageMs < 0 || ageMs > tokenLifeMs) return false
    return timingSafeEqual(token.subarray(4), this.#code(address, port, clientNonce, time))
  }

  #code(address: string, port: number, clientNonce: Uint8Array, time: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret)
      .update(`${address} ${port} `)
      .update(time)
      .update(clientNonce)
      .digest()
      .subarray(0, tokenLength - 4)
  }
}
