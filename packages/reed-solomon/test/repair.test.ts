import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeParity, repairData } from '../src/index.js'
import { bytesOf, dirtyShards, type Shape, shapes, viewsOf } from './frames.js'
import { shardsOf, slowParity, slowRepair } from './slow.js'

/** What came of a block after the shards at some places were lost; places go on from data to parity. */
function losing({ frame, shardBytes, parityShards }: Shape, lost: ReadonlySet<number>) {
  const data = viewsOf(frame, shardBytes)
  const parity = dirtyShards(parityShards, shardBytes)
  encodeParity(frame, shardBytes, parity)
  const rebuilt = data.map((shard, i) => (lost.has(i) ? new Uint8Array(shard.length).fill(0xa5) : undefined))
  return {
    data,
    came: data.map((shard, i) => (lost.has(i) ? undefined : shard)),
    cameParity: parity.map((shard, j) => (lost.has(data.length + j) ? undefined : shard)),
    rebuilt,
    expected: data.map((shard, i) => (lost.has(i) ? Uint8Array.from(shard) : undefined))
  }
}

/** A shape and which of its shards are lost. */
function losses(limits: Parameters<typeof shapes>[0], count: (parityShards: number) => { min: number; max: number }) {
  return shapes(limits).chain((shape) => {
    const places = Array.from({ length: shape.dataShards + shape.parityShards }, (_, place) => place)
    const { min, max } = count(shape.parityShards)
    return fc.tuple(
      fc.constant(shape),
      fc.shuffledSubarray(places, { minLength: min, maxLength: max }).map((lost) => new Set(lost))
    )
  })
}

const upToAll = (parityShards: number) => ({ min: 0, max: parityShards })
const oneTooMany = (parityShards: number) => ({ min: parityShards + 1, max: parityShards + 1 })

describe('a block', () => {
  it('is repaired after any loss of as many shards as it has parity', () => {
    fc.assert(
      fc.property(losses({}, upToAll), ([shape, lost]) => {
        const { came, cameParity, rebuilt, expected } = losing(shape, lost)
        expect(repairData(came, cameParity, shape.shardBytes, rebuilt)).toBe(true)
        expect(rebuilt).toEqual(expected)
      }),
      { numRuns: 300 }
    )
  })

  it('of long shards is repaired as well', () => {
    fc.assert(
      fc.property(losses({ dataShards: 12, parityShards: 12, shardBytes: 7000 }, upToAll), ([shape, lost]) => {
        const { came, cameParity, rebuilt, expected } = losing(shape, lost)
        expect(repairData(came, cameParity, shape.shardBytes, rebuilt)).toBe(true)
        expect(Buffer.compare(joined(rebuilt), joined(expected))).toBe(0)
      })
    )
  })

  it('that lost one shard more cannot be repaired, and nothing is written', () => {
    fc.assert(
      fc.property(losses({}, oneTooMany), ([shape, lost]) => {
        const { came, cameParity, rebuilt } = losing(shape, lost)
        expect(repairData(came, cameParity, shape.shardBytes, rebuilt)).toBe(false)
        expect(joined(rebuilt).every((byte) => byte === 0xa5)).toBe(true)
      })
    )
  })

  it('is repaired to what linear equations say', () => {
    fc.assert(
      fc.property(losses({ dataShards: 12, parityShards: 12, shardBytes: 3 }, upToAll), ([shape, lost]) => {
        const { frame, shardBytes, dataShards, parityShards } = shape
        const shards = shardsOf(frame, shardBytes)
        const parity = slowParity(shards, parityShards)
        const left = [...shards, ...parity]
          .map((shard, place) => [place, shard] as const)
          .filter(([place]) => !lost.has(place))
        expect(slowRepair(dataShards, left.slice(-dataShards))).toEqual(shards)

        const rebuilt = dirtyShards(dataShards, shardBytes)
        const came = shards.map((shard, i) => (lost.has(i) ? undefined : shard))
        const cameParity = parity.map((shard, j) => (lost.has(dataShards + j) ? undefined : shard))
        expect(repairData(came, cameParity, shardBytes, rebuilt)).toBe(true)
        expect(came.map((shard, i) => shard ?? rebuilt[i])).toEqual(shards)
      })
    )
  })

  it('of which all data is lost comes back from parity alone', () => {
    const shape: Shape = { dataShards: 127, parityShards: 128, shardBytes: 5, frame: bytesOf(127 * 5 - 3, 3) }
    const { came, cameParity, rebuilt, expected } = losing(shape, new Set(Array(127).keys()))
    expect(repairData(came, [undefined, ...cameParity.slice(1)], 5, rebuilt)).toBe(true)
    expect(rebuilt).toEqual(expected)
  })

  it('that lost nothing, or only parity, needs none', () => {
    const shards = viewsOf(bytesOf(11, 1), 4)
    expect(repairData(shards, [], 4, [])).toBe(true)
    expect(repairData(shards, [undefined, undefined], 4, [])).toBe(true)
  })

  it('takes no more parity than it needs', () => {
    const shape: Shape = { dataShards: 5, parityShards: 4, shardBytes: 8, frame: bytesOf(40, 8) }
    const { came, cameParity, rebuilt, expected } = losing(shape, new Set([1, 3]))
    const spoilt = cameParity.map((shard, j) => (j < 2 ? shard : new Uint8Array(8)))
    expect(repairData(came, spoilt, 8, rebuilt)).toBe(true)
    expect(rebuilt).toEqual(expected)
  })
})

it('a frame of several blocks is put together in place after a burst of losses', () => {
  fc.assert(
    fc.property(
      shapes({ dataShards: 120, shardBytes: 20 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(),
      ({ frame, shardBytes }, wanted, position) => {
        const count = Math.ceil(frame.length / shardBytes)
        const blocks = Math.min(wanted, count)
        const burst = Math.min(count, 3 * blocks)
        const from = position % (count - burst + 1)
        const received = Uint8Array.from(frame)
        received.fill(0xa5, from * shardBytes, (from + burst) * shardBytes)
        const shards = viewsOf(received, shardBytes)
        for (let block = 0; block < blocks; block++) {
          const parity = dirtyShards(3, shardBytes)
          encodeParity(frame, shardBytes, parity, block, blocks)
          const ofBlock = shards.filter((_, n) => n % blocks === block)
          const came = ofBlock.map((shard, i) => {
            const n = block + i * blocks
            return n >= from && n < from + burst ? undefined : shard
          })
          expect(repairData(came, parity, shardBytes, ofBlock)).toBe(true)
        }
        expect(Buffer.compare(received, frame)).toBe(0)
      }
    )
  )
})

describe('a mistake is named:', () => {
  const full = new Uint8Array(4)
  const short = new Uint8Array(3)

  it.each<[string, () => void]>([
    ['repairData: data must be an array of Uint8Arrays', () => repairData(undefined as never, [], 4, [])],
    ['repairData: parity must be an array of Uint8Arrays', () => repairData([full], null as never, 4, [])],
    ['repairData: rebuilt must be an array of Uint8Arrays', () => repairData([full], [], 4, full as never)],
    ['repairData: shardBytes must be a positive integer, not -4', () => repairData([full], [], -4, [])],
    ['repairData: shardBytes must be a positive integer, not Infinity', () => repairData([full], [], Infinity, [])],
    ['repairData: the block has no data', () => repairData([], [full], 4, [])],
    ['repairData: data[0] must have 4 bytes, not 3', () => repairData([short, full], [], 4, [])],
    ['repairData: data[1] must have 1 to 4 bytes, not 5', () => repairData([full, new Uint8Array(5)], [], 4, [])],
    ['repairData: data[1] must have 1 to 4 bytes, not 0', () => repairData([full, new Uint8Array(0)], [], 4, [])],
    ['repairData: data[0] must be a Uint8Array', () => repairData(['text' as never], [], 4, [])],
    ['repairData: parity[1] must have 4 bytes, not 3', () => repairData([full], [undefined, short], 4, [])],
    ['repairData: rebuilt[0] must be a Uint8Array', () => repairData([undefined, full], [full], 4, [])],
    ['repairData: rebuilt[0] must have 4 bytes, not 3', () => repairData([undefined, full], [full], 4, [short])],
    [
      'repairData: a block has at most 255 shards, not 255 of data and 1 of parity',
      () => repairData(Array(255).fill(full), [full], 4, [])
    ]
  ])('%s', (message, call) => {
    expect(call).toThrow(new TypeError(message))
  })
})

function joined(shards: readonly (Uint8Array | undefined)[]): Buffer {
  return Buffer.concat(shards.filter((shard) => shard !== undefined))
}
