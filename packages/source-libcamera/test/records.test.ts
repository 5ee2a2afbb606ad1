import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventReader, type HelperEvent } from '../src/helper-events.ts'
import { headerBytes, RecordReader, readHeader } from '../src/records.ts'

/** A record by hand, as helper/output.h lays it out. */
function record(payload: Buffer, sequence = 7): Buffer {
  const header = Buffer.from(
    `5343463101003000${'0700000000000000'}${'40420f0000000000'}80020000e001000000000000${'00000000'}0300000000000000`,
    'hex'
  )
  header.writeBigUInt64LE(BigInt(sequence), 8)
  header.writeUInt32LE(payload.length, 36)
  return Buffer.concat([header, payload])
}

describe('a record', () => {
  it('is read field by field', () => {
    const bytes = record(Buffer.from('jpeg'))
    expect(readHeader(bytes.subarray(0, headerBytes))).toEqual({
      payload: 'jpeg',
      sequence: 7,
      timestampUs: 1_000_000,
      width: 640,
      height: 480,
      stride: 0,
      payloadBytes: 4,
      dropped: 3
    })
  })

  it.each([
    ['another magic', (bytes: Buffer) => bytes.writeUInt8(0x54, 0)],
    ['another size of the header', (bytes: Buffer) => bytes.writeUInt16LE(40, 6)],
    ['an unknown payload', (bytes: Buffer) => bytes.writeUInt16LE(9, 4)],
    ['nothing in it', (bytes: Buffer) => bytes.writeUInt32LE(0, 36)],
    ['a JPEG of 4 GB', (bytes: Buffer) => bytes.writeUInt32LE(0xffffffff, 36)],
    ['planes of another size than their rows', (bytes: Buffer) => bytes.writeUInt16LE(3, 4)]
  ])('with %s is none', (_, spoil) => {
    const bytes = record(Buffer.from('jpeg'))
    spoil(bytes)
    expect(() => readHeader(bytes.subarray(0, headerBytes))).toThrow(/something that is no frame/)
  })

  it('is the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 }),
        (payloads, cuts) => {
          const bytes = Buffer.concat(payloads.map((payload, index) => record(Buffer.from(payload), index)))
          const got: Array<[number, string]> = []
          const reader = new RecordReader({
            allocate: ({ payloadBytes }) => Buffer.alloc(payloadBytes),
            onFrame: ({ sequence }, data) => got.push([sequence, data.toString('hex')])
          })
          for (let from = 0, turn = 0; from < bytes.length; turn++) {
            const to = from + (cuts[turn % cuts.length] ?? 1)
            reader.push(bytes.subarray(from, to))
            from = to
          }
          expect(got).toEqual(payloads.map((payload, index) => [index, Buffer.from(payload).toString('hex')]))
          expect(reader.isInside).toBe(false)
        }
      )
    )
  })
})

describe('events', () => {
  it('are lines of JSON, wherever they are cut; what is none is counted, and memory is bounded', () => {
    const events: HelperEvent[] = []
    let garbage = 0
    const reader = new EventReader(
      (event) => events.push(event),
      () => garbage++
    )
    const text =
      '{"event":"metadata","values":{"gain":2}}\nnonsense\n{"event":"applied","id":"1","sequence":4,"values":{}}\n'
    for (const byte of Buffer.from(text)) reader.push(Buffer.from([byte]))
    expect(events.map(({ event }) => event)).toEqual(['metadata', 'applied'])
    expect(garbage).toBe(1)
    for (let turn = 0; turn < 10; turn++) reader.push(Buffer.alloc(100_000, 'x'))
    reader.push(Buffer.from('\n{"event":"metadata","values":{}}\n'))
    expect(garbage).toBe(2)
    expect(events).toHaveLength(3)
  })
})
