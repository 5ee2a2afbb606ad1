import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { hasQuickSealing, open, seal, sealInPlace, tagLength, useQuickSealing } from '../src/aead.js'
import { type DirectionKeys, directionKeys } from '../src/keys.js'

const headerLength = 12
const keys = directionKeys(randomBytes(32), randomBytes(16), randomBytes(16), 'udp', 'server')
const otherKeys = directionKeys(randomBytes(32), randomBytes(16), randomBytes(16), 'udp', 'server')

afterEach(() => useQuickSealing(true))

/** A message as `sealInPlace` takes it, somewhere within other memory that must not change. */
function sealedInPlace(of: DirectionKeys, number: number, header: Uint8Array, plain: Uint8Array): Buffer {
  const memory = Buffer.alloc(headerLength + plain.length + tagLength + 20, 0xaa)
  const message = memory.subarray(10, memory.length - 10)
  message.set(header)
  message.set(plain, headerLength)
  sealInPlace(of, number, message, headerLength)
  expect(memory.subarray(0, 10)).toEqual(Buffer.alloc(10, 0xaa))
  expect(memory.subarray(memory.length - 10)).toEqual(Buffer.alloc(10, 0xaa))
  return message
}

it.runIf(process.platform === 'linux')('OpenSSL is called directly on Linux', () => {
  expect(hasQuickSealing()).toBe(true)
  useQuickSealing(false)
  expect(hasQuickSealing()).toBe(false)
})

it.each([
  ['by OpenSSL itself', true],
  ['by node:crypto', false]
])('sealed in place %s is what is sealed otherwise, with whatever keys before, and opens', (_name, isQuick) => {
  useQuickSealing(isQuick)
  const header = fc.uint8Array({ minLength: headerLength, maxLength: headerLength })
  const message = fc.record({
    plain: fc.uint8Array({ maxLength: 3000, size: 'max' }),
    header,
    number: fc.maxSafeNat(),
    isOther: fc.boolean()
  })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
      for (const { plain, header, number, isOther } of messages) {
        const of = isOther ? otherKeys : keys
        const expected = Buffer.alloc(headerLength + plain.length + tagLength)
        expected.set(header)
        seal(of, number, header, [plain], expected, headerLength)
        const sealed = sealedInPlace(of, number, header, plain)
        expect(sealed).toEqual(expected)
        expect(open(of, number, header, sealed.subarray(headerLength))).toEqual(Buffer.from(plain))
      }
    })
  )
})
