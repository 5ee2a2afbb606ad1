import type { Report } from '@streamer/protocol'
import { expect, it } from 'vitest'
import { Way } from '../src/v2/way.js'

const neededBps = 10_000_000
/** Of a tenth of a second at the needed rate. */
const packetsPerReport = 104
const reportMs = 100

/** Reports of a client, ten a second, of which each has lost the same share since the one before. */
class StandInReports {
  readonly way = new Way(0, Number.POSITIVE_INFINITY)
  nowMs = 0
  #sent = 0
  #came = 0

  constructor() {
    this.way.neededBps = neededBps
  }

  run(seconds: number, loss = 0, minDelayUs = 1000): this {
    for (let report = 0; report < seconds * 10; report++) {
      this.nowMs += reportMs
      this.#sent += packetsPerReport
      this.#came += Math.round(packetsPerReport * (1 - loss))
      this.way.report(this.#report(minDelayUs), this.#sent + 1, this.nowMs)
    }
    return this
  }

  get hasRoom(): boolean {
    return this.way.hasRoom(this.nowMs)
  }

  /** Seconds without loss until the way has room. */
  secondsToRoom(): number {
    const beginMs = this.nowMs
    while (!this.hasRoom && this.nowMs - beginMs < 200_000) this.run(0.1)
    return (this.nowMs - beginMs) / 1000
  }

  #report(minDelayUs: number): Report {
    return {
      clientTimeUs: this.nowMs * 1000,
      highest: this.#sent,
      packets: this.#came,
      bytes: this.#came * 1200,
      minDelayUs,
      maxDelayUs: minDelayUs,
      framesWhole: 0,
      framesLost: 0,
      longest: 1200,
      delayMs: 0,
      roundTripMs: 2
    }
  }
}

it('a way has room once it has taken more than is needed for two seconds', () => {
  const reports = new StandInReports()
  expect(reports.run(1).hasRoom).toBe(false)
  expect(reports.run(5).hasRoom).toBe(true)
})

it('a way that loses a hundredth, or where datagrams wait, has none', () => {
  expect(new StandInReports().run(20, 0.02).hasRoom).toBe(false)
  expect(new StandInReports().run(1).run(20, 0, 60_000).hasRoom).toBe(false)
})

it('has to show longer and longer that it has room, when it turned out to have none', () => {
  const reports = new StandInReports()
  const first = reports.secondsToRoom()
  const times = [1, 2, 3].map(() => {
    expect(reports.run(0.5, 0.05).hasRoom).toBe(false)
    return reports.secondsToRoom()
  })
  expect(times[0]).toBeGreaterThan(first)
  expect(times[1]).toBeGreaterThan(times[0]! + 3)
  expect(times[2]).toBeGreaterThan(times[1]! + 7)
})

it('has none any more when its client falls silent, or goes elsewhere', () => {
  for (const end of [(way: Way) => way.fade(), (way: Way) => way.change()]) {
    const reports = new StandInReports().run(10)
    expect(reports.hasRoom).toBe(true)
    end(reports.way)
    expect(reports.hasRoom).toBe(false)
  }
})

it('is not taken for one with room by a limit of the configuration', () => {
  const reports = new StandInReports()
  const limited = new Way(0, neededBps)
  limited.neededBps = neededBps
  Object.assign(reports, { way: limited })
  expect(reports.run(20).hasRoom).toBe(false)
})
