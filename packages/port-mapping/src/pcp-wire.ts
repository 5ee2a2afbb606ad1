import { isIPv4 } from 'node:net'
import { addressText } from './addresses.js'

// RFC 6887 sections 7.1, 7.2 and 11.1.
const version = 2
const opcodeMap = 1
const responseBit = 0x80
const headerLength = 24
const mapLength = 36
export const nonceLength = 12
const protocolNumbers = { tcp: 6, udp: 17 } as const
/** RFC 6887 section 7.4. */
const resultTexts = [
  'success',
  'it speaks another version',
  'it does not allow this',
  'it found the request malformed',
  'it cannot map ports',
  'it does not know the option',
  'it found an option malformed',
  'it has a network failure; it may be without internet',
  'it has no room for another mapping',
  'it does not know the protocol',
  'this machine has all the mappings it may have',
  'it has no such external address or port',
  'the request came from another address than it names: there is a second router between',
  'it allows no more peers'
]

/** The mapping that a request is about. */
export interface PcpMapping {
  readonly protocol: 'udp' | 'tcp'
  readonly port: number
  /** 12 random bytes that prove later that the mapping is ours. */
  readonly nonce: Uint8Array
}

export type PcpAnswer =
  | {
      readonly kind: 'granted'
      readonly externalHost: string | undefined
      readonly externalPort: number
      readonly lifetimeS: number
    }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * A MAP request of the Port Control Protocol.
 * @param ownAddress IPv4 address that it is sent from. @param externalPort the one wished for. @param lifetimeS 0 removes the mapping.
 */
export function pcpMapRequest(
  mapping: PcpMapping,
  ownAddress: string,
  externalPort: number,
  lifetimeS: number
): Uint8Array {
  const bytes = Buffer.alloc(headerLength + mapLength)
  bytes[0] = version
  bytes[1] = opcodeMap
  bytes.writeUInt32BE(lifetimeS, 4)
  writeAddress(bytes, 8, ownAddress)
  bytes.set(mapping.nonce, headerLength)
  bytes[headerLength + 12] = protocolNumbers[mapping.protocol]
  bytes.writeUInt16BE(mapping.port, headerLength + 16)
  bytes.writeUInt16BE(externalPort, headerLength + 18)
  writeAddress(bytes, headerLength + 20, '0.0.0.0')
  return bytes
}

/** What a router said to a request for `mapping`; undefined for anything that is not an answer to it. Never throws. */
export function parsePcpAnswer(datagram: Uint8Array, mapping: PcpMapping): PcpAnswer | undefined {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  if (bytes.length < 4 || (bytes[1]! & responseBit) === 0) return undefined
  // A router with NAT-PMP alone, RFC 6887 appendix A.
  if (bytes[0] === 0) return { kind: 'refused', reason: resultTexts[1]! }
  if (bytes[0] !== version || bytes[1] !== (responseBit | opcodeMap)) return undefined
  const result = bytes[3]!
  // Refusals may be cut short, so the mapping is compared in those that have it.
  const isWhole = bytes.length >= headerLength + mapLength
  if (isWhole && !isAbout(bytes.subarray(headerLength), mapping)) return undefined
  if (result !== 0) return { kind: 'refused', reason: resultTexts[result] ?? `it gave result ${result}` }
  if (!isWhole) return undefined
  const externalHost = addressText(bytes.subarray(headerLength + 20, headerLength + 36))
  return {
    kind: 'granted',
    externalHost: isIPv4(externalHost) && externalHost !== '0.0.0.0' ? externalHost : undefined,
    externalPort: bytes.readUInt16BE(headerLength + 18),
    lifetimeS: bytes.readUInt32BE(4)
  }
}

function isAbout(map: Buffer, { nonce, protocol, port }: PcpMapping): boolean {
  return (
    map.subarray(0, nonceLength).equals(nonce) && map[12] === protocolNumbers[protocol] && map.readUInt16BE(16) === port
  )
}

/** IPv4 as IPv6: `::ffff:192.0.2.1`. */
function writeAddress(bytes: Buffer, offset: number, address: string): void {
  bytes.writeUInt16BE(0xffff, offset + 10)
  bytes.set(address.split('.').map(Number), offset + 12)
}
