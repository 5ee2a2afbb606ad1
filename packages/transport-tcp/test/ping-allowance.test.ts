import { expect, test } from 'vitest'
import { PingAllowance } from '../src/v2/ping-allowance.js'

test('ten pings a second are answered, evenly or all at once', () => {
  const allowance = new PingAllowance()
  const taken = (fromUs: number, toUs: number, stepUs: number) => {
    let count = 0
    for (let atUs = fromUs; atUs < toUs; atUs += stepUs) if (allowance.takes(atUs)) count++
    return count
  }
  expect(taken(0, 100, 1)).toBe(10)
  expect(taken(1_000_000, 1_000_100, 1)).toBe(10)
  expect(taken(2_000_000, 12_000_000, 100_000)).toBe(100)
  const flooded = taken(20_000_000, 30_000_000, 1000)
  expect(flooded).toBeGreaterThanOrEqual(108)
  expect(flooded).toBeLessThanOrEqual(110)
})
