import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxPickledBytes, pickledLength, pickleHead, pickleHeadLength, pickleTail } from '../src/index.js'

function pickle(data: Uint8Array): Buffer {
  return Buffer.concat([pickleHead(data.length), data, pickleTail])
}

test('three bytes become this pickle, opcode by opcode', () => {
  const expected = [
    '80 03', // PROTO 3
    '63 6e756d7079 0a 6e646172726179 0a', // GLOBAL numpy ndarray
    '4b 00 85 85', // ((0,),)
    '52', // REDUCE: an empty array
    '28', // MARK: the state
    '4b 01', // version 1
    '4a 03000000 85', // shape (3,)
    '63 6e756d7079 0a 6474797065 0a', // GLOBAL numpy dtype
    '58 02000000 7531 85 52', // dtype('u1')
    '89', // not in Fortran order
    '42 03000000 ffd8ff', // BINBYTES
    '74 62 2e' // TUPLE, BUILD, STOP
  ].join('')
  expect(pickle(Uint8Array.of(0xff, 0xd8, 0xff)).toString('hex')).toBe(expected.replaceAll(' ', ''))
})

test('the data stands untouched between a head of fixed length and the tail, its length named twice', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (data) => {
      const bytes = pickle(data)
      expect(bytes.length).toBe(pickledLength(data.length))
      expect(pickleHead(data.length)).toHaveLength(pickleHeadLength)
      expect(bytes.subarray(pickleHeadLength, -pickleTail.length).equals(data)).toBe(true)
      expect(bytes.readUInt32LE(pickleHeadLength - 4)).toBe(data.length)
      expect(bytes.readUInt32LE(bytes.indexOf('J', 0, 'latin1') + 1)).toBe(data.length)
    })
  )
})

test('a length that no array can have is refused', () => {
  expect(pickleHead(maxPickledBytes)).toHaveLength(pickleHeadLength)
  for (const length of [-1, 0.5, Number.NaN, maxPickledBytes + 1]) expect(() => pickleHead(length)).toThrow(RangeError)
})
