// RFC 6886 sections 3.2 to 3.5.
const version = 0
const responseBit = 0x80
const opcodes = { udp: 1, tcp: 2 } as const
const resultTexts = [
  'success',
  'it speaks another version',
  'it does not allow this; NAT-PMP may be switched off in it',
  'it has a network failure; it may be without internet',
  'it has no room for another mapping',
  'it does not know the request'
]

interface Refusal {
  readonly kind: 'refused'
  readonly reason: string
}

export type NatPmpAddress = { readonly kind: 'address'; readonly address: string } | Refusal

export type NatPmpGrant =
  | { readonly kind: 'granted'; readonly externalPort: number; readonly lifetimeS: number }
  | Refusal

/** Asks for the address of the router outside. */
export const natPmpAddressRequest: Uint8Array = Uint8Array.of(version, 0)

/** What a router said to it; undefined for anything else. Never throws. */
export function parseNatPmpAddress(datagram: Uint8Array): NatPmpAddress | undefined {
  const bytes = answerTo(datagram, 0)
  if (bytes === undefined || !(bytes instanceof Uint8Array)) return bytes
  return bytes.length < 12 ? undefined : { kind: 'address', address: bytes.subarray(8, 12).join('.') }
}

/**
 * Asks for a mapping.
 * @param externalPort the one wished for. @param lifetimeS seconds; 0 removes the mapping of `port`.
 */
export function natPmpMapRequest(
  protocol: 'udp' | 'tcp',
  port: number,
  externalPort: number,
  lifetimeS: number
): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes[0] = version
  bytes[1] = opcodes[protocol]
  bytes.writeUInt16BE(port, 4)
  bytes.writeUInt16BE(lifetimeS === 0 ? 0 : externalPort, 6)
  bytes.writeUInt32BE(lifetimeS, 8)
  return bytes
}

/** What a router said to a request for a mapping of `port`; undefined for anything else. Never throws. */
export function parseNatPmpGrant(datagram: Uint8Array, protocol: 'udp' | 'tcp', port: number): NatPmpGrant | undefined {
  const bytes = answerTo(datagram, opcodes[protocol])
  if (bytes === undefined || !(bytes instanceof Uint8Array)) return bytes
  if (bytes.length < 16 || bytes.readUInt16BE(8) !== port) return undefined
  return { kind: 'granted', externalPort: bytes.readUInt16BE(10), lifetimeS: bytes.readUInt32BE(12) }
}

/** The answer to a request with `opcode` when it is one that grants it. */
function answerTo(datagram: Uint8Array, opcode: number): Buffer | Refusal | undefined {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  if (bytes.length < 4 || bytes[0] !== version || bytes[1] !== (responseBit | opcode)) return undefined
  const result = bytes.readUInt16BE(2)
  return result === 0 ? bytes : { kind: 'refused', reason: resultTexts[result] ?? `it gave result ${result}` }
}
