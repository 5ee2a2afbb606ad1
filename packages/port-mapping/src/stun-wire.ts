import { addressText } from './addresses.js'

// RFC 8489 sections 5 and 14, 18.
const headerLength = 20
const magicCookie = 0x2112a442
const bindingRequestType = 0x0001
const bindingSuccessType = 0x0101
const bindingErrorType = 0x0111
const attributes = { mappedAddress: 0x0001, errorCode: 0x0009, xorMappedAddress: 0x0020 } as const
const families = { ipv4: 1, ipv6: 2 } as const
export const transactionIdLength = 12

/** What a STUN server said: the address that it saw the request come from, or why it tells none. */
export type BindingResponse =
  | { readonly kind: 'success'; readonly host: string; readonly port: number }
  | { readonly kind: 'error'; readonly errorCode: number; readonly reason: string }

/**
 * A STUN Binding request without attributes.
 * @param transactionId 12 bytes, random for each request.
 * @throws RangeError for another length.
 */
export function bindingRequest(transactionId: Uint8Array): Uint8Array {
  if (transactionId.length !== transactionIdLength) throw new RangeError('a transaction ID has 12 bytes')
  const bytes = Buffer.alloc(headerLength)
  bytes.writeUInt16BE(bindingRequestType, 0)
  bytes.writeUInt32BE(magicCookie, 4)
  bytes.set(transactionId, 8)
  return bytes
}

/**
 * What a datagram says to the request with `transactionId`; undefined for anything that is not a whole response to it with an address or an error.
 * Attributes that are not known are skipped, fingerprints and signatures too: none was agreed on. Never throws.
 */
export function parseBindingResponse(datagram: Uint8Array, transactionId: Uint8Array): BindingResponse | undefined {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  if (bytes.length < headerLength || bytes.readUInt32BE(4) !== magicCookie) return undefined
  if (!bytes.subarray(8, headerLength).equals(transactionId)) return undefined
  if (bytes.readUInt16BE(2) !== bytes.length - headerLength) return undefined
  const type = bytes.readUInt16BE(0)
  if (type !== bindingSuccessType && type !== bindingErrorType) return undefined
  let plain: BindingResponse | undefined
  for (let offset = headerLength; offset + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(offset + 2)
    const value = bytes.subarray(offset + 4, offset + 4 + length)
    if (value.length < length) return undefined
    const attribute = bytes.readUInt16BE(offset)
    if (type === bindingErrorType) {
      if (attribute === attributes.errorCode && length >= 4) return errorOf(value)
    } else if (attribute === attributes.xorMappedAddress) {
      const address = addressOf(value, bytes.subarray(4, headerLength))
      if (address !== undefined) return address
    } else if (attribute === attributes.mappedAddress) {
      plain ??= addressOf(value, Buffer.alloc(headerLength - 4))
    }
    // Values are padded to four bytes.
    offset += 4 + Math.ceil(length / 4) * 4
  }
  return plain
}

/** @param mask what the port and the address are XORed with, so that no router takes them for an address to translate. */
function addressOf(value: Buffer, mask: Buffer): BindingResponse | undefined {
  const length = value[1] === families.ipv4 ? 4 : value[1] === families.ipv6 ? 16 : undefined
  if (length === undefined || value.length !== 4 + length) return undefined
  const address = value.subarray(4).map((byte, index) => byte ^ mask[index]!)
  return { kind: 'success', host: addressText(address), port: value.readUInt16BE(2) ^ mask.readUInt16BE(0) }
}

function errorOf(value: Buffer): BindingResponse {
  const errorCode = (value[2]! & 7) * 100 + value[3]!
  return { kind: 'error', errorCode, reason: value.subarray(4).toString('utf8') }
}
