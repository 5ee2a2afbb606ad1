import { Border } from './border/border.js'
import { DelayCounter } from './delay-counter.js'
import { HubSubscription } from './hub-subscription.js'
import type {
  DeliveryTotals,
  EncodedFrame,
  StreamDelays,
  SubscribeOptions,
  Subscription,
  SubscriptionStats
} from './plugin/index.js'
import { monotonicUs, StreamerError, silentLogger, TroubleLog } from './plugin/index.js'
import { checkSubscribeOptions, maxSubscriptions } from './subscribe-options.js'

const silentBorder = new Border('a transport', new TroubleLog(silentLogger), Number.POSITIVE_INFINITY)

/** Gives each frame to every subscription: the newest wins, at most one waits per client, every drop is counted. */
export class FrameHub {
  readonly #subscriptions = new Set<HubSubscription>()
  readonly #closed = new Map<string, MutableTotals>()
  readonly #open = new Map<string, number>()
  readonly #onCount: (open: number) => void
  readonly #onError: (error: unknown, label: string) => void
  readonly #borderOf: (transport: string) => Border
  readonly #delays = {
    captureToPublish: new DelayCounter(),
    publishToDelivery: new DelayCounter(),
    captureToDelivery: new DelayCounter()
  }
  #published = 0

  /**
   * @param onCount told the number of open subscriptions after each change.
   * @param onError told what an `onFrame` threw; its subscription is closed, the others go on.
   * @param borderOf the border to a transport, which is told what it throws and what takes long. Default: nobody is told.
   */
  constructor(
    onCount: (open: number) => void = () => {},
    onError: (error: unknown, label: string) => void = () => {},
    borderOf: (transport: string) => Border = () => silentBorder
  ) {
    this.#onCount = onCount
    this.#onError = onError
    this.#borderOf = borderOf
  }

  /** Open subscriptions. */
  get size(): number {
    return this.#subscriptions.size
  }

  /** Frames given so far. */
  get published(): number {
    return this.#published
  }

  /**
   * Opens a subscription in the name of `transport`.
   * @throws TypeError for options that are none; StreamerError `ERR_TRANSPORT_FAILED` when the transport has 20 000 open.
   */
  subscribe(transport: string, options: SubscribeOptions): Subscription {
    const subscription = this.#create(transport, options)
    const open = this.#open.get(transport) ?? 0
    if (open >= maxSubscriptions) {
      const text = `transport ${transport}: cannot subscribe for ${options.label}: it has ${open} subscriptions open, which is the limit`
      throw new StreamerError('ERR_TRANSPORT_FAILED', text)
    }
    this.#open.set(transport, open + 1)
    this.#subscriptions.add(subscription)
    this.#onCount(this.#subscriptions.size)
    return subscription
  }

  /** A subscription that is closed from the beginning, for a transport whose time is over; `onClose` is told after this call. */
  subscribeInVain(transport: string, options: SubscribeOptions): Subscription {
    const subscription = this.#create(transport, options)
    subscription.close()
    queueMicrotask(() => subscription.tellClosed())
    return subscription
  }

  /** Gives `frame` to every subscription. Bytes are shared, not copied. */
  publish(frame: EncodedFrame, nowUs = monotonicUs()): void {
    this.#delays.captureToPublish.add(nowUs - frame.timestampUs)
    this.#give(frame, nowUs, frame.timestampUs)
  }

  /** The same with a frame that fills in for the source's: one that was given before, or a drawn one. Its delays do not count. */
  fillIn(frame: EncodedFrame, nowUs = monotonicUs()): void {
    this.#give(frame, nowUs, 0)
  }

  /** How long frames took so far. */
  delays(): StreamDelays {
    const { captureToPublish, publishToDelivery, captureToDelivery } = this.#delays
    return {
      captureToPublish: captureToPublish.read(),
      publishToDelivery: publishToDelivery.read(),
      captureToDelivery: captureToDelivery.read()
    }
  }

  /** Closes the subscription `id`, whose owner is told; false when there is none. */
  disconnect(id: string): boolean {
    for (const subscription of this.#subscriptions) {
      if (subscription.id !== id) continue
      subscription.revoke('disconnected')
      return true
    }
    return false
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

  #give(frame: EncodedFrame, nowUs: number, capturedUs: number): void {
    this.#published++
    for (const subscription of this.#subscriptions) subscription.offer(frame, nowUs, capturedUs)
  }

  #create(transport: string, options: SubscribeOptions): HubSubscription {
    checkSubscribeOptions(options)
    const border = this.#borderOf(transport)
    return new HubSubscription(transport, options, border, this.#delays, this.#onError, (closed) =>
      this.#remove(closed)
    )
  }

  #remove(subscription: HubSubscription): void {
    if (!this.#subscriptions.delete(subscription)) return
    this.#open.set(subscription.transport, (this.#open.get(subscription.transport) ?? 1) - 1)
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
