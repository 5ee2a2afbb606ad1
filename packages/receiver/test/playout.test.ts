import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CaptureClock } from '../src/capture-clock.js'
import type { IncomingFrame } from '../src/connection.js'
import type { WaitingFrame } from '../src/frame.js'
import { Playout } from '../src/playout.js'
import { HandClock } from './hand-clock.js'

const data = Buffer.from('ffd8ffd9', 'hex')

class Rig {
  readonly clock = new HandClock()
  readonly given: Array<WaitingFrame & { atMs: number }> = []
  readonly playout: Playout

  constructor(delayMs = 0) {
    const { clock, given } = this
    this.playout = new Playout({ clock, delayMs, give: (frame) => given.push({ ...frame, atMs: clock.nowMs() }) })
  }

  /** A frame that arrives `arrivedMs` after the beginning. */
  at(arrivedMs: number, frame: Omit<IncomingFrame, 'data'>): this {
    this.clock.pass(1000 + arrivedMs - this.clock.nowMs())
    this.playout.push({ data, ...frame })
    return this
  }

  /** Sequence and time of what was handed out. */
  get times(): Array<[number, number]> {
    return this.given.map(({ sequence, atMs }) => [sequence, atMs - 1000])
  }
}

describe('without a delay', () => {
  test('frames go out as they come, and one that was overtaken is left out', () => {
    const rig = new Rig().at(0, { sequence: 7 }).at(1, { sequence: 9 }).at(2, { sequence: 8 }).at(3, { sequence: 9 })
    rig.at(4, { sequence: 10 })
    expect(rig.given.map(({ sequence }) => sequence)).toEqual([0, 2, 3])
    expect(rig.playout.late).toBe(2)
  })

  test('frames without numbers are numbered', () => {
    const rig = new Rig().at(0, {}).at(1, {}).at(2, {})
    expect(rig.given.map(({ sequence }) => sequence)).toEqual([0, 1, 2])
  })

  test('numbers go on growing when the server begins anew, told or not', () => {
    const rig = new Rig().at(0, { sequence: 500 }).at(1, { sequence: 501 })
    rig.playout.restart()
    rig.at(2, { sequence: 3 }).at(3, { sequence: 400 }).at(4, { sequence: 5 })
    expect(rig.given.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 399, 400])
    expect(rig.playout.late).toBe(0)
  })

  test('the age comes from the wall clock, unless the clocks do not agree', () => {
    const wallUs = (agoMs: number) => (1_700_000_001_000 - agoMs) * 1000
    const rig = new Rig().at(0, { wallClockUs: wallUs(40) }).at(0, { wallClockUs: wallUs(-20) })
    rig
      .at(0, { wallClockUs: wallUs(-500) })
      .at(0, { wallClockUs: wallUs(3_600_000) })
      .at(0, { ageMs: 12, wallClockUs: wallUs(40) })
    expect(rig.given.map(({ ageMs }) => ageMs)).toEqual([40, 0, undefined, undefined, 12])
  })
})

describe('with a delay', () => {
  test('frames that come unevenly go out evenly', () => {
    const rig = new Rig(100)
    // Captured every 40 ms by a clock of its own, on the way for 10 ms and up to 60 ms more.
    const more = [0, 30, 60, 5, 0, 44]
    const arrivals = more.map((late, index) => [index * 40 + 10 + late, index] as const)
    for (const [arrivedMs, index] of arrivals.toSorted(([one], [other]) => one - other)) {
      rig.at(arrivedMs, { sequence: index, timestampUs: 987_654_321 + index * 40_000 })
    }
    rig.clock.pass(1000)
    expect(rig.times).toEqual(more.map((_, index) => [index, index * 40 + 110]))
    expect(rig.playout.late).toBe(0)
    expect(rig.playout.jitterMs).toBeGreaterThan(0)
  })

  test('one that was overtaken takes its place, and one that comes too late is left out', () => {
    const rig = new Rig(50)
      .at(0, { sequence: 1 })
      .at(10, { sequence: 3 })
      .at(20, { sequence: 2 })
      .at(25, { sequence: 3 })
    rig.at(100, { sequence: 2 })
    rig.clock.pass(1000)
    // Nothing tells the captures, so the arrivals count; a lower number never goes after a higher one.
    expect(rig.times).toEqual([
      [0, 50],
      [1, 60],
      [2, 60]
    ])
    expect(rig.playout.late).toBe(2)
  })

  test('a camera that gives its last picture again does not hold up what comes', () => {
    const rig = new Rig(100).at(0, { sequence: 1, timestampUs: 1000 }).at(1000, { sequence: 2, timestampUs: 1000 })
    rig.clock.pass(1000)
    expect(rig.times).toEqual([
      [0, 100],
      [1, 1000]
    ])
  })

  test('a restart hands out what waits, and close leaves no timer', () => {
    const rig = new Rig(100).at(0, { sequence: 1 }).at(1, { sequence: 2 })
    rig.playout.restart()
    expect(rig.times).toEqual([
      [0, 1],
      [1, 1]
    ])
    rig.at(2, { sequence: 1 })
    expect(rig.clock.timers).toBe(1)
    rig.playout.close()
    expect(rig.clock.timers).toBe(0)
  })

  test('what waits is bounded', () => {
    const rig = new Rig(60_000)
    for (let sequence = 0; sequence < 1000; sequence++) rig.at(0, { sequence })
    expect(rig.given).toHaveLength(700)
  })

  test('property: numbers always grow, nothing waits longer than the delay, and every frame is given or late', () => {
    const frame = fc.record({
      gapMs: fc.nat(200),
      sequence: fc.nat(100),
      timestampUs: fc.option(fc.nat(10_000_000), { nil: undefined })
    })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 60 }), fc.constantFrom(0, 30, 500), (frames, delayMs) => {
        const rig = new Rig(delayMs)
        let nowMs = 0
        for (const { gapMs, sequence, timestampUs } of frames) {
          nowMs += gapMs
          rig.at(nowMs, { sequence, ...(timestampUs !== undefined && { timestampUs }) })
        }
        rig.clock.pass(10_000)
        expect(rig.given.length + rig.playout.late).toBe(frames.length)
        let last = -1
        for (const { sequence, atMs, receivedMs } of rig.given) {
          expect(sequence).toBeGreaterThan(last)
          last = sequence
          expect(atMs - receivedMs).toBeLessThanOrEqual(delayMs + 1)
        }
        expect(rig.clock.timers).toBe(0)
      })
    )
  })
})

describe('CaptureClock', () => {
  test('follows clocks that drift apart', () => {
    const clock = new CaptureClock()
    // Ours is slower by one part in a thousand.
    for (let ms = 0; ms <= 60_000; ms += 100) clock.arrived(ms, 5 + ms * 0.999)
    expect(clock.arrived(60_100, 5 + 60_100 * 0.999)).toBeCloseTo(5 + 60_100 * 0.999, -2)
    const faster = new CaptureClock()
    let early = 0
    for (let ms = 0; ms <= 60_000; ms += 100) early = 5 + ms * 1.001 - faster.arrived(ms, 5 + ms * 1.001)
    expect(early).toBeLessThan(25)
  })

  test('jitter is 0 where every frame takes the same time', () => {
    const clock = new CaptureClock()
    for (let ms = 0; ms < 1000; ms += 33) clock.arrived(ms, ms + 250)
    expect(clock.jitterMs).toBe(0)
  })
})
