import { expect, test } from 'vitest'
import { BackOff } from '../src/back-off.js'
import { FrameQueue } from '../src/frame-queue.js'
import { Statistics } from '../src/statistics.js'
import { Watchdog } from '../src/watchdog.js'
import { HandClock } from './hand-clock.js'

const counts = { state: 'receiving', protocol: 'udp/1', dropped: 1, late: 2, reconnects: 3, jitterMs: 0 } as const

test('rates are those of the last second, and go to 0 in silence', () => {
  const clock = new HandClock()
  const statistics = new Statistics(clock)
  statistics.sum(counts)
  for (let frame = 0; frame < 50; frame++) {
    clock.pass(40)
    statistics.counters.bytes += 1000
    statistics.frame(frame % 10 === 0)
  }
  const stats = statistics.sum(counts)
  expect(stats).toMatchObject({ frames: 50, bytes: 50_000, framesRepaired: 5, protocol: 'udp/1', dropped: 1, late: 2 })
  expect(stats.framerate).toBeCloseTo(25, 0)
  expect(stats.bitrateBps).toBeCloseTo(200_000, -4)
  expect('ageMs' in stats || 'roundTripMs' in stats || 'jitterMs' in stats).toBe(false)
  clock.pass(1500)
  expect(statistics.sum(counts)).toMatchObject({ frames: 50, framerate: 0, bitrateBps: 0 })
})

test('losses are shares of the last five seconds', () => {
  const clock = new HandClock()
  const statistics = new Statistics(clock)
  statistics.sum(counts)
  const { counters } = statistics
  for (let frame = 0; frame < 100; frame++) {
    clock.pass(100)
    counters.datagramsReceived += 9
    counters.datagramsLost += 1
    if (frame % 4 === 0) counters.framesLost++
    else statistics.frame(false)
  }
  const { lossBefore, lossAfter, datagrams } = statistics.sum(counts)
  expect(lossBefore).toBeCloseTo(0.1)
  expect(lossAfter).toBeCloseTo(0.25, 1)
  expect(datagrams).toEqual({ received: 900, lost: 100, duplicate: 0 })
  clock.pass(6000)
  expect(statistics.sum(counts)).toMatchObject({ lossBefore: 0, lossAfter: 0, framesLost: 25 })
})

test('what the way was measured to be is told until there is another connection', () => {
  const statistics = new Statistics(new HandClock())
  statistics.measured({ roundTripMs: 12, rateBps: 4_000_000, parity: 0.1 })
  statistics.measured({ roundTripMs: 10, jitterMs: 2 })
  expect(statistics.sum({ ...counts, jitterMs: 5 })).toMatchObject({
    roundTripMs: 10,
    jitterMs: 2,
    rateBps: 4_000_000,
    parity: 0.1
  })
  statistics.forgetMeasures()
  const stats = statistics.sum({ ...counts, jitterMs: 5 })
  expect(stats.jitterMs).toBe(5)
  expect('roundTripMs' in stats || 'rateBps' in stats || 'parity' in stats).toBe(false)
})

test('ages are those of the last 300 frames', () => {
  const statistics = new Statistics(new HandClock())
  for (let age = 0; age < 1000; age++) statistics.age(age)
  expect(statistics.sum(counts).ageMs).toEqual({ p50: 849, p99: 996 })
})

test('the queue keeps the newest frames, by number and by bytes', () => {
  const queue = new FrameQueue()
  const frame = (sequence: number, bytes: number) =>
    ({
      data: new Uint8Array(bytes),
      codec: 'mjpeg',
      sequence,
      receivedMs: 0,
      repaired: false,
      repeated: false
    }) as const
  for (let sequence = 0; sequence < 100; sequence++) queue.push(frame(sequence, 10))
  expect(queue.dropped).toBe(70)
  expect(queue.take()?.sequence).toBe(70)
  for (let sequence = 100; sequence < 105; sequence++) queue.push(frame(sequence, 20 * 1024 * 1024))
  expect(queue.take()?.sequence).toBe(102)
  queue.push(frame(200, 100 * 1024 * 1024))
  expect(queue.take()?.sequence).toBe(200)
  expect(queue.take()).toBeUndefined()
})

test('pauses double up to five seconds, and are short again after success', () => {
  const backOff = new BackOff(() => 0.5)
  expect(Array.from({ length: 7 }, () => backOff.next())).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000])
  backOff.reset()
  expect(backOff.next()).toBe(250)
  expect([0, 1].map((random) => new BackOff(() => random).next())).toEqual([187.5, 312.5])
})

test('the watchdog tells once of silence, and not while something is heard', () => {
  const clock = new HandClock()
  let silences = 0
  const watchdog = new Watchdog(clock, 100, () => silences++)
  watchdog.start()
  for (let step = 0; step < 10; step++) {
    clock.pass(90)
    watchdog.heard()
  }
  expect(silences).toBe(0)
  clock.pass(1000)
  expect(silences).toBe(1)
  watchdog.start()
  watchdog.stop()
  clock.pass(1000)
  expect([silences, clock.timers]).toEqual([1, 0])
})
