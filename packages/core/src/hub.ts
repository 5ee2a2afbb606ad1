import type { DeliveryTotals, EncodedFrame, SubscribeOptions, Subscription, SubscriptionStats } from './plugin/index.js'
import { monotonicUs } from './plugin/index.js'
import { RateMeter } from './rate-meter.js'

/** A frame may come this part of an interval early and still count for its slot, so that jitter does not halve a limited rate. */
const earlyPart = 0.25

/** Gives each frame to every subscription: the newest wins, at most one waits per client, every drop is counted. */
export class FrameHub {
  readonly #subscriptions = new Set<HubSubscription>()
  readonly #closed = new Map<string, MutableTotals>()
  readonly #onCount: (open: number) => void
  readonly #onError: (error: unknown, label: string) => void
  #published = 0

  /**
   * @param onCount told the number of open subscriptions after each change.
   * @param onError told what an `onFrame` threw; its subscription is closed, the others go on.
   */
  constructor(onCount: (open: number) => void = () => {}, onError: (error: unknown, label: string) => void = () => {}) {
    this.#onCount = onCount
    this.#onError = onError
  }

  /** Open subscriptions. */
  get size(): number {
    return this.#subscriptions.size
  }

  /** Frames given so far. */
  get published(): number {
    return this.#published
  }

  /** Opens a subscription in the name of `transport`. */
  subscribe(transport: string, options: SubscribeOptions): Subscription {
    const subscription = new HubSubscription(transport, options, this.#onError, (closed) => this.#remove(closed))
    this.#subscriptions.add(subscription)
    this.#onCount(this.#subscriptions.size)
    return subscription
  }

  /** Gives `frame` to every subscription. Bytes are shared, not copied. */
  publish(frame: EncodedFrame, nowUs = monotonicUs()): void {
    this.#published++
    for (const subscription of this.#subscriptions) subscription.offer(frame, nowUs)
  }

  /** Of the open subscriptions, in the order they were opened. */
  stats(): SubscriptionStats[] {
    return Array.from(this.#subscriptions, (subscription) => subscription.stats())
  }

  /** Sums by transport, the closed subscriptions included. */
  totals(): Record<string, DeliveryTotals> {
    const totals = new Map<string, MutableTotals>()
    for (const [transport, sums] of this.#closed) totals.set(transport, { ...sums })
    for (const subscription of this.#subscriptions) {
      const sums = totalsOf(totals, subscription.transport)
      sums.clients++
      addStats(sums, subscription.stats())
    }
    return Object.fromEntries(totals)
  }

  /** Closes the subscriptions of one transport. */
  closeAll(transport: string): void {
    for (const subscription of this.#subscriptions) if (subscription.transport === transport) subscription.revoke()
  }

  #remove(subscription: HubSubscription): void {
    if (!this.#subscriptions.delete(subscription)) return
    addStats(totalsOf(this.#closed, subscription.transport), subscription.stats())
    this.#onCount(this.#subscriptions.size)
  }
}

type MutableTotals = { -readonly [Key in keyof DeliveryTotals]: DeliveryTotals[Key] }

function totalsOf(map: Map<string, MutableTotals>, transport: string): MutableTotals {
  let totals = map.get(transport)
  if (!totals) {
    totals = { clients: 0, delivered: 0, bytes: 0, dropped: 0, skipped: 0, expired: 0 }
    map.set(transport, totals)
  }
  return totals
}

function addStats(totals: MutableTotals, stats: SubscriptionStats): void {
  totals.delivered += stats.delivered
  totals.bytes += stats.bytes
  totals.dropped += stats.dropped
  totals.skipped += stats.skipped
  totals.expired += stats.expired
}

class HubSubscription implements Subscription {
  readonly transport: string
  readonly #label: string
  readonly #onFrame: (frame: EncodedFrame) => void
  readonly #onRevoke: () => void
  readonly #onError: (error: unknown, label: string) => void
  readonly #onClose: (subscription: HubSubscription) => void
  readonly #intervalUs: number
  readonly #maxAgeUs: number
  readonly #openedUs = monotonicUs()
  readonly #meter = new RateMeter()
  #waiting: EncodedFrame | undefined
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

  constructor(
    transport: string,
    options: SubscribeOptions,
    onError: (error: unknown, label: string) => void,
    onClose: (subscription: HubSubscription) => void
  ) {
    const { label, maxFramerate, maxAgeMs, onFrame } = options
    if (maxFramerate !== undefined && !(maxFramerate > 0)) throw new TypeError('maxFramerate must be above 0')
    if (maxAgeMs !== undefined && !(maxAgeMs >= 0)) throw new TypeError('maxAgeMs must be 0 or more')
    this.transport = transport
    this.#label = label
    // A call through `options` keeps its `this` for those who pass an object with a method.
    this.#onFrame = (frame) => onFrame.call(options, frame)
    this.#onRevoke = () => options.onClose?.()
    this.#onError = onError
    this.#onClose = onClose
    this.#intervalUs = maxFramerate === undefined ? 0 : 1_000_000 / maxFramerate
    this.#maxAgeUs = maxAgeMs === undefined ? Number.POSITIVE_INFINITY : maxAgeMs * 1000
  }

  /** Takes the next frame of the stream: hands it on, lets it wait in place of an older one, or leaves it out. */
  offer(frame: EncodedFrame, nowUs: number): void {
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
      this.#hand(frame, nowUs)
      return
    }
    if (this.#waiting === undefined) {
      this.#waiting = frame
      if (frame.keyframe) this.#needsKeyframe = false
      return
    }
    this.#dropped++
    // A delta frame never replaces what waits; once one is lost, all up to the next keyframe are.
    if (frame.keyframe) {
      this.#waiting = frame
      this.#needsKeyframe = false
    } else this.#needsKeyframe = true
  }

  ready(): void {
    if (this.#closed || !this.#busy) return
    this.#busy = false
    // Within `onFrame`, the loop of the outer `#hand` goes on with what waits: no recursion with a client that is always ready.
    if (this.#handing) return
    const frame = this.#waiting
    if (frame === undefined) return
    this.#waiting = undefined
    this.#hand(frame, monotonicUs())
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
  revoke(): void {
    if (this.#closed) return
    this.close()
    try {
      this.#onRevoke()
    } catch (error) {
      this.#onError(error, this.#label)
    }
  }

  stats(): SubscriptionStats {
    const nowUs = monotonicUs()
    return {
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
      framerate: this.#meter.rate(nowUs)
    }
  }

  #hand(first: EncodedFrame, nowUs: number): void {
    let frame: EncodedFrame | undefined = first
    while (frame !== undefined && !this.#closed) {
      if (nowUs - frame.timestampUs > this.#maxAgeUs) {
        this.#expired++
        this.#needsKeyframe = true
      } else {
        this.#delivered++
        this.#bytes += frame.data.byteLength
        this.#meter.mark(nowUs)
        this.#busy = true
        this.#handing = true
        try {
          this.#onFrame(frame)
        } catch (error) {
          this.#onError(error, this.#label)
          this.revoke()
        }
        this.#handing = false
        if (this.#busy) return
      }
      frame = this.#waiting
      this.#waiting = undefined
    }
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
