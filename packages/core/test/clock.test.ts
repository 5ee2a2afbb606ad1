import { execFileSync } from 'node:child_process'
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

it('the monotonic clock is the one of the host, from the first call in a program on', () => {
  const readings = inFreshProgram(`
    import { monotonicUs } from ${JSON.stringify(new URL('../dist/plugin/clock.js', import.meta.url))}
    const readings = Array.from({ length: 100 }, () => [process.hrtime.bigint(), monotonicUs(), process.hrtime.bigint()])
    console.log(JSON.stringify(readings.map((times) => times.map((time) => typeof time === 'bigint' ? Number(time) / 1000 : time))))
  `) as [before: number, time: number, after: number][]
  expect(readings).toHaveLength(100)
  // However long the program is kept waiting, its own clock is read between the two readings of the host's.
  for (const [before, time, after] of readings) {
    expect(time).toBeGreaterThan(before - 100)
    expect(time).toBeLessThan(after + 100)
  }
})

function inFreshProgram(module: string): unknown {
  const args = ['--input-type=module', '--eval', module]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

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
