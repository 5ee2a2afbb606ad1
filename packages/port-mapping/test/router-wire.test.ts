import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { natPmpAddressRequest, natPmpMapRequest, parseNatPmpAddress, parseNatPmpGrant } from '../src/nat-pmp-wire.js'
import { parsePcpAnswer, pcpMapRequest } from '../src/pcp-wire.js'

const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex')
const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex')

describe('PCP', () => {
  const mapping = { protocol: 'udp', port: 9999, nonce: bytes('00112233445566778899aabb') } as const
  // Version, MAP with the response bit, result, lifetime 1200, epoch; nonce, UDP, 9999 outside 40000, 203.0.113.1.
  const granted = bytes(`
    02 81 00 00 000004b0 00000e10 000000000000000000000000
    00112233445566778899aabb 11 000000 270f 9c40 00000000000000000000ffffcb007101`)

  it('asks for a mapping', () => {
    expect(hexOf(pcpMapRequest(mapping, '192.168.1.2', 9999, 1200))).toBe(
      hexOf(
        bytes(`
          02 01 0000 000004b0 00000000000000000000ffffc0a80102
          00112233445566778899aabb 11 000000 270f 270f 00000000000000000000ffff00000000`)
      )
    )
    expect(pcpMapRequest({ ...mapping, protocol: 'tcp' }, '192.168.1.2', 0, 0)[36]).toBe(6)
  })

  it('reads what is granted', () => {
    expect(parsePcpAnswer(granted, mapping)).toEqual({
      kind: 'granted',
      externalHost: '203.0.113.1',
      externalPort: 40000,
      lifetimeS: 1200
    })
  })

  it('does not know an address that is none of IPv4', () => {
    const ipv6 = Buffer.from(granted)
    ipv6.set(bytes('20010db8000000000000000000000001'), 44)
    const none = Buffer.from(granted)
    none.fill(0, 56)
    for (const answer of [ipv6, none])
      expect(parsePcpAnswer(answer, mapping)).toMatchObject({ externalHost: undefined })
  })

  it('reads why nothing is', () => {
    const refused = Buffer.from(granted)
    refused[3] = 12
    expect(parsePcpAnswer(refused, mapping)).toMatchObject({ kind: 'refused', reason: /second router/ })
    refused[3] = 99
    expect(parsePcpAnswer(refused, mapping)).toEqual({ kind: 'refused', reason: 'it gave result 99' })
    expect(parsePcpAnswer(bytes('02810001 00000000 00000000 000000000000000000000000'), mapping)).toMatchObject({
      kind: 'refused'
    })
  })

  it('knows a router that has NAT-PMP alone', () => {
    expect(parsePcpAnswer(bytes('00810001 00000e10'), mapping)).toEqual({
      kind: 'refused',
      reason: 'it speaks another version'
    })
  })

  it('takes no answer about another mapping, and no request', () => {
    for (const other of [
      { ...mapping, protocol: 'tcp' as const },
      { ...mapping, port: 9998 },
      { ...mapping, nonce: new Uint8Array(12) }
    ]) {
      expect(parsePcpAnswer(granted, other)).toBeUndefined()
    }
    expect(parsePcpAnswer(pcpMapRequest(mapping, '192.168.1.2', 9999, 1200), mapping)).toBeUndefined()
  })

  it('never throws', () => {
    for (let length = 0; length < granted.length; length++) {
      expect(parsePcpAnswer(granted.subarray(0, length), mapping)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 59 }), (garbage, offset) => {
        parsePcpAnswer(garbage, mapping)
        const changed = Buffer.from(granted)
        changed.set(garbage.subarray(0, granted.length - offset), offset)
        parsePcpAnswer(changed, mapping)
      })
    )
  })
})

describe('NAT-PMP', () => {
  const granted = bytes('0081 0000 00000e10 270f 9c40 000004b0')
  const address = bytes('0080 0000 00000e10 cb007101')

  it('asks', () => {
    expect(hexOf(natPmpAddressRequest)).toBe('0000')
    expect(hexOf(natPmpMapRequest('udp', 9999, 40000, 1200))).toBe('00010000270f9c40000004b0')
    expect(hexOf(natPmpMapRequest('tcp', 9999, 40000, 0))).toBe('00020000270f000000000000')
  })

  it('reads the answers', () => {
    expect(parseNatPmpAddress(address)).toEqual({ kind: 'address', address: '203.0.113.1' })
    expect(parseNatPmpGrant(granted, 'udp', 9999)).toEqual({ kind: 'granted', externalPort: 40000, lifetimeS: 1200 })
    expect(parseNatPmpGrant(bytes('00810002'), 'udp', 9999)).toMatchObject({ reason: /switched off/ })
    expect(parseNatPmpAddress(bytes('00800009'))).toEqual({ kind: 'refused', reason: 'it gave result 9' })
  })

  it('takes no answer about anything else', () => {
    expect(parseNatPmpGrant(granted, 'tcp', 9999)).toBeUndefined()
    expect(parseNatPmpGrant(granted, 'udp', 9998)).toBeUndefined()
    expect(parseNatPmpAddress(granted)).toBeUndefined()
  })

  it('never throws', () => {
    for (let length = 0; length < 16; length++) {
      expect(parseNatPmpGrant(granted.subarray(0, length), 'udp', 9999)).toBeUndefined()
      if (length < 12) expect(parseNatPmpAddress(address.subarray(0, length))).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (garbage) => {
        parseNatPmpAddress(garbage)
        parseNatPmpGrant(garbage, 'udp', 9999)
        parseNatPmpGrant(Buffer.concat([granted.subarray(0, 2), garbage]), 'udp', 9999)
      })
    )
  })
})
