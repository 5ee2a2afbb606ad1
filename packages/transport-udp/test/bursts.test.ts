import { maxBurstBytes, maxBurstSegments } from '@streamer/socket-options'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toBursts } from '../src/bursts.js'
import { frameDatagrams } from '../src/wire.js'

/** Views of one memory, one behind the other. */
function behindEachOther(lengths: readonly number[]): Uint8Array[] {
  const memory = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  return lengths.map((length) => {
    at += length
    return memory.subarray(at - length, at)
  })
}

const shape = (datagrams: readonly Uint8Array[]) =>
  toBursts(datagrams).map(({ segment, datagrams: { length } }) => [length, segment])

it('a frame of 640x480 in version 1 is two bursts: its start and its chunks', () => {
  const datagrams = frameDatagrams(Buffer.alloc(52_000, 1), 1, { chunkSize: 1200, headerWidth: 32, payload: 'pickle' })
  expect(shape(datagrams)).toEqual([
    [1, 23],
    [44, 1213]
  ])
})

it('a shorter datagram ends a burst, a longer one begins the next', () => {
  expect(shape(behindEachOther([5, 5, 3, 5, 5, 7, 7]))).toEqual([
    [3, 5],
    [2, 5],
    [2, 7]
  ])
})

it('what does not lie directly behind begins a burst', () => {
  const [first, , third] = behindEachOther([5, 5, 5])
  expect(shape([first!, third!])).toEqual([
    [1, 5],
    [1, 5]
  ])
  expect(shape([first!, Buffer.alloc(5)])).toEqual([
    [1, 5],
    [1, 5]
  ])
})

it('any datagrams are in bursts that the kernel takes, all of them in their order', () => {
  const lengths = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 3000 }), times: fc.integer({ min: 1, max: 100 }) }),
    { maxLength: 5 }
  )
  fc.assert(
    fc.property(lengths, (parts) => {
      const datagrams = behindEachOther(parts.flatMap(({ length, times }) => new Array<number>(times).fill(length)))
      const bursts = toBursts(datagrams)
      expect(bursts.flatMap((burst) => burst.datagrams).every((datagram, index) => datagram === datagrams[index])).toBe(
        true
      )
      expect(bursts.reduce((sum, burst) => sum + burst.datagrams.length, 0)).toBe(datagrams.length)
      for (const { bytes, segment, datagrams: own } of bursts) {
        expect(own[0]!.byteOffset === bytes.byteOffset && own[0]!.buffer === bytes.buffer).toBe(true)
        expect(own.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length)
        expect(own.length).toBeLessThanOrEqual(maxBurstSegments)
        expect(bytes.length).toBeLessThanOrEqual(maxBurstBytes)
        expect(own.slice(0, -1).every(({ length }) => length === segment)).toBe(true)
        expect(own.at(-1)!.length).toBeLessThanOrEqual(segment)
      }
    })
  )
})
