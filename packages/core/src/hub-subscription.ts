import { randomBytes } from 'node:crypto'
import { absorb, type Border } from './border/border.js'
import { beginCall } from './border/call-time.js'
import type { DelayCounter } from './delay-counter.js'
import { shortened } from './failure.js'
import {
  type CloseReason,
  type EncodedFrame,
  messageOf,
  monotonicUs,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionStats
} from './plugin/index.js'
import { RateMeter } from './rate-meter.js'

/** A frame may come this part of an interval early and still count for its slot, so that jitter does not halve a limited rate. */
const earlyPart = 0.25

/** Of this run of the program, so that an id that somebody kept from the last one does not hit another client. */
const runId = randomBytes(3).toString('hex')
let lastId = 0

/** So many frames in a row that were too old tell that not the client is late, for which the newest waits, but what makes the frames. */
const expiredInARow = 30

/** Where a subscription counts how long frames took. */
export interface DeliveryDelays {
  readonly publishToDelivery: DelayCounter
  readonly captureToDelivery: DelayCounter
}

/** What the hub keeps for one client: at most one waiting frame, its limits and its counters. */
export class HubSubscription implements Subscription {
  readonly id = `${runId}-${++lastId}`
  readonly transport: string
  readonly #label: string
  readonly #options: SubscribeOptions
  readonly #border: Border
  readonly #onError: (error: unknown, label: string) => void
  readonly #onClose: (subscription: HubSubscription) => void
  readonly #intervalUs: number
  readonly #maxAgeUs: number
  readonly #openedUs = monotonicUs()
  readonly #meter = new RateMeter()
  readonly #delays: DeliveryDelays
  #waiting: EncodedFrame | undefined
  /** When the waiting frame was published, and when it was captured; 0 for one whose delay does not count. */
  #waitingPublishedUs = 0
  #waitingCapturedUs = 0
  /** The same of the frame that the client is busy with. */
  #handedPublishedUs = 0
  #handedCapturedUs = 0
  #busy = false
  #handing = false
  #closed = false
  /** Delta frames are useless until the next keyframe: at the beginning, and after one of them was dropped. */
  #needsKeyframe = true
  /** When the next frame of a limited rate is due; 0 before the first. */
  #dueUs = 0
  #offered = 0
  #delivered = 0
  #bytes = 0
  #dropped = 0
  #skipped = 0
  #expired = 0
  /** Since the last frame that was not too old. */
  #expiredNow = 0

  constructor(
    transport: string,
    options: SubscribeOptions,
    border: Border,
    delays: DeliveryDelays,
    onError: (error: unknown, label: string) => void,
    onClose: (subscription: HubSubscription) => void
  ) {
    const { label, maxFramerate, maxAgeMs } = options
    this.transport = transport
    this.#label = label
    this.#options = options
    this.#border = border
    this.#delays = delays
    this.#onError = onError
    this.#onClose = onClose
    this.#intervalUs = maxFramerate === undefined ? 0 : 1_000_000 / maxFramerate
    this.#maxAgeUs = maxAgeMs === undefined ? Number.POSITIVE_INFINITY : maxAgeMs * 1000
  }

  /**
   * Takes the next frame of the stream: hands it on, lets it wait in place of an older one, or leaves it out.
   * @param capturedUs when the source took it; 0 for one whose delay does not count.
   */
  offer(frame: EncodedFrame, nowUs: number, capturedUs: number): void {
    if (this.#closed) return
    this.#offered++
    if (this.#intervalUs > 0 && frame.keyframe && !this.#isDue(nowUs)) {
      this.#skipped++
      // What builds on a keyframe that is left out is left out with it.
      this.#needsKeyframe = true
      return
    }
    if (!frame.keyframe && this.#needsKeyframe) {
      this.#dropped++
      return
    }
    if (!this.#busy) {
      if (frame.keyframe) this.#needsKeyframe = false
      this.#hand(frame, nowUs, nowUs, capturedUs)
      return
    }
    if (this.#waiting === undefined) {
      this.#wait(frame, nowUs, capturedUs)
      if (frame.keyframe) this.#needsKeyframe = false
      return
    }
    this.#dropped++
    // A delta frame never replaces what waits; once one is lost, all up to the next keyframe are.
    if (frame.keyframe) {
      this.#wait(frame, nowUs, capturedUs)
      this.#needsKeyframe = false
    } else this.#needsKeyframe = true
  }

  ready(): void {
    if (this.#closed || !this.#busy) return
    const nowUs = monotonicUs()
    this.#busy = false
    if (this.#handedCapturedUs !== 0) {
      this.#delays.publishToDelivery.add(nowUs - this.#handedPublishedUs)
      this.#delays.captureToDelivery.add(nowUs - this.#handedCapturedUs)
    }
    // Within `onFrame`, the loop of the outer `#hand` goes on with what waits: no recursion with a client that is always ready.
    if (this.#handing) return
    const frame = this.#waiting
    if (frame === undefined) return
    this.#waiting = undefined
    this.#hand(frame, nowUs, this.#waitingPublishedUs, this.#waitingCapturedUs)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#waiting !== undefined) {
      this.#dropped++
      this.#waiting = undefined
    }
    this.#onClose(this)
  }

  /** Closes it and tells its owner. */
  revoke(reason: CloseReason = 'revoked'): void {
    if (this.#closed) return
    this.close()
    this.tellClosed(reason)
  }

  /** Tells the owner that it was closed. */
  tellClosed(reason: CloseReason = 'revoked'): void {
    const result = this.#border.attempt('onClose', () => this.#options.onClose?.(reason) as unknown)
    this.#border.absorb('onClose', result)
  }

  stats(): SubscriptionStats {
    const nowUs = monotonicUs()
    return {
      id: this.id,
      label: this.#label,
      transport: this.transport,
      ageMs: Math.round((nowUs - this.#openedUs) / 1000),
      offered: this.#offered,
      delivered: this.#delivered,
      bytes: this.#bytes,
      dropped: this.#dropped,
      skipped: this.#skipped,
      expired: this.#expired,
      waiting: this.#waiting === undefined ? 0 : 1,
      framerate: this.#meter.rate(nowUs),
      bitrateBps: this.#meter.bitrateBps(nowUs)
    }
  }

  #wait(frame: EncodedFrame, publishedUs: number, capturedUs: number): void {
    this.#waiting = frame
    this.#waitingPublishedUs = publishedUs
    this.#waitingCapturedUs = capturedUs
  }

  #hand(first: EncodedFrame, nowUs: number, publishedUs: number, capturedUs: number): void {
    this.#handedPublishedUs = publishedUs
    this.#handedCapturedUs = capturedUs
    let frame: EncodedFrame | undefined = first
    while (frame !== undefined && !this.#closed) {
      // A frame that fills in for a silent camera's may be old: it is late only when it had to wait for its client.
      const sinceUs = this.#handedCapturedUs === 0 ? this.#handedPublishedUs : this.#handedCapturedUs
      if (nowUs - sinceUs > this.#maxAgeUs) {
        this.#expired++
        this.#needsKeyframe = true
        if (++this.#expiredNow % expiredInARow === 0) this.#border.tell(this.#expiredText)
      } else {
        this.#expiredNow = 0
        this.#delivered++
        this.#bytes += frame.data.byteLength
        this.#meter.mark(nowUs, frame.data.byteLength)
        this.#busy = true
        this.#handing = true
        this.#call(frame)
        this.#handing = false
        if (this.#busy) return
      }
      frame = this.#waiting
      this.#waiting = undefined
      this.#handedPublishedUs = this.#waitingPublishedUs
      this.#handedCapturedUs = this.#waitingCapturedUs
    }
  }

  get #expiredText(): string {
    return `gets frames that are all older than its maxAgeMs of ${this.#maxAgeUs / 1000} when they come from the source or encoder, and shows none of them`
  }

  #call(frame: EncodedFrame): void {
    beginCall()
    try {
      // A call through the options keeps their `this` for those who pass an object with a method.
      const result = this.#options.onFrame(frame, this.#handedPublishedUs) as unknown
      if (result !== undefined) absorb(result, (error) => this.#threw(error))
    } catch (error) {
      this.#threw(error)
    } finally {
      this.#border.endCall('onFrame')
    }
  }

  #threw(error: unknown): void {
    this.#border.tell(`threw in onFrame: ${shortened(messageOf(error))}; that client is let go`)
    this.#onError(error, this.#label)
    this.revoke()
  }

  /** Spreads a limited rate evenly: due times advance by whole intervals, and start anew after a pause. */
  #isDue(nowUs: number): boolean {
    if (nowUs < this.#dueUs - this.#intervalUs * earlyPart) return false
    this.#dueUs =
      this.#dueUs === 0 || nowUs > this.#dueUs + this.#intervalUs
        ? nowUs + this.#intervalUs
        : this.#dueUs + this.#intervalUs
    return true
  }
}
