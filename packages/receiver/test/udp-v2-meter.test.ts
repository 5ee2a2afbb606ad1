import { describe, expect, test } from 'vitest'
import { ServerClock } from '../src/server-clock.js'
import { Meter } from '../src/udp-v2/meter.js'

const times = { delayMs: 40, roundTripMs: undefined }
const frames = { whole: 3, lost: 1 }

describe('Meter', () => {
  test('reports what came', () => {
    const meter = new Meter()
    for (const [packetNumber, length] of [
      [0, 100],
      [3, 1200],
      [1, 50]
    ] as const) {
      meter.received(packetNumber, length)
    }
    expect(meter.missing).toBe(1)
    expect(meter.report(5000, { delayMs: 40, roundTripMs: 2.5 }, frames)).toEqual({
      clientTimeUs: 5000,
      highest: 3,
      packets: 3,
      bytes: 1350,
      minDelayUs: 0,
      maxDelayUs: 0,
      framesWhole: 3,
      framesLost: 1,
      longest: 1200,
      delayMs: 40,
      roundTripMs: 2.5
    })
    expect(meter.report(6000, times, frames).longest).toBe(0)
  })

  test('before anything came the highest number is the one before 0', () => {
    expect(new Meter().report(0, times, { whole: 0, lost: 0 })).toMatchObject({
      highest: 0xffff_ffff,
      packets: 0,
      minDelayUs: 0
    })
    expect(new Meter().missing).toBe(0)
  })

  test('knows the third highest packet number', () => {
    const meter = new Meter()
    const third = [5, 9, 7, 6, 20].map((number) => {
      meter.received(number, 1)
      return meter.thirdHighest
    })
    expect(third).toEqual([undefined, undefined, 5, 6, 7])
  })

  test('the least and the greatest delay are right where 32 bits end', () => {
    const meter = new Meter()
    // 2^32 - 100, 50 and 2^32 - 300 modulo 2^32, with a server whose clock is ahead.
    meter.data(1000, 1100)
    meter.data(2000, 1950)
    meter.data(3000, 3300)
    expect(meter.report(0, times, frames)).toMatchObject({ minDelayUs: 2 ** 32 - 300, maxDelayUs: 50 })
    meter.data(5000, 4000)
    expect(meter.report(0, times, frames)).toMatchObject({ minDelayUs: 1000, maxDelayUs: 1000 })
    expect(meter.report(0, times, frames)).toMatchObject({ minDelayUs: 0, maxDelayUs: 0 })
  })

  test('totals wrap', () => {
    const meter = new Meter()
    meter.received(2 ** 32 + 5, 2 ** 31)
    meter.received(2 ** 32 + 6, 2 ** 31 + 7)
    expect(meter.report(0, times, frames)).toMatchObject({ highest: 6, packets: 2, bytes: 7 })
  })

  test('jitter is that of RFC 3550', () => {
    const meter = new Meter()
    let expected = 0
    let previous: number | undefined
    for (const [arrivalUs, sendUs] of [
      [1000, 900],
      [11_500, 10_900],
      [21_200, 20_900],
      [33_000, 30_900]
    ] as const) {
      meter.data(arrivalUs, sendUs)
      const transit = arrivalUs - sendUs
      if (previous !== undefined) expected += (Math.abs(transit - previous) - expected) / 16
      previous = transit
    }
    expect(meter.jitterMs).toBeCloseTo(expected / 1000, 9)
    expect(meter.jitterMs).toBeGreaterThan(0)
  })
})

describe('ServerClock', () => {
  test('takes the offset of the shortest round trip', () => {
    const clock = new ServerClock()
    expect([clock.offsetUs, clock.roundTripMs]).toEqual([undefined, undefined])
    // The server is 1 s ahead; 2 ms there, 2 ms back, 1 ms in between.
    expect(clock.sample(10_000, 1_012_000, 1_013_000, 15_000)).toBe(4)
    expect(clock.offsetUs).toBe(1_000_000)
    // 40 ms there.
    expect(clock.sample(20_000, 1_060_000, 1_060_000, 62_000)).toBe(42)
    expect(clock.offsetUs).toBe(1_000_000)
    clock.sample(70_000, 1_071_500, 1_071_500, 72_000)
    expect(clock.offsetUs).toBe(1_000_500)
  })

  test('forgets it after ten seconds', () => {
    const clock = new ServerClock()
    clock.sample(0, 500, 500, 1000)
    clock.sample(5_000_000, 5_003_000, 5_003_000, 5_004_000)
    expect(clock.offsetUs).toBe(0)
    clock.sample(11_000_000, 11_010_000, 11_010_000, 11_014_000)
    expect(clock.offsetUs).toBe(1000)
  })

  test('what cannot be an answer of ours is ignored', () => {
    const clock = new ServerClock()
    expect(clock.sample(2000, 0, 0, 1000)).toBeUndefined()
    expect(clock.sample(0, 500, 100, 1000)).toBeUndefined()
    expect(clock.sample(0, 0, 2000, 1000)).toBeUndefined()
    expect(clock.sample(0, 0, 0, 61_000_000)).toBeUndefined()
    expect(clock.offsetUs).toBeUndefined()
  })

  test('the round trip is smoothed', () => {
    const clock = new ServerClock()
    clock.sample(0, 0, 0, 8000)
    clock.sample(0, 0, 0, 16_000)
    expect(clock.roundTripMs).toBe(9)
  })
})
