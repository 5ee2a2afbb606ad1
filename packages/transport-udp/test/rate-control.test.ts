import { describe, expect, it } from 'vitest'
import { RateControl } from '../src/v2/rate-control.js'
import { mean, type Sample, type StandInLink, simulate } from './stand-in-link.js'

const mbit = 1_000_000
const link: StandInLink = { bufferMs: 100, delayMs: 1, wanted: 12.3 * mbit, capacity: () => 6 * mbit }
const throughput = ({ throughput }: Sample) => throughput / mbit
const tcp = ({ tcpThroughput }: Sample) => tcpThroughput / mbit
const queue = ({ queueMs }: Sample) => queueMs
const loss = ({ loss }: Sample) => loss

describe('the rate, on a link as a model,', () => {
  it('uses a link that is too narrow without filling its buffer', () => {
    for (const delayMs of [1, 10, 40]) {
      const samples = simulate({ ...link, delayMs }, 30)
      expect(mean(samples, 5, 30, throughput)).toBeGreaterThan(4.9)
      expect(mean(samples, 2, 30, queue)).toBeLessThan(30)
      expect(mean(samples, 2, 30, loss)).toBeLessThan(0.02)
    }
  })

  it('does so where the buffer is too short for a queue to show', () => {
    const samples = simulate({ ...link, bufferMs: 20 }, 20)
    expect(mean(samples, 5, 20, throughput)).toBeGreaterThan(5)
    expect(mean(samples, 2, 20, loss)).toBeLessThan(0.02)
  })

  it('has all it wants where there is room, and loss for no reason does not change that', () => {
    for (const share of [0, 0.02, 0.1, 0.2]) {
      const samples = simulate({ ...link, loss: share, capacity: () => 50 * mbit }, 20)
      expect(mean(samples, 2, 20, throughput)).toBeGreaterThan(12.1 * (1 - share))
    }
  })

  it('shares a link with a TCP flow fairly, from 0.3 to 3 times its rate, and has the link again when that ends', () => {
    for (const delayMs of [1, 20]) {
      for (const bufferMs of [100, 300]) {
        const samples = simulate({ ...link, delayMs, bufferMs, tcp: [5000, 45_000] }, 70)
        const ratio = mean(samples, 10, 45, throughput) / mean(samples, 10, 45, tcp)
        expect(ratio).toBeGreaterThan(0.3)
        expect(ratio).toBeLessThan(3)
        expect(mean(samples, 55, 70, throughput)).toBeGreaterThan(4.5)
        expect(mean(samples, 55, 70, queue)).toBeLessThan(40)
      }
    }
  })

  it('gives way at once when the link gets narrow, and climbs back within 5 s', () => {
    const capacity = (nowMs: number) => (nowMs < 5000 || nowMs >= 10_000 ? 15 * mbit : 2 * mbit)
    const samples = simulate({ ...link, capacity }, 20)
    expect(mean(samples, 7, 10, loss)).toBeLessThan(0.02)
    expect(mean(samples, 7, 10, queue)).toBeLessThan(60)
    expect(mean(samples, 14.5, 20, throughput)).toBeGreaterThan(12)
  })

  it('has all it wants again within a second and a half after three seconds of silence', () => {
    const control = new RateControl()
    const bounds = { min: 150_000, max: 24 * mbit }
    const report = (throughput: number) =>
      control.update(
        { durationMs: 100, expected: 100, received: 100, bytes: throughput / 80, queueMs: 0, roundTripMs: 10 },
        bounds
      )
    for (let count = 0; count < 50; count++) report(12 * mbit)
    expect(control.rate).toBe(24 * mbit)
    for (let count = 0; count < 12; count++) control.fade(bounds)
    expect(control.rate).toBe(150_000)
    for (let count = 0; count < 15; count++) report(control.rate)
    expect(control.rate).toBeGreaterThan(12 * mbit)
  })
})
