import { expect, test } from 'vitest'
import { RateLimit } from '../src/rate-limit.js'

test('each address has its own allowance, anew every second', () => {
  const limit = new RateLimit(2)
  const ask = (address: string, nowMs: number) => limit.allows(address, nowMs)
  expect([ask('a', 0), ask('a', 1), ask('a', 2), ask('b', 3)]).toEqual([true, true, false, true])
  expect([ask('a', 999), ask('a', 1000), ask('a', 1001), ask('a', 1002)]).toEqual([false, true, true, false])
})

test('a flood from a hundred thousand forged addresses does not grow the table', () => {
  const limit = new RateLimit(10)
  let allowed = 0
  for (let host = 0; host < 100_000; host++)
    if (limit.allows(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`, 5)) allowed++
  expect(limit.size).toBe(4096)
  expect(allowed).toBe(4096)
  expect(limit.allows('192.168.1.20', 1005)).toBe(true)
  expect(limit.size).toBe(1)
})
