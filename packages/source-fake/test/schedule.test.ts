import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameSchedule } from '../src/schedule.js'

describe('FrameSchedule', () => {
  it('makes frame 10 000 at 30 per second due after 333.333 seconds', () => {
    expect(new FrameSchedule(7_000_000, 30).dueUs(10_000)).toBeCloseTo(7_000_000 + 333_333_333.333, 2)
  })

  it('gives every frame once, in order, to somebody who comes whenever one is due', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 240, noNaN: true }), fc.maxSafeNat(), (framerate, startUs) => {
        const schedule = new FrameSchedule(startUs % 1e12, framerate)
        for (let index = 0; index < 300; index++) {
          const dueUs = Math.ceil(schedule.dueUs(index))
          expect(schedule.take(Math.ceil(schedule.dueUs(index)) - 2)).toBeUndefined()
          expect(schedule.take(dueUs)).toBe(index)
        }
      })
    )
  })

  it('gives only the newest frame to somebody who comes late', () => {
    const schedule = new FrameSchedule(0, 100)
    expect(schedule.take(0)).toBe(0)
    expect(schedule.take(19_999)).toBe(1)
    expect(schedule.take(20_000)).toBe(2)
    expect(schedule.take(65_000)).toBe(6)
    expect(schedule.take(65_001)).toBeUndefined()
    expect(schedule.next).toBe(7)
  })

  it('asks for whole milliseconds that do not end before the frame is due', () => {
    const schedule = new FrameSchedule(0, 30)
    schedule.take(0)
    expect(schedule.delayMs(100)).toBe(34)
    expect(schedule.delayMs(33_333)).toBe(1)
    expect(schedule.delayMs(90_000)).toBe(0)
  })

  it('never asks for more than a timer can take', () => {
    const schedule = new FrameSchedule(0, 1e-9)
    schedule.take(0)
    expect(schedule.delayMs(0)).toBe(2_147_483_647)
  })
})
