import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TroubleLog } from '../src/plugin/index.js'
import { StandInLogger } from './stand-ins.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('trouble that lasts is said at once, then ever less often with a count, and after a pause it is new again', () => {
  const logger = new StandInLogger()
  const trouble = new TroubleLog(logger)
  for (let ms = 0; ms < 15_000; ms += 100) {
    trouble.warn('bad frame')
    vi.advanceTimersByTime(100)
  }
  expect(logger.lines).toEqual([
    'warn : bad frame',
    'warn : bad frame (9 more in the last 1 s)',
    'warn : bad frame (20 more in the last 2 s)',
    'warn : bad frame (40 more in the last 4 s)',
    'warn : bad frame (80 more in the last 8 s)'
  ])
  logger.lines.length = 0
  vi.advanceTimersByTime(76_000)
  trouble.warn('bad frame')
  expect(logger.lines).toEqual(['warn : bad frame'])
  trouble.close()
  expect(vi.getTimerCount()).toBe(0)
})

it('a day of trouble is some thirty lines, not eighty thousand', () => {
  const logger = new StandInLogger()
  const trouble = new TroubleLog(logger)
  for (let second = 0; second < 86_400; second++) {
    trouble.warn('bad frame')
    vi.advanceTimersByTime(1000)
  }
  expect(logger.lines.length).toBeLessThan(40)
})

it('different troubles do not hide each other', () => {
  const logger = new StandInLogger()
  const trouble = new TroubleLog(logger)
  trouble.warn('one')
  trouble.warn('two')
  expect(logger.lines).toEqual(['warn : one', 'warn : two'])
})

it('troubles that all differ cost no memory without end', () => {
  const logger = new StandInLogger()
  const trouble = new TroubleLog(logger)
  for (let n = 0; n < 10_000; n++) trouble.warn(`trouble number ${n}`)
  expect(logger.lines.length).toBe(101)
  expect(logger.lines.at(-1)).toBe('warn : further trouble, of more kinds than are told apart')
  expect(vi.getTimerCount()).toBe(101)
  trouble.close()
})
