import { maxParity } from '@streamer/protocol'
import { describe, expect, it } from 'vitest'
import { DelayBase } from '../src/v2/delay-base.js'
import { LongestDatagram } from '../src/v2/longest-datagram.js'
import { LossMeter } from '../src/v2/loss-meter.js'
import { parityFor } from '../src/v2/parity.js'
import { ResendBudget } from '../src/v2/resends.js'
import { ShardedFrames } from '../src/v2/sharded-frames.js'
import { StandInStream } from './stand-ins.js'

describe('parity', () => {
  it('is none without loss, and half of the data at most', () => {
    expect(parityFor(30, 0, true)).toBe(0)
    expect(parityFor(30, 0.5, false)).toBe(15)
    expect(parityFor(400, 0.5, false)).toBe(maxParity(400))
  })

  it('keeps to what is written in the documents for a frame of 40 KB', () => {
    const extra = (loss: number) => parityFor(30, loss, true) / 30 + 0.03
    expect(extra(0.02)).toBeLessThan(0.2)
    expect(extra(0.05)).toBeLessThan(0.3)
    expect(extra(0.1)).toBeLessThan(0.45)
  })

  it('suffices without resends for all but one frame in some thousand', () => {
    for (const loss of [0.02, 0.05, 0.1]) {
      const parity = parityFor(30, loss, false)
      expect(chanceOfMore(30 + parity, loss, parity)).toBeLessThan(1 / 5000)
    }
  })

  it('is made for each block of a large frame', () => {
    expect(parityFor(400, 0.05, false) % 3).toBe(0)
  })
})

/** By summing up the other way round, with logarithms. */
function chanceOfMore(count: number, probability: number, limit: number): number {
  const logFactorial = (n: number): number => (n < 2 ? 0 : Math.log(n) + logFactorial(n - 1))
  let sum = 0
  for (let lost = limit + 1; lost <= count; lost++) {
    const ways = logFactorial(count) - logFactorial(lost) - logFactorial(count - lost)
    sum += Math.exp(ways + lost * Math.log(probability) + (count - lost) * Math.log(1 - probability))
  }
  return sum
}

describe('the loss of a way', () => {
  it('rises within half a second, and falls slowly', () => {
    const meter = new LossMeter()
    for (let report = 0; report < 50; report++) meter.add(90, 0)
    expect(meter.share).toBe(0)
    for (let report = 0; report < 5; report++) meter.add(90, 18)
    expect(meter.share).toBeGreaterThan(0.08)
    for (let report = 0; report < 5; report++) meter.add(90, 0)
    expect(meter.share).toBeGreaterThan(0.01)
    for (let report = 0; report < 200; report++) meter.add(90, 0)
    expect(meter.share).toBeLessThan(0.001)
  })

  it('stays within 0 and 1 whatever is reported', () => {
    const meter = new LossMeter()
    meter.add(10, -20)
    expect(meter.share).toBe(0)
    meter.add(10, 1000)
    expect(meter.share).toBe(1)
  })
})

describe('what a datagram waited', () => {
  it('is what it took longer than the quickest of the last minute, across the end of 32 bits', () => {
    const base = new DelayBase()
    expect(base.queueMs(0xffff_ff00, 0)).toBe(0)
    expect(base.queueMs(0x0000_2610, 100)).toBeCloseTo(10, 3)
    expect(base.queueMs(0xffff_fe00, 200)).toBe(0)
    expect(base.queueMs(0xffff_ff00, 70_000)).toBeCloseTo(0.256, 3)
    for (let atMs = 80_000; atMs <= 140_000; atMs += 10_000) base.queueMs(0xffff_ff00, atMs)
    expect(base.queueMs(0xffff_ff00, 150_000)).toBe(0)
  })
})

describe('the longest datagram', () => {
  it('is 1200 bytes until a longer one was sent and came', () => {
    const longest = new LongestDatagram(1452, 0)
    longest.confirm(1452)
    expect(longest.length).toBe(1200)
    expect(longest.due(0)).toEqual([1452, 1400])
    expect(longest.due(1)).toEqual([])
    longest.confirm(1400)
    expect(longest.length).toBe(1400)
    expect(longest.due(600)).toEqual([1452])
    longest.confirm(9000)
    expect(longest.length).toBe(1452)
    expect(longest.due(10_000)).toEqual([])
  })

  it('is never longer than both sides want', () => {
    const longest = new LongestDatagram(1400, 0)
    expect(longest.due(0)).toEqual([1400])
    longest.confirm(1452)
    expect(longest.length).toBe(1400)
  })

  it('is 1200 again when hardly anything comes, and on another way', () => {
    const longest = new LongestDatagram(1452, 0)
    longest.due(0)
    longest.confirm(1452)
    for (let report = 0; report < 3; report++) longest.judge(20, 1, 1000)
    expect(longest.length).toBe(1200)
    longest.confirm(1452)
    expect(longest.length).toBe(1200)
    expect(longest.due(1500)).toEqual([])
    expect(longest.due(2000)).toEqual([1452, 1400])
  })
})

describe('resends', () => {
  it('are three for each shard, and a quarter of what is sent', () => {
    const budget = new ResendBudget()
    for (let time = 0; time < 3; time++) expect(budget.spend(1, 4, 30, 1000)).toBe(true)
    expect(budget.spend(1, 4, 30, 1000)).toBe(false)
    expect(budget.spend(1, 30, 30, 1000)).toBe(false)
    let spent = 0
    while (budget.spend(2 + spent, 0, 30, 1000)) spent++
    expect(spent).toBeLessThan(33)
    budget.earn(40_000)
    for (let time = 0; time < 10; time++) expect(budget.spend(1000 + time, 0, 30, 1000)).toBe(true)
    expect(budget.spend(2000, 0, 30, 1000)).toBe(false)
  })
})

describe('frames', () => {
  const stream = new StandInStream()
  const frame = (size: number) => stream.publish(new Uint8Array(size).fill(size))

  it('are cut and numbered once for all clients, and get a new number when they are given again', () => {
    const frames = new ShardedFrames(stream, 0)
    const first = frame(5000)
    const cut = frames.cut(first, -1, 1162, 0)
    expect(frames.cut(first, -1, 1162, 1)).toBe(cut)
    expect(frames.cut(first, -1, 1400, 1).id).toBe(cut.id)
    const again = frames.cut(first, cut.id, 1162, 1000)
    expect([again.id, again.isRepeated, cut.isRepeated]).toEqual([1, true, false])
    expect(frames.cut(frame(10), 1, 1162, 1001)).toMatchObject({ id: 2, isRepeated: false })
  })

  it('can be had again for a second, within bounds', () => {
    const frames = new ShardedFrames(stream, 0)
    frames.cut(frame(100), -1, 1162, 0)
    frames.cut(frame(100), 0, 1162, 900)
    expect(frames.oldestId).toBe(0)
    frames.cut(frame(100), 1, 1162, 1100)
    expect(frames.oldestId).toBe(1)
    for (let id = 2; id < 10; id++) frames.cut(frame(8 * 1024 * 1024), id, 1162, 1200)
    expect(frames.oldestId).toBeGreaterThan(3)
    frames.clear()
    expect(frames.cut(frame(100), 9, 1162, 1300).id).toBeGreaterThan(9)
  })

  it('have parity only as far as somebody wants it, and the first shards of it stay the same', () => {
    const cut = new ShardedFrames(stream, 0).cut(frame(40_000), -1, 1162, 0)
    expect(cut.shard(cut.layout.dataCount)).toBeUndefined()
    cut.prepare(2)
    const before = Buffer.from(cut.shard(cut.layout.dataCount + 1)!)
    cut.prepare(1000)
    expect(Buffer.from(cut.shard(cut.layout.dataCount + 1)!)).toEqual(before)
    expect(cut.shard(cut.layout.dataCount + maxParity(cut.layout.dataCount))).toBeUndefined()
  })
})
