import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindingRequest, parseBindingResponse } from '../src/index.js'

// RFC 5769 sections 2.2 and 2.3. They have SOFTWARE, MESSAGE-INTEGRITY and FINGERPRINT around the address.
const transactionId = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex')
const software = '8022000b7465737420766563746f7220'
const ipv4Response = Buffer.from(
  `0101003c2112a442b7e7a701bc34d686fa87dfae${software}` +
    '002000080001a147e112a643' +
    '000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7' +
    '80280004c07d4c96',
  'hex'
)
const ipv6Response = Buffer.from(
  `010100482112a442b7e7a701bc34d686fa87dfae${software}` +
    '002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9' +
    '00080014a382954e4be67bf11784c97c8292c275bfe3ed41' +
    '80280004c8fb0b4c',
  'hex'
)

/** A response with these attributes, in hex. */
function response(attributes: string, type = '0101'): Buffer {
  const body = Buffer.from(attributes, 'hex')
  const length = body.length.toString(16).padStart(4, '0')
  return Buffer.concat([Buffer.from(`${type}${length}2112a442`, 'hex'), transactionId, body])
}

describe('a request', () => {
  it('has a header and nothing else', () => {
    expect(Buffer.from(bindingRequest(transactionId)).toString('hex')).toBe('000100002112a442b7e7a701bc34d686fa87dfae')
  })

  it('needs 12 bytes to be known by', () => {
    expect(() => bindingRequest(new Uint8Array(11))).toThrow(RangeError)
  })
})

describe('a response', () => {
  it('tells an IPv4 address, as in RFC 5769', () => {
    expect(parseBindingResponse(ipv4Response, transactionId)).toEqual({
      kind: 'success',
      host: '192.0.2.1',
      port: 32853
    })
  })

  it('tells an IPv6 address, as in RFC 5769', () => {
    expect(parseBindingResponse(ipv6Response, transactionId)).toEqual({
      kind: 'success',
      host: '2001:db8:1234:5678:11:2233:4455:6677',
      port: 32853
    })
  })

  it('of a server of old times tells it without XOR', () => {
    const plain = '000100080001100cc0000207'
    expect(parseBindingResponse(response(plain), transactionId)).toMatchObject({ host: '192.0.2.7', port: 4108 })
    // The other one is better: a router may have translated this one.
    expect(parseBindingResponse(response(`${plain}002000080001a147e112a643`), transactionId)).toMatchObject({
      host: '192.0.2.1'
    })
  })

  it('refuses with a code and a reason', () => {
    expect(parseBindingResponse(response(`${software}000900080000040162616420`, '0111'), transactionId)).toEqual({
      kind: 'error',
      errorCode: 401,
      reason: 'bad '
    })
  })

  it('to another request is none', () => {
    expect(parseBindingResponse(ipv4Response, Buffer.alloc(12))).toBeUndefined()
  })

  it('is none without an address, with half of one or of a family that nobody knows', () => {
    for (const attributes of ['', software, '002000040001a147', '002000080003a147e112a643', '00200008']) {
      expect(parseBindingResponse(response(attributes), transactionId)).toBeUndefined()
    }
  })

  it('that was cut, or changed, or is garbage never throws', () => {
    for (const whole of [ipv4Response, ipv6Response]) {
      for (let length = 0; length < whole.length; length++) {
        expect(parseBindingResponse(whole.subarray(0, length), transactionId)).toBeUndefined()
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat({ max: ipv6Response.length - 1 }), (bytes, offset) => {
        parseBindingResponse(bytes, transactionId)
        parseBindingResponse(response(Buffer.from(bytes).toString('hex')), transactionId)
        const changed = Buffer.from(ipv6Response)
        changed.set(bytes.subarray(0, changed.length - offset), offset)
        parseBindingResponse(changed, transactionId)
      })
    )
  })
})
