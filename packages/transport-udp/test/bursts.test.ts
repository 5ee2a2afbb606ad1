import { maxBurstBytes, maxBurstSegments } from '@streamer/socket-options'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toBursts } from '../src/bursts.js'
import { Feed } from '../src/feed.js'
import { StandInStream } from './stand-ins.js'

/** Datagrams of these lengths, of which the first byte is their index. */
function groupsOf(lengths: readonly number[]) {
  let at = 0
  const ends = lengths.map((length) => {
    at += length
    return at
  })
  const bytes = Buffer.alloc(at)
  lengths.forEach((length, index) => {
    bytes.fill(index % 251, ends[index]! - length, ends[index])
  })
  return { bytes, bursts: toBursts(bytes, ends) }
}

const shape = (lengths: readonly number[]) => groupsOf(lengths).bursts.map(({ segment, count }) => [count, segment])

it('a frame of 640x480 in version 1 is two bursts: its start and its chunks', () => {
  const stream = new StandInStream()
  const feed = new Feed(stream, { chunkSize: 1200, headerWidth: 32, payload: 'pickle' })
  const frame = stream.publish(Buffer.alloc(52_000, 1))
  expect(feed.packet(frame, -1).bursts.map(({ segment, count }) => [count, segment])).toEqual([
    [1, 23],
    [44, 1213]
  ])
})

it('a shorter datagram ends a burst, a longer one begins the next', () => {
  expect(shape([5, 5, 3, 5, 5, 7, 7])).toEqual([
    [3, 5],
    [2, 5],
    [2, 7]
  ])
})

it('what is left of a burst is a burst', () => {
  const [burst] = groupsOf([5, 5, 3]).bursts
  const rest = burst!.behind(1)
  expect([rest.count, rest.segment]).toEqual([2, 5])
  expect(rest.datagrams.map((datagram) => [...datagram])).toEqual([
    [1, 1, 1, 1, 1],
    [2, 2, 2]
  ])
})

it('any datagrams are in bursts that the kernel takes, all of them in their order', () => {
  const lengths = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 3000 }), times: fc.integer({ min: 1, max: 100 }) }),
    { maxLength: 5 }
  )
  fc.assert(
    fc.property(lengths, (parts) => {
      const expected = parts.flatMap(({ length, times }) => new Array<number>(times).fill(length))
      const { bytes, bursts } = groupsOf(expected)
      const own = bursts.map(({ datagrams }) => datagrams)
      expect(own.flat().map(({ length }) => length)).toEqual(expected)
      expect(Buffer.concat(own.flat()).equals(bytes)).toBe(true)
      bursts.forEach(({ bytes, segment, count }, index) => {
        expect(own[index]!.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length)
        expect(own[index]).toHaveLength(count)
        expect(count).toBeLessThanOrEqual(maxBurstSegments)
        expect(bytes.length).toBeLessThanOrEqual(maxBurstBytes)
        expect(own[index]!.slice(0, -1).every(({ length }) => length === segment)).toBe(true)
        expect(own[index]!.at(-1)!.length).toBeLessThanOrEqual(segment)
      })
    })
  )
})
