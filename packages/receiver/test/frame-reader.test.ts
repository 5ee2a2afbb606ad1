import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutInto } from '../../jpeg-splitter/test/jpegs.js'
import { ByteCollector } from '../src/byte-collector.js'
import { FrameReader } from '../src/tcp/v1/frame-reader.js'

function read(chunks: readonly Buffer[], maxBytes = 1_000_000): { frames: Buffer[]; refused: number } {
  const result = { frames: [] as Buffer[], refused: 0 }
  const reader = new FrameReader({
    maxBytes,
    onFrame: (payload) => result.frames.push(payload),
    onRefused: () => result.refused++
  })
  for (const chunk of chunks) reader.push(chunk)
  return result
}

function framed(payload: Uint8Array, length = payload.length): Buffer {
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(BigInt(length))
  return Buffer.concat([head, payload])
}

const sizes = fc.oneof(fc.constant([1]), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }))

test('property: frames come out as they were, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 }),
      sizes,
      (payloads, cuts) => {
        const { frames, refused } = read(cutInto(Buffer.concat(payloads.map((one) => framed(one))), cuts))
        expect(frames).toEqual(payloads.map((one) => Buffer.from(one)))
        expect(refused).toBe(0)
      }
    )
  )
})

test('a frame above 64 KiB is put together in memory of its own', () => {
  const payload = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
  const { frames } = read(cutInto(Buffer.concat([framed(payload), framed(payload)]), [65_536]))
  expect(frames.map((frame) => frame.equals(payload))).toEqual([true, true])
  expect(frames[0]?.buffer.byteLength).toBe(300_000)
})

test('frames that are too large or empty are read past and counted', () => {
  const stream = Buffer.concat([framed(Buffer.alloc(101, 1)), framed(Buffer.alloc(0)), framed(Buffer.from('ok'))])
  for (const cut of [1, 50, 1000]) {
    expect(read(cutInto(stream, [cut]), 100)).toEqual({ frames: [Buffer.from('ok')], refused: 2 })
  }
})

test('a length that no frame has ends it', () => {
  expect(() => read([framed(Buffer.from('x'), 2 ** 50)])).toThrow(RangeError)
})

test('property: any bytes give frames within the limit, or end it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), sizes, (bytes, cuts) => {
      try {
        for (const frame of read(cutInto(Buffer.from(bytes), cuts), 50).frames)
          expect(frame.length).toBeLessThanOrEqual(50)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    })
  )
})

test('a declared length takes no memory before its bytes come', () => {
  const before = process.memoryUsage().arrayBuffers
  const bodies = Array.from({ length: 20 }, () => new ByteCollector(1_000_000_000))
  for (const body of bodies) body.push(Buffer.alloc(100_000), 0)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 4 * 100_000)
  expect(bodies[0]?.whole).toBeUndefined()
})
