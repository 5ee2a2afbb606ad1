import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { monotonicUs, wallClockMs } from '../src/plugin/index.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('the monotonic clock counts whole microseconds and goes on with time', () => {
  const before = monotonicUs()
  expect(Number.isInteger(before)).toBe(true)
  vi.advanceTimersByTime(1500)
  expect(monotonicUs() - before).toBe(1_500_000)
})

it('wall-clock times keep the distances of timestamps, whatever the milliseconds of the clock do meanwhile', () => {
  wallClockMs(monotonicUs())
  const start = monotonicUs()
  let last = wallClockMs(start)
  for (let step = 1; step <= 500; step++) {
    vi.setSystemTime(Math.floor(Date.now() + (step % 3)) - (step % 3))
    const next = wallClockMs(start + step * 100)
    expect(next).toBeGreaterThan(last)
    last = next
  }
})

it('wall-clock times follow a clock that is set, forward and back', () => {
  for (const now of ['2026-01-01T12:00:00Z', '2031-01-01T00:00:00Z', '2026-06-01T00:00:00Z']) {
    vi.setSystemTime(new Date(now))
    expect(Math.abs(wallClockMs(monotonicUs()) - Date.parse(now))).toBeLessThan(1)
  }
})
