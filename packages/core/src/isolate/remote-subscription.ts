import type { Border } from '../border/border.js'
import { absorb } from '../border/border.js'
import { shortened } from '../failure.js'
import {
  type CloseReason,
  type EncodedFrame,
  messageOf,
  monotonicUs,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionStats
} from '../plugin/index.js'

interface Calls {
  ready(): void
  close(): void
}

/** The other half of a subscription of the hub's, which does the waiting and the dropping, and keeps the counters. */
export class RemoteSubscription implements Subscription {
  readonly #options: SubscribeOptions
  readonly #border: Border
  readonly #calls: Calls
  readonly #openedUs = monotonicUs()
  #busy = false
  #closed = false
  #delivered = 0
  #bytes = 0

  constructor(
    readonly stream: string,
    options: SubscribeOptions,
    border: Border,
    calls: Calls
  ) {
    this.#options = options
    this.#border = border
    this.#calls = calls
  }

  hand(frame: EncodedFrame): void {
    if (this.#closed) return
    this.#busy = true
    this.#delivered++
    this.#bytes += frame.data.byteLength
    try {
      absorb(this.#options.onFrame(frame) as unknown, (error) => this.#threw(error))
    } catch (error) {
      this.#threw(error)
    }
  }

  ready(): void {
    if (this.#closed || !this.#busy) return
    this.#busy = false
    this.#calls.ready()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#calls.close()
  }

  /** Closed by the core. */
  revoke(reason: CloseReason = 'revoked'): void {
    if (this.#closed) return
    this.close()
    this.#border.absorb(
      'onClose',
      this.#border.attempt('onClose', () => this.#options.onClose?.(reason) as unknown)
    )
  }

  /** Of what reached this thread; what was dropped before is in the statistics of the stream. */
  stats(): SubscriptionStats {
    const ageMs = Math.round((monotonicUs() - this.#openedUs) / 1000)
    return {
      id: '',
      label: this.#options.label,
      transport: '',
      ageMs,
      offered: this.#delivered,
      delivered: this.#delivered,
      bytes: this.#bytes,
      dropped: 0,
      skipped: 0,
      expired: 0,
      waiting: 0,
      framerate: ageMs > 0 ? (this.#delivered * 1000) / ageMs : 0,
      bitrateBps: ageMs > 0 ? Math.round((this.#bytes * 8000) / ageMs) : 0
    }
  }

  #threw(error: unknown): void {
    this.#border.tell(`threw in onFrame: ${shortened(messageOf(error))}; that client is let go`)
    this.revoke()
  }
}
