import { type Data, readData, writeDataHead } from '@streamer/protocol'
import { describe, expect, test } from 'vitest'
import { PartialFrame } from '../src/udp-v2/partial-frame.js'
import { ResendPlanner } from '../src/udp-v2/resend-planner.js'
import { cut } from './stand-in-server.js'

function shardsOf(count: number, parity = 0): Data[] {
  return cut(new Uint8Array(count * 10).fill(1), 1, { maxShard: 10, parity }).map(
    ({ head, shard }) => readData(Buffer.concat([writeDataHead(head), shard]))!
  )
}

/** A frame of which the shards with these indices came at 0 ms; each was sent with its index as its packet number. */
function frameWith(count: number, parity: number, came: readonly number[]): { frame: PartialFrame; shards: Data[] } {
  const shards = shardsOf(count, parity)
  const frame = new PartialFrame(1, shards[0]!, 0)
  for (const index of came) frame.add(shards[index]!, index, 0)
  return { frame, shards }
}

function at(nowMs: number, thirdHighest: number | undefined, roundTripMs = 20) {
  return { nowMs, roundTripMs, thirdHighest }
}

const never = Number.POSITIVE_INFINITY

describe('when shards count as lost', () => {
  test('three datagrams that were sent later make it so, two do not', () => {
    const { frame, shards } = frameWith(10, 0, [0, 1, 2, 4, 5])
    const planner = new ResendPlanner()
    expect(planner.plan(frame, at(1, 2), never)).toEqual([])
    frame.add(shards[6]!, 6, 1)
    expect(planner.plan(frame, at(1, 4), never)).toEqual([3])
  })

  test('nothing is known before three datagrams came', () => {
    const { frame } = frameWith(10, 0, [4])
    expect(new ResendPlanner().plan(frame, at(1, undefined), never)).toEqual([])
  })

  test('the end of a frame is lost when three datagrams of newer ones came', () => {
    const { frame } = frameWith(4, 0, [0, 1])
    frame.newerNumber = 4
    expect(new ResendPlanner().plan(frame, at(1, 3), never)).toEqual([])
    expect(new ResendPlanner().plan(frame, at(1, 4), never)).toEqual([2, 3])
  })

  test('the end of the last frame is lost when nothing more comes of it', () => {
    const { frame } = frameWith(4, 0, [0, 1])
    const planner = new ResendPlanner()
    expect(planner.plan(frame, at(99, 1), never)).toEqual([])
    expect(planner.plan(frame, at(100, 1), never)).toEqual([2, 3])
  })

  test('a datagram that was sent again says nothing about how much parity is on its way', () => {
    const { frame, shards } = frameWith(10, 0, [0])
    frame.add({ ...shards[8]!, flags: 2, parityCount: 16 }, 3, 0)
    expect(frame.shardCount).toBe(10)
  })

  test('a datagram that was sent again says nothing about those before it', () => {
    const { frame, shards } = frameWith(10, 0, [0, 1, 2])
    frame.add({ ...shards[8]!, flags: 2 }, 3, 0)
    expect(new ResendPlanner().plan(frame, at(1, 3), never)).toEqual([])
  })
})

describe('how many are asked for', () => {
  test('none, as long as parity may still come', () => {
    const { frame } = frameWith(6, 2, [0, 1, 4, 5])
    expect(new ResendPlanner().plan(frame, at(1, 4), never)).toEqual([])
  })

  test('as many as parity that came cannot replace', () => {
    const { frame } = frameWith(8, 2, [0, 4, 5, 6, 7, 8, 9])
    expect(new ResendPlanner().plan(frame, at(1, 9), never)).toEqual([1])
  })

  test('as many more when parity is lost too', () => {
    const { frame } = frameWith(8, 2, [0, 4, 5, 6, 7])
    frame.newerNumber = 10
    expect(new ResendPlanner().plan(frame, at(1, 10), never)).toEqual([1, 2, 3])
  })

  test('each block is looked at by itself', () => {
    const parity = 3
    const { shards } = frameWith(400, parity, [])
    const frame = new PartialFrame(1, shards[0]!, 0)
    // Of block 0 two are lost, of block 1 one, of block 2 none; each has one of parity.
    const lost = new Set([0, 3, 1])
    for (const data of shards) if (!lost.has(data.index)) frame.add(data, data.index, 0)
    expect(new ResendPlanner().plan(frame, at(1, 402), never)).toEqual([0])
  })
})

test('a frame that lacks too much is beyond help', () => {
  const { frame } = frameWith(300, 0, [0, 1, 297, 298, 299])
  expect(new ResendPlanner().plan(frame, at(1, 297), never)).toEqual([])
  const { frame: better } = frameWith(260, 0, [0, 257, 258, 259])
  expect(new ResendPlanner().plan(better, at(1, 257), never)).toHaveLength(256)
})

describe('when it is asked again', () => {
  test('one and a half round trips later, three times in all', () => {
    const { frame } = frameWith(4, 0, [0, 2, 3])
    const planner = new ResendPlanner()
    const asked = [0, 29, 30, 59, 60, 89, 90, 200].map((nowMs) => planner.plan(frame, at(nowMs, 3), never))
    expect(asked).toEqual([[1], [], [1], [], [1], [], [], []])
  })

  test('the planner says when that is', () => {
    const { frame } = frameWith(4, 0, [0, 2, 3])
    const planner = new ResendPlanner()
    planner.begin()
    planner.plan(frame, at(5, 3), never)
    expect(planner.againMs).toBe(35)
    planner.begin()
    planner.plan(frame, at(6, 3), never)
    expect(planner.againMs).toBe(35)
    planner.begin()
    expect(planner.againMs).toBe(never)
  })

  test('not parity, and nothing when all tries were in vain', () => {
    const { frame } = frameWith(5, 1, [0, 3, 4])
    frame.newerNumber = 6
    const planner = new ResendPlanner()
    // Three are missing, and any two of them will do; parity is not kept by servers.
    expect(planner.plan(frame, at(0, 6), never)).toEqual([1, 2])
    for (const nowMs of [30, 60]) planner.plan(frame, at(nowMs, 6), never)
    expect(planner.plan(frame, at(90, 6), never)).toEqual([])
  })

  test('not parity in place of data, which servers keep', () => {
    const { frame } = frameWith(4, 1, [0, 2, 3])
    frame.newerNumber = 5
    const planner = new ResendPlanner()
    for (const nowMs of [0, 30, 60]) expect(planner.plan(frame, at(nowMs, 5), never)).toEqual([1])
    expect(planner.plan(frame, at(90, 5), never)).toEqual([])
  })

  test('when parity came late, another shard of data is asked for in place of one that does not come', () => {
    const { frame, shards } = frameWith(5, 1, [0, 3, 4])
    frame.newerNumber = 6
    const planner = new ResendPlanner()
    for (const nowMs of [0, 30]) expect(planner.plan(frame, at(nowMs, 6), never)).toEqual([1, 2])
    frame.add(shards[5]!, 5, 31)
    // One of the two is still awaited, and one is enough.
    expect(planner.plan(frame, at(31, 6), never)).toEqual([])
    expect(planner.plan(frame, at(60, 6), never)).toEqual([1])
    expect(planner.plan(frame, at(90, 6), never)).toEqual([2])
  })
})

describe('the delay that a frame may have', () => {
  test('nothing is asked for that would come after a newer frame', () => {
    const { frame } = frameWith(4, 0, [0, 2, 3])
    expect(new ResendPlanner().plan(frame, at(81, 3), 100)).toEqual([])
    expect(new ResendPlanner().plan(frame, at(80, 3), 100)).toEqual([1])
  })

  test('nothing is asked for when one block cannot be made whole in any case', () => {
    const { shards } = frameWith(400, 0, [])
    const frame = new PartialFrame(1, shards[0]!, 0)
    for (const data of shards) if (data.index !== 0) frame.add(data, data.index, 0)
    const planner = new ResendPlanner()
    for (const nowMs of [0, 30, 60]) expect(planner.plan(frame, at(nowMs, 399), never)).toEqual([0])
    expect(planner.plan(frame, at(90, 399), never)).toEqual([])
  })

  test('nor for other blocks, when one was asked for in vain', () => {
    const shards = shardsOf(400, 3)
    const frame = new PartialFrame(1, shards[0]!, 0)
    // Block 0 lacks one more than its parity can replace, block 1 as much. Parity does not come.
    for (const data of shards) if (![0, 3, 1, 400, 401, 402].includes(data.index)) frame.add(data, data.index, 0)
    const planner = new ResendPlanner()
    const plan = (nowMs: number) => {
      frame.lastMs = nowMs
      return planner.plan(frame, at(nowMs, 399), never)
    }
    expect([0, 30, 60, 90, 120, 150, 180].map(plan)).toEqual([[0], [0], [0], [3], [3], [3], []])
    frame.newerNumber = 399
    expect(plan(210)).toEqual([])
  })
})
