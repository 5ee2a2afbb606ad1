import type { Clock } from './clock.js'
import type { ConnectionCounters, Measures } from './connection.js'
import { History } from './history.js'

/** `waiting`: until the next attempt to connect. */
export type ReceiverState = 'connecting' | 'receiving' | 'waiting' | 'closed'

/** What a receiver has seen. What is a sum only goes up, over reconnections too. */
export interface ReceiverStats {
  readonly state: ReceiverState
  /** What is spoken with the server: `udp/2`, `tcp/1`, `http`. Absent until it has answered once. */
  readonly protocol?: string
  /** Whole frames that came. */
  readonly frames: number
  /** Bytes that the network gave, headers of our protocols included. */
  readonly bytes: number
  /** Frames per second, over the last second. */
  readonly framerate: number
  /** Bits per second of what the network gave, over the last second. */
  readonly bitrateBps: number
  /** Of UDP: those that belong to the protocol, those that did not come in time (before repair), and those that were there already. */
  readonly datagrams: { readonly received: number; readonly lost: number; readonly duplicate: number }
  /** Frames of which something came, but not enough. */
  readonly framesLost: number
  /** Frames that were made whole by parity or a resend. */
  readonly framesRepaired: number
  /** Datagrams that were asked for again. */
  readonly resends: number
  /** Frames that were whole, and gave way to newer ones because the consumer was busy. */
  readonly dropped: number
  /** Frames that came when a newer one had been handed out. */
  readonly late: number
  /** Frames that were larger than allowed, or no JPEG. */
  readonly refused: number
  /** Connections after the first one. */
  readonly reconnects: number
  /** Ages of the last 300 frames as they were handed over, without those that were repeated, in milliseconds. Absent where the protocol does not tell. */
  readonly ageMs?: { readonly p50: number; readonly p99: number }
  /** Share of the datagrams of the last five seconds that did not come, 0 to 1. */
  readonly lossBefore: number
  /** Share of the frames of the last five seconds that could not be made whole, 0 to 1. */
  readonly lossAfter: number
  /** To the server and back, as last measured, in milliseconds. Only where the protocol tells. */
  readonly roundTripMs?: number
  /** How much the time on the way varies, smoothed as in RFC 3550, in milliseconds. Absent before frames with capture times came. */
  readonly jitterMs?: number
  /** What the server allows itself for this client now, bits per second. Only where the protocol tells. */
  readonly rateBps?: number
  /** Parity that the server sends now, in proportion to data: 0.1 is one datagram more for each ten. Only where the protocol tells. */
  readonly parity?: number
}

/** What the receiver's other parts count. */
export interface ReceiverCounts {
  readonly state: ReceiverState
  readonly protocol: string | undefined
  readonly dropped: number
  readonly late: number
  readonly reconnects: number
  readonly jitterMs: number
}

const ageCount = 300
const lossWindowMs = 5000

/** Counts what comes, and says how it went of late. */
export class Statistics {
  readonly counters: ConnectionCounters = {
    bytes: 0,
    datagramsReceived: 0,
    datagramsLost: 0,
    datagramsDuplicate: 0,
    framesLost: 0,
    resends: 0,
    refused: 0
  }
  #measures: Measures = {}
  readonly #clock: Clock
  readonly #history: History
  readonly #ages: number[] = []
  #agesAt = 0
  #frames = 0
  #framesRepaired = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#history = new History(lossWindowMs)
  }

  /** A whole frame came. */
  frame(isRepaired: boolean): void {
    this.#frames++
    if (isRepaired) this.#framesRepaired++
    this.#note()
  }

  /** The server has answered. */
  measured(measures: Measures): void {
    this.#measures = { ...this.#measures, ...measures }
  }

  /** A new connection: what was measured before says nothing about it. */
  forgetMeasures(): void {
    this.#measures = {}
  }

  /** A frame of that age is handed over. */
  age(ageMs: number): void {
    this.#ages[this.#agesAt] = ageMs
    this.#agesAt = (this.#agesAt + 1) % ageCount
  }

  sum(counts: ReceiverCounts): ReceiverStats {
    this.#note()
    const { state, protocol, dropped, late, reconnects } = counts
    const { jitterMs = counts.jitterMs, ...measures } = this.#measures
    const { bytes, datagramsReceived, datagramsLost, datagramsDuplicate, framesLost, resends, refused } = this.counters
    const nowMs = this.#clock.nowMs()
    const second = this.#history.since(nowMs - 1000)
    const recent = this.#history.since(nowMs - lossWindowMs)
    const ages = this.#ages.toSorted((one, other) => one - other)
    return {
      state,
      ...(protocol !== undefined && { protocol }),
      frames: this.#frames,
      bytes,
      framerate: perSecond(second.frames, second.elapsedMs),
      bitrateBps: perSecond(second.bytes * 8, second.elapsedMs),
      datagrams: { received: datagramsReceived, lost: datagramsLost, duplicate: datagramsDuplicate },
      framesLost,
      framesRepaired: this.#framesRepaired,
      resends,
      dropped,
      late,
      refused,
      reconnects,
      ...(ages.length > 0 && { ageMs: { p50: quantile(ages, 0.5), p99: quantile(ages, 0.99) } }),
      lossBefore: share(recent.datagramsLost, recent.datagramsReceived),
      lossAfter: share(recent.framesLost, recent.frames),
      ...measures,
      ...(jitterMs > 0 && { jitterMs })
    }
  }

  #note(): void {
    const { bytes, datagramsReceived, datagramsLost, framesLost } = this.counters
    const frames = this.#frames
    this.#history.note(this.#clock.nowMs(), { frames, bytes, datagramsReceived, datagramsLost, framesLost })
  }
}

function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (count * 1000) / elapsedMs : 0
}

function share(lost: number, rest: number): number {
  return lost === 0 ? 0 : lost / (lost + rest)
}

/** @param sorted not empty. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]!
}
