import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pickledData, pickledJpeg, pickleHead, pickleTail } from '../src/index.js'

/** What `pickle.dumps` of numpy 2.4 writes around an array of so many bytes. */
const byNumpy = [
  {
    by: 'protocol 3',
    size: 305,
    head:
      '8003636e756d70792e5f636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70' +
      '790a6e6461727261790a71014b008571024301627103877104527105284b014d3101857106636e756d70790a6474' +
      '7970650a7107580200000075317108898887710952710a284b0358010000007c710b4e4e4e4affffffff4affffff' +
      'ff4b0074710c62894231010000',
    tail: '710d74710e622e'
  },
  {
    by: 'protocol 4',
    size: 305,
    head:
      '800495be010000000000008c166e756d70792e5f636f72652e6d756c74696172726179948c0c5f7265636f6e7374' +
      '727563749493948c056e756d7079948c076e6461727261799493944b0085944301629487945294284b014d310185' +
      '9468038c0564747970659493948c02753194898887945294284b038c017c944e4e4e4affffffff4affffffff4b00' +
      '749462894231010000',
    tail: '947494622e'
  },
  {
    by: 'protocol 5',
    size: 305,
    head:
      '800595a6010000000000008c136e756d70792e5f636f72652e6e756d65726963948c0b5f66726f6d627566666572' +
      '94939428963101000000000000',
    tail:
      '948c056e756d7079948c0564747970659493948c02753194898887945294284b038c017c944e4e4e4affffffff4a' +
      'ffffffff4b007494624d310185948c014394749452942e'
  },
  {
    by: 'protocol 4, above 64 KiB',
    size: 70000,
    head:
      '80049585000000000000008c166e756d70792e5f636f72652e6d756c74696172726179948c0c5f7265636f6e7374' +
      '727563749493948c056e756d7079948c076e6461727261799493944b0085944301629487945294284b014a701101' +
      '00859468038c0564747970659493948c02753194898887945294284b038c017c944e4e4e4affffffff4affffffff' +
      '4b00749462894270110100',
    tail: '950500000000000000947494622e'
  }
] as const

function jpegOf(size: number): Buffer {
  return Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.alloc(size - 5, 0x11), Buffer.from('ffd9', 'hex')])
}

function ours(data: Uint8Array): Buffer {
  return Buffer.concat([pickleHead(data.length), data, pickleTail])
}

describe('pickledData', () => {
  test('gives back any data, as a view', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (data) => {
        const pickle = ours(data)
        const found = pickledData(pickle)
        expect(Buffer.from(found!)).toEqual(Buffer.from(data))
        expect(found?.buffer).toBe(pickle.buffer)
      })
    )
  })

  test('refuses what differs in one byte of head or tail, or in length', () => {
    const pickle = ours(jpegOf(40))
    const frame = [...Array(59).keys(), ...[1, 2, 3].map((back) => pickle.length - back)]
    for (const at of frame) {
      const changed = Buffer.from(pickle)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(pickledData(changed)).toBeUndefined()
    }
    expect(pickledData(pickle.subarray(0, -1))).toBeUndefined()
    expect(pickledData(Buffer.concat([pickle, Buffer.from('.')]))).toBeUndefined()
  })
})

describe('pickledJpeg', () => {
  test('finds the JPEG in a pickle of ours, and nothing in one of something else', () => {
    expect(pickledJpeg(ours(jpegOf(500)))).toEqual(jpegOf(500))
    expect(pickledJpeg(ours(Buffer.from('no picture')))).toBeUndefined()
    expect(pickledJpeg(jpegOf(500))).toBeUndefined()
  })

  test.for(byNumpy)('finds the JPEG in what numpy writes: $by', ({ size, head, tail }) => {
    const pickle = Buffer.concat([Buffer.from(head, 'hex'), jpegOf(size), Buffer.from(tail, 'hex')])
    expect(pickledJpeg(pickle)?.length).toBe(size)
    expect(Buffer.compare(pickledJpeg(pickle)!, jpegOf(size))).toBe(0)
    expect(pickledJpeg(pickle.subarray(0, -tail.length / 2 - 1))).toBeUndefined()
  })

  test('property: whatever it is given, it gives a part of that which begins as a JPEG, or nothing', () => {
    const nasty = fc
      .array(fc.oneof(fc.constantFrom(0x80, 0xff, 0xd8, 0x42, 0x96, 0x8e, 0x00, 0x2e), fc.nat(255)), { maxLength: 600 })
      .map((bytes) => Uint8Array.from([0x80, ...bytes]))
    const near = fc
      .tuple(fc.constantFrom(...byNumpy), fc.array(fc.tuple(fc.nat(460), fc.nat(255)), { maxLength: 4 }))
      .map(([{ head, tail }, changes]) => {
        const pickle = Buffer.concat([Buffer.from(head, 'hex'), jpegOf(305), Buffer.from(tail, 'hex')])
        for (const [at, value] of changes) if (at < pickle.length) pickle[at] = value
        return Uint8Array.from(pickle)
      })
    fc.assert(
      fc.property(fc.oneof(nasty, near), (bytes) => {
        const found = pickledJpeg(bytes)
        if (!found) return
        expect(found.buffer).toBe(bytes.buffer)
        expect(Buffer.from(found.subarray(0, 3)).toString('hex')).toBe('ffd8ff')
        expect(found.byteOffset + found.length).toBeLessThan(bytes.length)
      }),
      { numRuns: 500 }
    )
  })
})
