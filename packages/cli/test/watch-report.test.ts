import type { ReceiverStats } from '@streamer/receiver'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../src/usage-error.js'
import { durationMs } from '../src/watch/duration.js'
import { statusLine, summaryLines } from '../src/watch/report.js'

/** Of a receiver to which nothing has happened. */
const noReceiverStats: ReceiverStats = {
  state: 'connecting',
  frames: 0,
  bytes: 0,
  framerate: 0,
  bitrateBps: 0,
  datagrams: { received: 0, lost: 0, duplicate: 0 },
  framesLost: 0,
  framesRepaired: 0,
  resends: 0,
  dropped: 0,
  late: 0,
  refused: 0,
  reconnects: 0,
  lossBefore: 0,
  lossAfter: 0
}

describe('the line of each second', () => {
  it('has rate and bits, and what there is besides', () => {
    const stats = { ...noReceiverStats, framerate: 29.96, bitrateBps: 7_900_000 }
    expect(statusLine(stats)).toBe('30.0 fps, 7.9 Mbit/s')
    const more = {
      ...stats,
      datagrams: { received: 990, lost: 10, duplicate: 0 },
      lossBefore: 0.01,
      lossAfter: 0.002,
      ageMs: { p50: 12.4, p99: 35.6 },
      resends: 3,
      dropped: 2,
      refused: 1
    }
    expect(statusLine(more)).toBe(
      '30.0 fps, 7.9 Mbit/s | lost 1.0 % of datagrams -> 0.2 % of frames | age 12 / 36 ms | 3 resends | 2 dropped | 1 refused'
    )
  })
})

describe('the summary', () => {
  it('is one line where nothing happened', () => {
    expect(summaryLines({ ...noReceiverStats, bytes: 1_250_000, protocol: 'tcp/1' }, 100, 10)).toEqual([
      '100 frames in 10.0 s, 10.0 fps, 1.0 Mbit/s over tcp/1'
    ])
    expect(summaryLines(noReceiverStats, 1, 0)[0]).toMatch(/^1 frame in 0\.0 s/)
  })

  it('tells losses, ages, ways and oddities', () => {
    const stats = {
      ...noReceiverStats,
      datagrams: { received: 90, lost: 10, duplicate: 1 },
      resends: 7,
      framesLost: 1,
      framesRepaired: 2,
      late: 3,
      ageMs: { p50: 12, p99: 35.25 },
      roundTripMs: 4,
      jitterMs: 1.25,
      rateBps: 20_400_000,
      parity: 0.125,
      dropped: 5,
      refused: 6,
      reconnects: 1
    }
    expect(summaryLines(stats, 100, 10).slice(1)).toEqual([
      '90 datagrams, 10 lost (10.0 %), 1 twice, 7 asked for again',
      '1 frame lost for it, 2 repaired, 3 late',
      'age of the last frames: 12.0 ms, 99 of 100 below 35.3 ms',
      'round trip 4.0 ms, jitter 1.3 ms, room for 20.4 Mbit/s, parity 12.5 %',
      '5 dropped for newer ones, 6 refused, connected again 1 time'
    ])
  })
})

describe('durations', () => {
  it('have a unit', () => {
    expect(['500ms', '1.5s', '10s', '2m', '1h'].map((text) => durationMs('--delay', text))).toEqual([
      500, 1500, 10_000, 120_000, 3_600_000
    ])
  })

  it.each(['', '10', 's', '-1s', '1e3s', '10 s', '10d', '1000h'])('%j is refused', (text) => {
    expect(() => durationMs('--delay', text)).toThrow(UsageError)
  })
})
