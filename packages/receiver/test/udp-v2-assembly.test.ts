import { blocksOf, type Data, readData, writeDataHead } from '@streamer/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DueFrames } from '../src/udp-v2/due-frames.js'
import { FrameAssembly } from '../src/udp-v2/frame-assembly.js'
import { cut, seeded } from './stand-in-server.js'

const maxFrameBytes = 16 * 1024 * 1024

/** What a client reads of each shard of a frame. */
function shardsOf(frame: Uint8Array, frameId: number, options: Parameters<typeof cut>[2] = {}): Data[] {
  return cut(frame, frameId, options).map(
    ({ head, shard }) => readData(Buffer.concat([writeDataHead(head), Buffer.from(shard)]))!
  )
}

function noise(length: number, seed = 1): Buffer {
  const random = seeded(seed)
  return Buffer.from(Array.from({ length }, () => random() * 256))
}

function assembly(delayMs = 0, maxBytes = maxFrameBytes): FrameAssembly {
  return new FrameAssembly({ maxFrameBytes: maxBytes, delayMs })
}

/** Gives shards in this order; @returns the frames that came out. */
function feed(to: FrameAssembly, shards: readonly Data[], nowMs = 0) {
  return shards.map((data, number) => to.add(data, number, nowMs)).filter((frame) => frame !== undefined)
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)
}

describe('repair', () => {
  test('whatever is lost, as long as parity covers it, the frame comes out with its exact bytes', () => {
    const shape = fc.record({
      size: fc.integer({ min: 1, max: 4000 }),
      maxShard: fc.integer({ min: 1, max: 40 }),
      parityPerBlock: fc.integer({ min: 0, max: 20 }),
      seed: fc.integer()
    })
    fc.assert(
      fc.property(shape, ({ size, maxShard, parityPerBlock, seed }) => {
        const random = seeded(seed)
        const frame = noise(size, seed)
        const blocks = blocksOf(Math.ceil(size / maxShard))
        const shards = shardsOf(frame, 7, { maxShard, parity: blocks * parityPerBlock })
        const { dataCount } = shards[0]!
        const budget = new Array<number>(blocksOf(dataCount)).fill(parityPerBlock)
        const arriving = shuffled(shards, random).filter(({ index }) => {
          const block = (index < dataCount ? index : index - dataCount) % budget.length
          const isLost = budget[block]! > 0 && random() < 0.5
          if (isLost) budget[block]!--
          return !isLost
        })
        const doubled = arriving.flatMap((data) => (random() < 0.2 ? [data, data] : [data]))
        const to = assembly()
        const [whole, ...more] = feed(to, doubled)
        expect(Buffer.from(whole!.data).equals(frame)).toBe(true)
        expect(more).toEqual([])
        expect(to.counts).toMatchObject({ whole: 1, lost: 0, refused: 0 })
        expect(to.size).toEqual({ frames: 0, bytes: 0 })
      })
    )
  })

  test('a burst of losses in a frame of several blocks is spread over them', () => {
    const frame = noise(400 * 20, 3)
    const shards = shardsOf(frame, 1, { maxShard: 20, parity: 3 * 10 })
    expect(shards[0]!.dataCount).toBe(400)
    const [whole] = feed(
      assembly(),
      shards.filter(({ index }) => index < 100 || index >= 130)
    )
    expect(whole!.isRepaired).toBe(true)
    expect(Buffer.from(whole!.data).equals(frame)).toBe(true)
  })

  test('one shard more than parity covers keeps it from being whole', () => {
    const shards = shardsOf(noise(1000), 1, { maxShard: 100, parity: 2 })
    const to = assembly()
    expect(feed(to, shards.slice(3))).toEqual([])
    expect(to.add(shards[0]!, 100, 0)?.isRepaired).toBe(true)
  })

  test('a frame of which all data came is not a repaired one, whatever parity came', () => {
    const [first, second, parity] = shardsOf(noise(200), 1, { maxShard: 100, parity: 1 })
    expect(feed(assembly(), [first!, second!, parity!]).map(({ isRepaired }) => isRepaired)).toEqual([false])
  })

  test('a frame in which a shard was sent again is a repaired one', () => {
    const [first, second] = shardsOf(noise(200), 1, { maxShard: 100 })
    const [whole] = feed(assembly(), [first!, { ...second!, flags: 2 }])
    expect(whole!.isRepaired).toBe(true)
  })

  test('the frame has memory of its own', () => {
    const frame = noise(250)
    const shards = shardsOf(frame, 1, { maxShard: 100 })
    const [whole] = feed(assembly(), shards)
    for (const { shard } of shards) shard.fill(0)
    expect(Buffer.from(whole!.data).equals(frame)).toBe(true)
    expect(whole!.data.buffer.byteLength).toBe(250)
  })
})

describe('bounds', () => {
  test('memory follows what came, not what was declared', () => {
    const { head, shard } = cut(new Uint8Array(maxFrameBytes), 1)[0]!
    const to = assembly()
    to.add(readData(Buffer.concat([writeDataHead(head), shard]))!, 0, 0)
    expect(to.size.frames).toBe(1)
    expect(to.size.bytes).toBeLessThan(2000)
  })

  test('a frame that says it is larger than allowed is refused, and counted once', () => {
    const to = assembly(0, 999)
    expect(feed(to, shardsOf(noise(1000), 1, { maxShard: 100 }))).toEqual([])
    expect(to.counts).toMatchObject({ refused: 1, lost: 0 })
    expect(to.size.frames).toBe(0)
    expect(feed(to, shardsOf(noise(999), 2, { maxShard: 100 }))).toHaveLength(1)
  })

  test('the newest frames are kept, and older ones counted as lost', () => {
    const to = assembly()
    for (let id = 0; id < 20; id++) to.add(shardsOf(noise(200), id, { maxShard: 100 })[0]!, id, 0)
    expect([...to.frames].map(({ id }) => id % 2 ** 32)).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
    expect(to.counts.lost).toBe(12)
  })

  test('frames that are put together take a bounded number of bytes', () => {
    const to = assembly(1000, 1024 * 1024)
    const frame = new Uint8Array(1024 * 1024)
    let most = 0
    for (let id = 0; id < 40; id++) {
      for (const data of shardsOf(frame, id, { maxShard: 8192 }).slice(1)) {
        to.add(data, 0, 0)
        most = Math.max(most, to.size.bytes)
      }
    }
    expect(most).toBeLessThan(9 * 1024 * 1024)
    expect(to.size.frames).toBeGreaterThan(4)
    expect(to.counts.lost).toBe(40 - to.size.frames)
  })

  test('shards beyond what a block needs are not kept', () => {
    const frame = noise(400 * 20)
    const shards = shardsOf(frame, 1, { maxShard: 20, parity: 3 * 60 })
    const ofFirstBlock = shards.filter(({ index }) => (index < 400 ? index : index - 400) % 3 === 0)
    const to = assembly()
    feed(to, ofFirstBlock.slice(0, 134))
    const { bytes } = to.size
    feed(to, ofFirstBlock.slice(134))
    expect(to.size.bytes).toBe(bytes)
  })
})

describe('order', () => {
  test('when a frame is whole, older ones that are not are lost, and what comes of them begins no new ones', () => {
    const to = assembly()
    const old = shardsOf(noise(200), 1, { maxShard: 100 })
    to.add(old[0]!, 0, 0)
    expect(feed(to, shardsOf(noise(200), 2, { maxShard: 100 }))).toHaveLength(1)
    expect(to.counts.lost).toBe(1)
    expect(feed(to, old)).toEqual([])
    expect(to.size.frames).toBe(0)
    expect(to.counts).toMatchObject({ whole: 1, lost: 1 })
  })

  test('with a delay, older frames may still become whole until the newer one is due', () => {
    const to = assembly(100)
    const [first, second] = shardsOf(noise(200), 1, { maxShard: 100, captureUs: 0 })
    const next = shardsOf(noise(200), 2, { maxShard: 100, captureUs: 20_000 })
    const third = shardsOf(noise(200), 3, { maxShard: 100, captureUs: 40_000 })
    // On the way for 5 ms: due 5 + 100 ms after its capture.
    to.add(first!, 0, 5)
    expect(feed(to, next, 25)).toHaveLength(1)
    to.add(third[0]!, 3, 45)
    expect(to.counts.lost).toBe(0)
    expect(to.add(second!, 4, 120)?.id).toBe(2 ** 32 + 1)
    to.settle(125)
    expect(to.counts).toMatchObject({ whole: 2, lost: 0 })
    expect(to.add(third[1]!, 5, 300)?.id).toBe(2 ** 32 + 3)
  })

  test('with a delay, older frames are given up when the newer one is due', () => {
    const to = assembly(100)
    const [first, second] = shardsOf(noise(200), 1, { maxShard: 100, captureUs: 0 })
    to.add(first!, 0, 5)
    feed(to, shardsOf(noise(200), 2, { maxShard: 100, captureUs: 20_000 }), 25)
    to.settle(124)
    expect(to.counts.lost).toBe(0)
    expect(to.add(second!, 4, 125)).toBeUndefined()
    expect(to.counts.lost).toBe(1)
  })

  test('of frames that wait for their time, the oldest goes before it when they are too many', () => {
    const due = new DueFrames(60_000)
    for (let id = 0; id < 300; id++) due.add(id, id * 1000, id)
    expect(due.take(300)).toBeUndefined()
    due.add(300, 300_000, 300)
    expect(due.take(300)).toBe(0)
    expect([due.has(0), due.has(1), due.newerThan(0)]).toEqual([false, true, 60_001])
  })

  test('a gap in the ids is no loss', () => {
    const to = assembly()
    feed(to, shardsOf(noise(100), 1))
    feed(to, shardsOf(noise(100), 100))
    expect(to.counts).toMatchObject({ whole: 2, lost: 0 })
  })

  test('ids go on where 32 bits end, and what is older than the first frame is older', () => {
    const to = assembly(1000)
    const ids = [0xffff_fffe, 0xffff_ffff, 0, 1, 0xffff_fffd].map(
      (frameId) => feed(to, shardsOf(noise(100), frameId))[0]!.id - 2 ** 32
    )
    expect(ids).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 32 - 3])
    const fresh = assembly(1000)
    expect(feed(fresh, shardsOf(noise(100), 0))[0]!.id).toBe(2 ** 32)
    expect(feed(fresh, shardsOf(noise(100), 0xffff_ffff))[0]!.id).toBe(2 ** 32 - 1)
  })

  test('datagrams that describe a frame otherwise than its first one are ignored', () => {
    const frame = noise(200)
    const [first, second] = shardsOf(frame, 1, { maxShard: 100 })
    const others = [
      ...shardsOf(noise(201), 1, { maxShard: 101 }),
      ...shardsOf(noise(200), 1, { maxShard: 50 }),
      ...shardsOf(noise(200, 9), 1, { maxShard: 100, captureUs: 1 })
    ]
    const [whole] = feed(assembly(), [first!, ...others, second!])
    expect(Buffer.from(whole!.data).equals(frame)).toBe(true)
  })

  test('the same shard twice is counted as there already', () => {
    const [first] = shardsOf(noise(200), 1, { maxShard: 100 })
    const to = assembly()
    feed(to, [first!, first!])
    expect(to.counts.duplicates).toBe(1)
  })
})
