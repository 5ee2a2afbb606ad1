import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { EncodedFrame, Subscription } from '@streamer/core/plugin'
import { monotonicUs, peerLabel } from '@streamer/core/plugin'
import {
  ByeReason,
  challengeLength,
  DataFlag,
  type Datagram,
  DatagramType,
  dataHeadLength,
  expandNumber,
  Inbound,
  Outbound,
  type Report,
  readReport,
  readResend,
  setShardIndex,
  writeClock,
  writeDataHead
} from '@streamer/protocol'
import { toBursts } from '../bursts.js'
import type { UdpOptions } from '../config.js'
import type { OnSent, Peer, Sender } from '../sender.js'
import { LongestDatagram } from './longest-datagram.js'
import { type Paced, type Pacer, slackMs } from './pacer.js'
import { parityFor } from './parity.js'
import type { Rates } from './quality.js'
import { ResendBudget } from './resends.js'
import type { Scratch } from './scratch.js'
import type { ShardedFrame, ShardedFrames } from './sharded-frames.js'
import { type ConnectionKeys, Way } from './way.js'

/** What all connections count together. */
export interface ConnectionCounters {
  framesSent: number
  datagramsSent: number
  bytesSent: number
  sendErrors: number
  parityDatagrams: number
  resentDatagrams: number
  reports: number
  forged: number
  replayed: number
  ignoredDatagrams: number
  movedClients: number
}

/** What a session needs of its server. */
export interface SessionHost {
  readonly sender: Sender
  readonly counters: ConnectionCounters
  readonly options: UdpOptions
  readonly pacer: Pacer
  readonly scratch: Scratch
  onSendError(error: Error, label: string): void
  /** Told once when it is over for another reason than `close`: the client said goodbye, or the core has ended its subscription. */
  onEnd(session: SessionV2, why: 'disconnects' | 'revoked'): void
}

/** A client that has said nothing for so long gets less; after the second time, nothing but a sign of life a second. Milliseconds. */
const worryMs = 1000
const pauseMs = 3000
const signOfLifeMs = 1000
/** What is taken for the rate of a stream before it is known: 30 a second. Milliseconds. */
const usualIntervalMs = 33
/** A new address is asked again when the first question may have been lost. Milliseconds. */
const challengeAgainMs = 250

/**
 * What is due soon goes with what is due, so that not every datagram costs a turn of the event loop and a system call: so many datagrams as RFC 9002 section 7.7 lets go
 * at once, but no more than would take so long on the way. What queues on the way for that is less than what counts as a queue. The rate stays what it is: the next
 * burst comes as much later.
 */
const cautious = { datagrams: 10, ms: 4 }
/** Where the way has room for it, as the same section allows: a frame that may take half of the time until the next one goes in two bursts. */
const roomy = { datagrams: 64, ms: 9 }

const nothing = Buffer.alloc(0)

/** A new address of a client, which it has not yet shown to be its own. */
interface Challenge {
  readonly address: string
  readonly port: number
  readonly bytes: Buffer
  readonly atMs: number
}

/** One client of version 2. */
export class SessionV2 implements Paced {
  readonly connection: number
  readonly frames: ShardedFrames
  lastHeardMs: number
  #peer: Peer
  #label: string
  readonly #host: SessionHost
  readonly #outbound: Outbound
  readonly #inbound: Inbound
  readonly #way: Way
  readonly #longest: LongestDatagram
  readonly #resends = new ResendBudget()
  #subscription: Subscription | undefined
  #challenge: Challenge | undefined
  /** The client has its welcome: something genuine came. */
  #isHeard = false
  #closed = false

  /** The frame that is being sent, which of its shards is next, and how many there are with parity. */
  #cut: ShardedFrame | undefined
  #next = 0
  #total = 0
  #parityCount = 0
  #gapMs = 0
  /** When the next shard is due, or, after the last, when the next frame may begin. */
  #dueMs = Number.POSITIVE_INFINITY
  /** Datagrams whose fate is unknown. */
  #pending = 0
  /** All of a frame was given to the socket, which has not said yet what became of it. */
  #isOut = false
  #error: Error | undefined
  #lastId = -1
  /** What can be asked for again, by the number of the frame: as it was cut for this client, and with how much parity. */
  readonly #sent = new Map<number, { readonly cut: ShardedFrame; readonly parityCount: number }>()
  /** The last report, until its answer leaves with the next shards: it tells how long it waited, and costs no call of its own. */
  #unanswered: { readonly clientTimeUs: number; readonly receivedUs: number } | undefined
  #isPaused = false
  #lastSignMs = 0
  /** Of the last measurement; none before the first frame. */
  #offered = 1
  #measuredMs: number | undefined
  #intervalMs = usualIntervalMs
  /** Bytes of frames, a mean of the last ones. */
  #frameBytes = 0

  constructor(
    host: SessionHost,
    frames: ShardedFrames,
    peer: { readonly address: string; readonly port: number },
    setup: {
      readonly connection: number
      readonly keys: ConnectionKeys
      readonly token: Uint8Array
      readonly maxDatagram: number
      readonly delayMs: number
    },
    nowMs: number
  ) {
    const { keys, token } = setup
    this.#host = host
    this.frames = frames
    this.connection = setup.connection
    this.#peer = host.sender.peer(peer.address, peer.port)
    this.#label = peerLabel(peer.address, peer.port)
    this.#outbound = new Outbound(setup.connection, keys.server)
    this.#inbound = new Inbound(keys.client, token)
    const { maxBitrateKbps } = host.options
    this.#way = new Way(setup.delayMs, (maxBitrateKbps ?? Number.POSITIVE_INFINITY) * 1000)
    this.#longest = new LongestDatagram(Math.min(setup.maxDatagram, host.options.maxDatagram), nowMs)
    this.lastHeardMs = nowMs
  }

  get address(): string {
    return this.#peer.address
  }

  get port(): number {
    return this.#peer.port
  }

  get label(): string {
    return this.#label
  }

  get dueMs(): number {
    return this.#dueMs
  }

  /** Bit/s that the client is sent at, and would need for all frames; 0 while nothing is known of it. */
  get rates(): Rates {
    return { rate: this.#way.rate, needed: this.#isPaused ? 0 : this.#neededBps }
  }

  /** Something genuine came; until then the welcome may be lost. */
  get isHeard(): boolean {
    return this.#isHeard
  }

  /** Frames begin. */
  open(): void {
    const { maxFramerate, maxAgeMs } = this.#host.options
    this.#probe(performance.now())
    this.#subscription = this.frames.stream.subscribe({
      label: this.#label,
      ...(maxFramerate === undefined ? {} : { maxFramerate }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      onFrame: (frame) => this.#begin(frame),
      onClose: () => {
        this.close(ByeReason.revoked)
        this.#host.onEnd(this, 'revoked')
      }
    })
  }

  /** Ends its subscription, says so, and sends no more. May be called twice. @param reason undefined when the client knows already. */
  close(reason?: number): void {
    if (this.#closed) return
    if (reason !== undefined) this.#send(DatagramType.bye, Buffer.of(reason))
    this.#closed = true
    this.#dueMs = Number.POSITIVE_INFINITY
    this.#host.pacer.delete(this)
    this.#subscription?.close()
    this.#subscription = undefined
    this.#cut = undefined
    this.#sent.clear()
  }

  /** Takes a datagram of its connection. */
  receive(datagram: Datagram, address: string, port: number, nowMs: number): void {
    const read = this.#inbound.read(datagram)
    if (read === 'forged' || read === 'replayed') {
      this.#host.counters[read]++
      return
    }
    this.lastHeardMs = nowMs
    this.#isHeard = true
    const isElsewhere = address !== this.address || port !== this.port
    if (isElsewhere && datagram.type !== DatagramType.pathResponse) this.#ask(address, port, nowMs)
    switch (datagram.type) {
      case DatagramType.report: {
        const report = readReport(read.body)
        if (report === undefined) this.#host.counters.ignoredDatagrams++
        else this.#report(report, nowMs)
        break
      }
      case DatagramType.resend:
        this.#resend(read.body)
        break
      case DatagramType.bye:
        this.close()
        this.#host.onEnd(this, 'disconnects')
        break
      case DatagramType.pathResponse:
        this.#move(read.body, address, port, nowMs)
        break
      default:
        this.#host.counters.ignoredDatagrams++
    }
    if (this.#isPaused && !this.#closed) {
      this.#isPaused = false
      this.#continue()
    }
  }

  /** To be called some times a second. */
  sweep(nowMs: number): void {
    this.#answer()
    if (!this.#isHeard) {
      // Frames would be lost on it, and that would tell nothing of the way.
      this.#isPaused = true
      return
    }
    const silentMs = nowMs - this.lastHeardMs
    if (silentMs < worryMs) {
      this.#probe(nowMs)
      return
    }
    this.#way.fade()
    if (silentMs < pauseMs) return
    this.#isPaused = true
    if (nowMs - this.#lastSignMs < signOfLifeMs) return
    this.#lastSignMs = nowMs
    this.#send(DatagramType.probe, Buffer.alloc(0))
  }

  /** Sends the shards that are due, as many as possible at once, and takes the next frame when this one has had its time. */
  sendDue(untilMs: number): void {
    const cut = this.#cut
    if (cut !== undefined && this.#dueMs <= untilMs) {
      const from = this.#next
      const nowMs = untilMs - slackMs
      const lateMs = Math.max(0, nowMs - this.#dueMs)
      const burst = this.#way.hasRoom(nowMs) ? roomy : cautious
      const aheadMs = Math.min(burst.ms, (burst.datagrams - 1) * this.#gapMs)
      const most = this.#gapMs > 0 ? Math.floor((lateMs + aheadMs) / this.#gapMs) + 1 : this.#total
      this.#next = Math.min(this.#total, from + most)
      this.#dueMs += (this.#next - from) * this.#gapMs
      if (this.#next === this.#total) {
        this.#cut = undefined
        this.#isOut = true
      }
      this.#sendShards(cut, from, this.#next, this.#parityCount, 0)
    }
    if (this.#cut !== undefined || this.#dueMs > untilMs) return
    this.#dueMs = Number.POSITIVE_INFINITY
    this.#continue()
  }

  #begin(frame: EncodedFrame): void {
    const nowMs = performance.now()
    const cut = this.frames.cut(frame, this.#lastId, this.#maxShard, nowMs)
    const { dataCount, shardBytes } = cut.layout
    this.#lastId = cut.id
    this.#frameBytes = this.#frameBytes === 0 ? frame.data.length : this.#frameBytes * 0.9 + frame.data.length * 0.1
    this.#parityCount = parityFor(dataCount, this.#way.loss.share, this.#canResend)
    cut.prepare(this.#parityCount)
    this.#remember(cut)
    this.#cut = cut
    this.#next = 0
    this.#total = dataCount + this.#parityCount
    const bits = this.#total * (shardBytes + this.#overhead) * 8
    if (this.#measuredMs === undefined) {
      // The first frame: from now on they are counted.
      this.#measuredMs = nowMs
      this.#way.neededBps = (bits / usualIntervalMs) * 1000
    }
    this.#gapMs = ((bits / this.#way.rate) * 1000) / this.#total
    this.#dueMs = nowMs
    this.#host.pacer.add(this)
  }

  #remember(cut: ShardedFrame): void {
    for (const id of this.#sent.keys()) {
      if (id >= this.frames.oldestId) break
      this.#sent.delete(id)
    }
    this.#sent.set(cut.id, { cut, parityCount: this.#parityCount })
  }

  /** The next frame, when the last one is out and nobody has to be waited for. */
  #continue(): void {
    if (this.#cut === undefined && this.#pending === 0 && this.#dueMs === Number.POSITIVE_INFINITY && !this.#isPaused) {
      this.#subscription?.ready()
    }
  }

  /** Shards of `cut` from `from` until before `to`. */
  #sendShards(cut: ShardedFrame, from: number, to: number, parityCount: number, flags: number): void {
    const { counters, scratch, sender } = this.#host
    const { dataCount, shardBytes } = cut.layout
    const clock = (flags & DataFlag.resent) === 0 ? this.#takeAnswer() : undefined
    const clockBytes = clock === undefined ? 0 : this.#outbound.overhead + clock.length
    const memory = scratch.take((to - from) * (shardBytes + this.#overhead) + clockBytes)
    const head = writeDataHead({
      frameId: cut.id,
      frameSize: cut.frame.data.length,
      stream: this.frames.number,
      flags: flags | (cut.isRepeated ? DataFlag.repeated : 0),
      index: from,
      dataCount,
      parityCount,
      captureUs: cut.frame.timestampUs,
      sendUs: monotonicUs() % 0x1_0000_0000
    })
    const ends: number[] = []
    let end = 0
    for (let index = from; index < to; index++) {
      const shard = cut.shard(index)
      if (shard === undefined) break
      if (index >= dataCount) counters.parityDatagrams++
      setShardIndex(head, index)
      end = this.#outbound.writeTo(memory, end, DatagramType.data, head, shard)
      ends.push(end)
    }
    if (ends.length === 0) return
    if ((flags & DataFlag.resent) === 0) this.#resends.earn(end)
    if (clock !== undefined) {
      end = this.#outbound.writeTo(memory, end, DatagramType.clock, clock, nothing)
      ends.push(end)
    }
    this.#pending += ends.length
    sender.sendAll(toBursts(memory, ends), this.#peer, this.#onSent)
    if (this.#pending > 0) scratch.keep()
  }

  /** One for all data, so that sending makes no closures. */
  readonly #onSent: OnSent = (error, bytes, datagrams = 1) => {
    const { counters } = this.#host
    if (error === null) {
      counters.datagramsSent += datagrams
      counters.bytesSent += bytes
    } else {
      if (!this.#closed) counters.sendErrors += datagrams
      this.#error = error
    }
    this.#pending -= datagrams
    if (this.#pending > 0 || this.#cut !== undefined) return
    if (this.#error !== undefined) {
      if (!this.#closed) this.#host.onSendError(this.#error, this.#label)
    } else if (this.#isOut) counters.framesSent++
    this.#isOut = false
    this.#error = undefined
    if (!this.#closed) this.#continue()
  }

  /** Anything but data, to where the client is or to `to`. */
  #send(type: 5 | 12 | 13 | 14, body: Uint8Array, to: { address: string; port: number } = this): void {
    if (this.#closed) return
    const bytes = this.#outbound.write(type, body)
    this.#host.sender.send(bytes, to.port, to.address, (error, sent) => {
      const { counters } = this.#host
      if (error === null) {
        counters.datagramsSent++
        counters.bytesSent += sent
      } else if (type !== DatagramType.probe) counters.sendErrors++
    })
  }

  #report(report: Report, nowMs: number): void {
    const { counters } = this.#host
    const arrivedUs = monotonicUs()
    const interval = this.#way.report(report, this.#outbound.next, nowMs)
    if (interval === undefined) {
      counters.ignoredDatagrams++
      return
    }
    counters.reports++
    this.#longest.confirm(report.longest)
    this.#longest.judge(interval.expected, interval.received, nowMs)
    this.#measure(nowMs)
    this.#probe(nowMs)
    this.#answer()
    this.#unanswered = { clientTimeUs: report.clientTimeUs, receivedUs: arrivedUs }
  }

  /** Answers a report by itself, when no shards have taken the answer with them. */
  #answer(): void {
    const clock = this.#takeAnswer()
    if (clock !== undefined) this.#send(DatagramType.clock, clock)
  }

  #takeAnswer(): Buffer | undefined {
    if (this.#unanswered === undefined) return undefined
    const times = { ...this.#unanswered, sentUs: monotonicUs() }
    this.#unanswered = undefined
    const parity = this.#parityCount / this.#dataCount
    return writeClock({
      ...times,
      rateKbps: Math.round(this.#way.rate / 1000),
      parityPermille: Math.min(1000, Math.round(1000 * parity))
    })
  }

  /** How often the stream has frames, and what all of them would take. */
  #measure(nowMs: number): void {
    const elapsedMs = nowMs - (this.#measuredMs ?? nowMs)
    if (elapsedMs < 500) return
    const offered = this.#subscription?.stats().offered ?? 0
    const frames = offered - this.#offered
    this.#offered = offered
    this.#measuredMs = nowMs
    if (frames > 0) this.#intervalMs = Math.min(1000, elapsedMs / frames)
    this.#way.neededBps = this.#neededBps
  }

  /** Data shards of the newest frame; 1 before there is any. */
  get #dataCount(): number {
    return Math.max(1, this.#total - this.#parityCount)
  }

  get #neededBps(): number {
    if (this.#frameBytes === 0) return 0
    const wire = this.#frameBytes * (this.#total / this.#dataCount) + this.#total * this.#overhead
    return (wire * 8000) / this.#intervalMs
  }

  #resend(body: Buffer): void {
    const asked = readResend(body)
    if (asked === undefined) {
      this.#host.counters.ignoredDatagrams++
      return
    }
    const sent = this.#sent.get(expandNumber(asked.frameId, this.#lastId + 1))
    if (sent === undefined || sent.cut.id < this.frames.oldestId) return
    const { cut, parityCount } = sent
    const { dataCount, shardBytes } = cut.layout
    for (const index of asked.indices) {
      const bytes = shardBytes + this.#overhead
      if (index >= dataCount || !this.#resends.spend(cut.id, index, dataCount, bytes)) continue
      this.#host.counters.resentDatagrams++
      this.#sendShards(cut, index, index + 1, parityCount, DataFlag.resent)
    }
  }

  #probe(nowMs: number): void {
    for (const length of this.#longest.due(nowMs)) {
      this.#send(DatagramType.probe, Buffer.alloc(length - this.#outbound.overhead))
    }
  }

  /** Asks whether the client is at this address now. */
  #ask(address: string, port: number, nowMs: number): void {
    const known = this.#challenge
    if (known?.address === address && known.port === port && nowMs - known.atMs < challengeAgainMs) return
    const bytes = randomBytes(challengeLength)
    this.#challenge = { address, port, bytes, atMs: nowMs }
    this.#send(DatagramType.pathChallenge, bytes, { address, port })
  }

  #move(response: Buffer, address: string, port: number, nowMs: number): void {
    const asked = this.#challenge
    if (asked === undefined || asked.address !== address || asked.port !== port) return
    if (response.length !== challengeLength || !timingSafeEqual(response, asked.bytes)) return
    this.#challenge = undefined
    this.#peer = this.#host.sender.peer(address, port)
    this.#label = peerLabel(address, port)
    this.#way.change()
    this.#longest.reset(nowMs)
    this.#host.counters.movedClients++
  }

  /** Lost pieces can be asked for in time. Before the way there is known, they cannot. */
  get #canResend(): boolean {
    const { roundTripMs, delayMs } = this.#way
    return roundTripMs > 0 && roundTripMs * 1.25 + 5 < (delayMs > 0 ? delayMs : this.#intervalMs)
  }

  /** Bytes of a data datagram that are no shard. */
  get #overhead(): number {
    return this.#outbound.overhead + dataHeadLength
  }

  get #maxShard(): number {
    return Math.max(1, this.#longest.length - this.#overhead)
  }
}
