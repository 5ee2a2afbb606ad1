import {
  type ByeReason,
  challengeLength,
  type Datagram,
  DatagramType,
  directionKeys,
  Inbound,
  maxResend,
  Outbound,
  readClock,
  readData,
  type Welcome,
  writeReport,
  writeResend
} from '@streamer/protocol'
import type { Clock } from '../clock.js'
import type { Sink } from '../connection.js'
import { isJpeg } from '../payload.js'
import { ServerClock } from '../server-clock.js'
import { type AssemblyCounts, FrameAssembly, type WholeFrame } from './frame-assembly.js'
import { Meter } from './meter.js'
import { ResendPlanner } from './resend-planner.js'

/** Between reports while data comes, and while none does: still four of them before two seconds of silence are over. */
const busyMs = 100
const idleMs = 500
/** Without data for so long it is idle. */
const dataPauseMs = 300
/** After so long a silence the server has forgotten us, or is gone. */
const silenceMs = 2000
/** Used until a round trip was measured. */
const assumedRoundTripMs = 100
/** Datagrams that must have been sent after a lost one, before it counts as lost. */
const overtaking = 3

export interface SessionOptions {
  readonly clock: Clock
  readonly sink: Sink
  readonly key: Uint8Array | undefined
  readonly maxFrameBytes: number
  /** As in the hello. */
  readonly delayMs: number
  /** Never throws. */
  readonly send: (datagram: Uint8Array) => void
  /** Nothing was heard for two seconds; told again while it stays so. */
  readonly onSilence: () => void
  /** The server ended the connection. */
  readonly onBye: (reason: number) => void
}

/** What is known of a connection besides what the sink is told. */
export interface SessionDetails {
  /** Interarrival jitter of data datagrams (RFC 3550 section 6.4.1), milliseconds. */
  readonly jitterMs: number
  /** Smoothed. */
  readonly roundTripMs: number | undefined
  /** What the server allows itself, as it said last. */
  readonly rateKbps: number | undefined
  /** Parity in proportion to data, in thousandths. */
  readonly parityPermille: number | undefined
  /** Frames that are being put together, and the bytes that they take, roughly. */
  readonly assembling: { readonly frames: number; readonly bytes: number }
}

/** One connection that the server has welcomed. */
export class Session {
  readonly connection: number
  readonly #options: SessionOptions
  readonly #stream: number
  readonly #inbound: Inbound
  readonly #outbound: Outbound
  readonly #assembly: FrameAssembly
  readonly #meter = new Meter()
  readonly #planner = new ResendPlanner()
  readonly #serverClock = new ServerClock()
  #heardMs: number
  #dataMs: number
  #reportedMs: number
  #tickTimer: unknown
  #resendTimer: unknown
  /** For each gap that was just seen: after how many datagrams in all it has been overtaken, and lost shards are looked for. */
  readonly #planAfter: number[] = []
  #lostBefore = 0
  #told: Readonly<AssemblyCounts> = { whole: 0, lost: 0, refused: 0, duplicates: 0 }
  #isClosed = false
  #answer: { readonly rateKbps: number; readonly parityPermille: number } | undefined

  constructor(welcome: Welcome, clientNonce: Uint8Array, options: SessionOptions) {
    const { clock, key, maxFrameBytes, delayMs } = options
    const keysOf = (side: 'client' | 'server') =>
      key && directionKeys(key, clientNonce, welcome.serverNonce, 'udp', side)
    this.connection = welcome.connection
    this.#options = options
    this.#stream = welcome.stream
    this.#inbound = new Inbound(keysOf('server'))
    this.#outbound = new Outbound(welcome.connection, keysOf('client'), welcome.sessionToken)
    this.#assembly = new FrameAssembly({ maxFrameBytes, delayMs })
    const nowMs = clock.nowMs()
    this.#heardMs = nowMs
    this.#dataMs = nowMs
    this.#reportedMs = nowMs
    this.#serverClock.sample(welcome.clientTimeUs, welcome.serverTimeUs, welcome.serverTimeUs, nowMs * 1000)
  }

  get details(): SessionDetails {
    return {
      jitterMs: this.#meter.jitterMs,
      roundTripMs: this.#serverClock.roundTripMs,
      rateKbps: this.#answer?.rateKbps,
      parityPermille: this.#answer?.parityPermille,
      assembling: this.#assembly.size
    }
  }

  /** Begins to report, or goes on with it. The first report goes out at once: its answer tells the time. */
  start(): void {
    this.#report(this.#options.clock.nowMs())
    this.#tickLater(busyMs)
  }

  /** Says nothing more by itself, until `start`. */
  pause(): void {
    this.#options.clock.clearTimer(this.#tickTimer)
    this.#options.clock.clearTimer(this.#resendTimer)
  }

  /** Says something at once, so that the server hears from where. */
  moved(): void {
    if (!this.#isClosed) this.#report(this.#options.clock.nowMs())
  }

  /** Milliseconds since something genuine came. */
  silentMs(nowMs: number): number {
    return nowMs - this.#heardMs
  }

  /** Takes a datagram of this connection, which is kept. @returns whether it is genuine and new. */
  receive(datagram: Datagram): boolean {
    if (this.#isClosed || (datagram.type < DatagramType.data && datagram.type !== DatagramType.bye)) return false
    const { clock, sink } = this.#options
    const nowMs = clock.nowMs()
    const expected = this.#inbound.next
    const received = this.#inbound.read(datagram)
    if (received === 'replayed') sink.counters.datagramsDuplicate++
    if (typeof received === 'string') return false
    const { packetNumber, body } = received
    this.#heardMs = nowMs
    this.#count(packetNumber, datagram.bytes.length, expected)
    switch (datagram.type) {
      case DatagramType.data:
        this.#takeData(body, packetNumber, nowMs)
        break
      case DatagramType.clock:
        this.#takeClock(body, nowMs)
        break
      case DatagramType.pathChallenge:
        if (body.length === challengeLength) this.#send(DatagramType.pathResponse, body)
        break
      case DatagramType.bye:
        this.#options.onBye(body[0] ?? 0)
        break
      default:
      // Probes have done their work by arriving; later versions may send what we do not know.
    }
    if (this.#planAfter[0] === this.#meter.packets && !this.#isClosed) {
      this.#planAfter.shift()
      this.#plan(nowMs)
    }
    return true
  }

  /** Ends it. @returns what tells the server. */
  close(reason: (typeof ByeReason)[keyof typeof ByeReason]): Uint8Array {
    this.#isClosed = true
    this.pause()
    return this.#outbound.write(DatagramType.bye, Buffer.of(reason))
  }

  #count(packetNumber: number, length: number, expected: number): void {
    const { counters } = this.#options.sink
    counters.bytes += length
    counters.datagramsReceived++
    this.#meter.received(packetNumber, length)
    // This one is the first that overtakes.
    if (packetNumber > expected) this.#planAfter.push(this.#meter.packets + overtaking - 1)
  }

  #takeData(body: Buffer, packetNumber: number, nowMs: number): void {
    const data = readData(body)
    if (data === undefined || data.stream !== this.#stream) return
    this.#meter.data(nowMs * 1000, data.sendUs)
    const wasIdle = nowMs - this.#dataMs > dataPauseMs
    this.#dataMs = nowMs
    const frame = this.#assembly.add(data, packetNumber, nowMs)
    if (frame) this.#handOn(frame, nowMs)
    // Whoever is told of a frame may close us.
    if (!wasIdle || this.#isClosed) return
    if (nowMs - this.#reportedMs >= busyMs) this.#report(nowMs)
    this.#tickLater(busyMs)
  }

  #handOn({ id, data, captureUs, isRepaired, isRepeated }: WholeFrame, nowMs: number): void {
    const { sink } = this.#options
    this.#tellCounts()
    if (!isJpeg(data)) {
      sink.counters.refused++
      return
    }
    const { offsetUs } = this.#serverClock
    const ageMs = offsetUs === undefined ? undefined : Math.max(0, nowMs + (offsetUs - captureUs) / 1000)
    sink.frame({
      data,
      sequence: id,
      timestampUs: captureUs,
      ...(ageMs !== undefined && { ageMs }),
      repaired: isRepaired,
      repeated: isRepeated
    })
  }

  #takeClock(body: Buffer, nowMs: number): void {
    const clock = readClock(body)
    if (clock === undefined) return
    this.#answer = clock
    const roundTripMs = this.#serverClock.sample(clock.clientTimeUs, clock.receivedUs, clock.sentUs, nowMs * 1000)
    this.#options.sink.measured({
      ...(roundTripMs !== undefined && { roundTripMs }),
      jitterMs: this.#meter.jitterMs,
      rateBps: clock.rateKbps * 1000,
      parity: clock.parityPermille / 1000
    })
  }

  /** Asks again for what is lost, and looks again when the answers are overdue. */
  #plan(nowMs: number): void {
    const roundTripMs = this.#serverClock.roundTripMs ?? assumedRoundTripMs
    const { thirdHighest } = this.#meter
    const { clock, sink } = this.#options
    this.#planner.begin()
    for (const frame of this.#assembly.frames) {
      const indices = this.#planner.plan(frame, { nowMs, roundTripMs, thirdHighest }, this.#assembly.uselessMs(frame))
      sink.counters.resends += indices.length
      for (let at = 0; at < indices.length; at += maxResend) {
        this.#send(DatagramType.resend, writeResend(frame.id, indices.slice(at, at + maxResend)))
      }
    }
    clock.clearTimer(this.#resendTimer)
    const { againMs } = this.#planner
    if (Number.isFinite(againMs)) this.#resendTimer = clock.setTimer(() => this.#planAgain(), againMs - nowMs)
  }

  #planAgain(): void {
    const nowMs = this.#options.clock.nowMs()
    this.#assembly.settle(nowMs)
    this.#plan(nowMs)
  }

  #tickLater(delayMs: number): void {
    const { clock } = this.#options
    clock.clearTimer(this.#tickTimer)
    const dueMs = clock.nowMs() + delayMs
    this.#tickTimer = clock.setTimer(() => this.#tick(dueMs), delayMs)
  }

  #tick(dueMs: number): void {
    const nowMs = this.#options.clock.nowMs()
    this.#assembly.settle(nowMs)
    this.#plan(nowMs)
    this.#report(nowMs)
    // Where this process stood still, datagrams may wait in the socket: silence is judged at the next tick.
    if (this.silentMs(nowMs) > silenceMs && nowMs - dueMs < busyMs) this.#options.onSilence()
    if (!this.#isClosed) this.#tickLater(nowMs - this.#dataMs > dataPauseMs ? idleMs : busyMs)
  }

  #report(nowMs: number): void {
    this.#reportedMs = nowMs
    this.#tellCounts()
    const { delayMs } = this.#options
    const { roundTripMs } = this.#serverClock
    const report = this.#meter.report(nowMs * 1000, { delayMs, roundTripMs }, this.#assembly.counts)
    this.#send(DatagramType.report, writeReport(report))
  }

  /** Adds to the sums of the receiver what was counted since the last time. */
  #tellCounts(): void {
    const { counters } = this.#options.sink
    const { counts } = this.#assembly
    counters.framesLost += counts.lost - this.#told.lost
    counters.refused += counts.refused - this.#told.refused
    counters.datagramsDuplicate += counts.duplicates - this.#told.duplicates
    this.#told = { ...counts }
    // Sums only go up, so what was overtaken and came after all makes up for the next that is lost.
    const lost = Math.max(this.#lostBefore, this.#meter.missing)
    counters.datagramsLost += lost - this.#lostBefore
    this.#lostBefore = lost
  }

  #send(type: Parameters<Outbound['write']>[0], body: Uint8Array): void {
    this.#options.send(this.#outbound.write(type, body))
  }
}
