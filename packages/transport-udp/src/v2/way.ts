import { type DirectionKeys, difference, type Report } from '@streamer/protocol'
import { DelayBase } from './delay-base.js'
import { LossMeter } from './loss-meter.js'
import { RateControl } from './rate-control.js'

/** What nobody means: reports come every 100 ms. Milliseconds. */
const shortestMs = 20
const longestMs = 2000
/** Losses with such a queue are of the queue. */
const queuedMs = 15
/** Least rate: a small picture a second. Bit/s. */
const minBps = 150_000

/** A way that loses more is not taken for one with room: what is sent at once may be what its buffers have no room for, and a fade takes less of what is spread. */
const roomyLoss = 0.01
/** So much more than is needed must have been tried. */
const roomyFactor = 1.5
/** For so long it must have been so; each time that it proves wrong, twice as long the next time. Milliseconds. */
const firstProofMs = 2000
const longestProofMs = 64_000

/** Keys of one connection; undefined members where there is no key. */
export interface ConnectionKeys {
  readonly client: DirectionKeys | undefined
  readonly server: DirectionKeys | undefined
}

/** What is known of the way to one client, from its reports. */
export class Way {
  readonly loss = new LossMeter()
  readonly #control = new RateControl()
  readonly #base = new DelayBase()
  readonly #maxBps: number
  #last: Report | undefined
  #roundTripMs = 0
  #delayMs: number
  /** The rate that the frames of the stream would need, bit/s; 0 before it is known. */
  #neededBps = 0
  /** Since when the way looks roomy, and for how long it must. */
  #roomySinceMs: number | undefined
  #proofMs = firstProofMs

  /** @param delayMs as the hello says. @param maxBps never more than this. */
  constructor(delayMs: number, maxBps: number) {
    this.#delayMs = delayMs
    this.#maxBps = maxBps
  }

  /** Bit/s. */
  get rate(): number {
    return this.#control.rate
  }

  /** It takes more than is needed without loss or a queue, and has done so for some time. */
  hasRoom(nowMs: number): boolean {
    return this.#roomySinceMs !== undefined && nowMs - this.#roomySinceMs >= this.#proofMs
  }

  /** Milliseconds; 0 before it is known. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** How long the client's frames may wait for lost pieces, milliseconds. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Told about twice a second how much the stream's frames would take, so that the rate does not grow far beyond. Bit/s. */
  set neededBps(value: number) {
    // A camera that is silent for some time needs no new start afterwards.
    this.#neededBps = Math.max(value, this.#neededBps * 0.99)
  }

  /**
   * Takes a report.
   * @param sent number of datagrams that were sent on this connection; a report of more is a lie, and is not taken.
   * @returns how many datagrams were sent and came since the last one; undefined when it was not taken.
   */
  report(
    given: Report,
    sent: number,
    nowMs: number
  ): { readonly expected: number; readonly received: number } | undefined {
    if (given.packets > 0 && difference(given.highest, (sent - 1) >>> 0) > 0) return undefined
    const last = this.#last
    // What was sent before the client had its welcome has not been lost on the way.
    const report = given.packets > 0 ? given : { ...given, highest: last?.highest ?? (sent - 1) >>> 0 }
    if (last === undefined) {
      this.#last = report
      this.#take(report)
      return { expected: 0, received: 0 }
    }
    const durationMs = (report.clientTimeUs - last.clientTimeUs) / 1000
    const expected = difference(report.highest, last.highest)
    const packets = difference(report.packets, last.packets)
    // Reports overtake each other, too.
    if (durationMs < shortestMs || expected < 0 || packets < 0) return undefined
    this.#last = report
    this.#take(report)
    const hasData = packets > 0 && (report.minDelayUs !== 0 || report.maxDelayUs !== 0)
    const queueMs = hasData ? this.#base.queueMs(report.minDelayUs, nowMs) : undefined
    // What a full queue drops comes of too high a rate, and parity would make that worse.
    if (queueMs === undefined || queueMs < queuedMs || this.#control.isCompeting) {
      this.loss.add(expected, expected - packets)
    }
    const received = Math.min(packets, expected)
    this.#control.update(
      {
        durationMs: Math.min(durationMs, longestMs),
        expected,
        received,
        bytes: Math.max(0, difference(report.bytes, last.bytes)),
        queueMs,
        roundTripMs: this.#roundTripMs
      },
      this.#bounds
    )
    this.#judgeRoom(nowMs)
    return { expected, received }
  }

  /** Nothing was heard for some time. */
  fade(): void {
    this.#roomySinceMs = undefined
    this.#control.fade(this.#bounds)
  }

  /** The client has another address. */
  change(): void {
    this.#roomySinceMs = undefined
    this.#base.reset()
    this.#control.fade(this.#bounds)
  }

  #judgeRoom(nowMs: number): void {
    const isRoomy =
      this.#neededBps > 0 && this.#control.rate >= roomyFactor * this.#neededBps && this.loss.share < roomyLoss
    if (isRoomy) {
      this.#roomySinceMs ??= nowMs
      return
    }
    if (this.hasRoom(nowMs)) this.#proofMs = Math.min(longestProofMs, 2 * this.#proofMs)
    this.#roomySinceMs = undefined
  }

  #take({ roundTripMs, delayMs }: Report): void {
    this.#roundTripMs = roundTripMs
    this.#delayMs = delayMs
  }

  get #bounds(): { readonly min: number; readonly max: number } {
    // Twice of what is needed: then a frame takes half of the time until the next.
    return {
      min: Math.min(minBps, this.#maxBps),
      max: Math.min(this.#maxBps, Math.max(2 * this.#neededBps, 2_000_000))
    }
  }
}
