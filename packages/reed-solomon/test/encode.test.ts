import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeParity, maxShards, shardsInBlock } from '../src/index.js'
import { bytesOf, dirtyShards, shapes } from './frames.js'
import { shardsOf, slowParity } from './slow.js'

describe('parity', () => {
  it('is that of the slow implementation, for any shape', () => {
    fc.assert(
      fc.property(shapes({ dataShards: 60, parityShards: 20 }), ({ frame, shardBytes, parityShards }) => {
        const parity = dirtyShards(parityShards, shardBytes)
        encodeParity(frame, shardBytes, parity)
        expect(parity).toEqual(slowParity(shardsOf(frame, shardBytes), parityShards))
      })
    )
  })

  it('is that of the slow implementation for long shards, which are worked on in pieces', () => {
    fc.assert(
      fc.property(
        shapes({ dataShards: 6, parityShards: 9, shardBytes: 7000 }),
        ({ frame, shardBytes, parityShards }) => {
          const parity = dirtyShards(parityShards, shardBytes)
          encodeParity(frame, shardBytes, parity)
          const expected = slowParity(shardsOf(frame, shardBytes), parityShards)
          expect(parity.every((shard, j) => Buffer.compare(shard, expected[j]!) === 0)).toBe(true)
        }
      ),
      { numRuns: 30 }
    )
  })

  it('fills a block up to its last shard', () => {
    for (const dataShards of [1, 2, 5, 127, 128, 250, 254]) {
      const frame = bytesOf(dataShards * 2, dataShards)
      const parity = dirtyShards(maxShards - dataShards, 2)
      encodeParity(frame, 2, parity)
      expect(parity).toEqual(slowParity(shardsOf(frame, 2), parity.length))
    }
  })

  it('begins with that of fewer parity shards', () => {
    fc.assert(
      fc.property(shapes(), fc.nat(), ({ frame, shardBytes, parityShards }, some) => {
        const all = dirtyShards(parityShards, shardBytes)
        const fewer = dirtyShards(some % (parityShards + 1), shardBytes)
        encodeParity(frame, shardBytes, all)
        encodeParity(frame, shardBytes, fewer)
        expect(fewer).toEqual(all.slice(0, fewer.length))
      })
    )
  })

  it('counts a short last shard as filled up with zeros', () => {
    fc.assert(
      fc.property(shapes(), ({ frame, dataShards, shardBytes, parityShards }) => {
        const filled = new Uint8Array(dataShards * shardBytes)
        filled.set(frame)
        const [short, full] = [dirtyShards(parityShards, shardBytes), dirtyShards(parityShards, shardBytes)]
        encodeParity(frame, shardBytes, short)
        encodeParity(filled, shardBytes, full)
        expect(short).toEqual(full)
      })
    )
  })

  it('of an interleaved block is that of its shards put together', () => {
    fc.assert(
      fc.property(
        shapes({ parityShards: 10 }),
        fc.integer({ min: 1, max: 6 }),
        ({ frame, shardBytes, parityShards }, wanted) => {
          const all = shardsOf(frame, shardBytes)
          const blocks = Math.min(wanted, all.length)
          for (let block = 0; block < blocks; block++) {
            const ofBlock = all.filter((_, n) => n % blocks === block)
            expect(shardsInBlock(all.length, block, blocks)).toBe(ofBlock.length)
            const [made, expected] = [dirtyShards(parityShards, shardBytes), dirtyShards(parityShards, shardBytes)]
            encodeParity(frame, shardBytes, made, block, blocks)
            encodeParity(Buffer.concat(ofBlock), shardBytes, expected)
            expect(made).toEqual(expected)
          }
        }
      )
    )
  })

  it('of a frame too large for one block is made in several', () => {
    const frame = bytesOf(1_000_000, 5)
    const shards = Math.ceil(frame.length / 1200)
    expect(() => encodeParity(frame, 1200, dirtyShards(1, 1200), 0, 3)).toThrow(TypeError)
    for (let block = 0; block < 4; block++) {
      const [parity, expected] = [dirtyShards(1, 1200), new Uint8Array(1200)]
      encodeParity(frame, 1200, parity, block, 4)
      const ofBlock = shardsOf(frame, 1200).filter((_, n) => n % 4 === block)
      expected.set(slowParity(ofBlock, 1)[0]!)
      expect(Buffer.compare(parity[0]!, expected)).toBe(0)
    }
    expect([0, 1, 2, 3].map((block) => shardsInBlock(shards, block, 4))).toEqual([209, 209, 208, 208])
  })

  it('is written where it belongs and nowhere else', () => {
    const packet = new Uint8Array(3 * 20).fill(7)
    const frame = bytesOf(50, 9)
    const before = frame.slice()
    // Room for headers before each shard of one packet.
    const parity = [0, 1, 2].map((j) => Buffer.from(packet.buffer, j * 20 + 4, 12))
    encodeParity(frame, 12, parity)
    expect(frame).toEqual(before)
    const expected = slowParity(shardsOf(frame, 12), 3)
    for (const j of [0, 1, 2]) {
      expect(packet.slice(j * 20, j * 20 + 4)).toEqual(new Uint8Array(4).fill(7))
      expect(packet.slice(j * 20 + 4, j * 20 + 16)).toEqual(expected[j])
      expect(packet.slice(j * 20 + 16, j * 20 + 20)).toEqual(new Uint8Array(4).fill(7))
    }
  })
})

describe('a mistake is named:', () => {
  const frame = bytesOf(10, 1)
  const two = dirtyShards(2, 4)

  it.each<[string, () => void]>([
    ['encodeParity: data must be a Uint8Array', () => encodeParity([1, 2] as never, 4, two)],
    ['encodeParity: parity must be an array of Uint8Arrays', () => encodeParity(frame, 4, new Uint8Array(4) as never)],
    ['encodeParity: shardBytes must be a positive integer, not 0', () => encodeParity(frame, 0, two)],
    ['encodeParity: shardBytes must be a positive integer, not NaN', () => encodeParity(frame, Number.NaN, two)],
    ['encodeParity: shardBytes must be a positive integer, not 1.5', () => encodeParity(frame, 1.5, two)],
    ['encodeParity: blocks must be a positive integer, not 0', () => encodeParity(frame, 4, two, 0, 0)],
    ['encodeParity: block must be an integer from 0 to 1, not 2', () => encodeParity(frame, 4, two, 2, 2)],
    ['encodeParity: block must be an integer from 0 to 1, not -1', () => encodeParity(frame, 4, two, -1, 2)],
    ['encodeParity: the block has no data', () => encodeParity(new Uint8Array(), 4, two)],
    ['encodeParity: the block has no data', () => encodeParity(frame, 4, two, 3, 4)],
    ['encodeParity: parity[1] must have 4 bytes, not 5', () => encodeParity(frame, 4, [two[0]!, new Uint8Array(5)])],
    ['encodeParity: parity[0] must be a Uint8Array', () => encodeParity(frame, 4, [undefined as never])],
    [
      'encodeParity: a block has at most 255 shards, not 250 of data and 6 of parity',
      () => encodeParity(new Uint8Array(250), 1, dirtyShards(6, 1))
    ]
  ])('%s', (message, call) => {
    expect(call).toThrow(new TypeError(message))
  })

  it('and nothing is written then', () => {
    const parity = [...dirtyShards(1, 4), new Uint8Array(3)]
    expect(() => encodeParity(frame, 4, parity)).toThrow(TypeError)
    expect(parity[0]).toEqual(dirtyShards(1, 4)[0])
  })
})
