/** What one report says of the way to its client, since the report before. */
export interface Interval {
  /** Milliseconds. */
  readonly durationMs: number
  /** Datagrams that were sent and that came. */
  readonly expected: number
  readonly received: number
  /** Bytes that came. */
  readonly bytes: number
  /** How much longer the quickest datagram took than the quickest of the last minute, milliseconds; undefined when none came. */
  readonly queueMs: number | undefined
  /** Milliseconds. */
  readonly roundTripMs: number
}

/** Bounds of a rate, bit/s. */
export interface RateBounds {
  readonly min: number
  readonly max: number
}

/** Bit/s in the first moment, unless less is needed: 30 frames a second of 40 KB with room to spare. Where it is too much, that shows within some tenths of a second. */
const startBps = 12_000_000
/** A standing queue of so much is congestion (RFC 8298 section 4.1.1 has 60 ms at least). */
const targetMs = 35
/** When a queue stays although we made room, somebody else fills it: then only loss counts. Reports. */
const patience = 15
/** And so many reports with hardly any queue end that. */
const calm = 3
/** So much more loss than there is without a queue comes of buffers too short for a queue to show. */
const guardLoss = 0.04
const guardQueueMs = 5
/** Hardly a queue, milliseconds: the longer it is so, the more room the link may have. */
const emptyQueueMs = 4
/** Of the rate that came through, what remains after the queue grew too long, and after a loss while somebody else fills it (RFC 9438 section 4.6). */
const delayFactor = 0.87
const lossFactor = 0.7
/** A link that loses so much cannot be repaired, whatever the reason. RFC 8836 section 2 asks to react to loss at all. */
const hopelessLoss = 0.35

/**
 * The rate at which one client is sent to. Delay-based with a loss guard, in the manner of RFC 8298 and of its answer to competing flows (section 4.1.2.1): a queue on the way lowers the rate to
 * below what came through; loss without a queue is a matter of parity, since radio loses without being full. Where a queue stays full against our giving way, loss is
 * what counts, so that a TCP flow does not take everything.
 */
export class RateControl {
  #rate = startBps
  /** Until the first congestion it grows fast. */
  #isStarting = true
  /** Half of the rate before the way was silent, up to which it grows fast again (RFC 5681 section 3.1 keeps as much for the time after a time-out). */
  #halfBefore = 0
  #isFading = false
  /** The rate that was too much when it was last lowered. */
  #ceiling = Number.POSITIVE_INFINITY
  /** For how long there has been no queue. */
  #emptyMs = 0
  #throughput = 0
  #loss = 0
  /** Loss while there is no queue: that of the medium. */
  #usualLoss = 0
  #sinceDecreaseMs = Number.POSITIVE_INFINITY
  #fullReports = 0
  #calmReports = 0
  #isCompeting = false

  /** Bit/s. */
  get rate(): number {
    return this.#rate
  }

  /** Somebody else fills the link. */
  get isCompeting(): boolean {
    return this.#isCompeting
  }

  /** @param bounds what the client can use; the rate does not grow beyond. */
  update(interval: Interval, bounds: RateBounds): void {
    const { durationMs, expected, received, bytes, queueMs, roundTripMs } = interval
    if (durationMs <= 0) return
    this.#isFading = false
    const measured = (bytes * 8000) / durationMs
    this.#throughput = this.#throughput === 0 ? measured : this.#throughput * 0.6 + measured * 0.4
    const loss = expected > 0 ? Math.max(0, 1 - received / expected) : 0
    this.#loss = this.#loss * 0.8 + loss * 0.2
    this.#sinceDecreaseMs += durationMs
    this.#judge(queueMs)
    const factor = this.#congestion(loss, queueMs)
    if (factor < 1) {
      // Once for each queue: what is done shows after a round trip and a report.
      if (this.#sinceDecreaseMs > roundTripMs + 1.5 * durationMs) this.#lower(factor)
    } else if (this.#isCompeting || queueMs === undefined || queueMs < targetMs / 2) {
      this.#grow(durationMs, roundTripMs, queueMs)
      const isEmpty = queueMs !== undefined && queueMs < guardQueueMs
      if (isEmpty && !this.#isCompeting) this.#usualLoss += (loss - this.#usualLoss) * 0.05
    }
    this.#rate = Math.min(bounds.max, Math.max(bounds.min, this.#rate))
  }

  /** Nothing was heard for so long that the way may be blocked. */
  fade(bounds: RateBounds): void {
    if (!this.#isFading) this.#halfBefore = this.#rate / 2
    this.#isFading = true
    this.#rate = Math.max(bounds.min, this.#rate * 0.6)
    this.#isStarting = false
    this.#throughput = this.#rate
  }

  /** What of the rate may remain; 1 where nothing is congested. @param loss since the last report. */
  #congestion(loss: number, queueMs = 0): number {
    if (this.#loss > hopelessLoss) return delayFactor
    if (this.#isCompeting) return loss > this.#usualLoss + 0.003 ? lossFactor : 1
    const isShort = queueMs > guardQueueMs && this.#loss > this.#usualLoss + guardLoss
    return queueMs > targetMs || isShort ? delayFactor : 1
  }

  #judge(queueMs: number | undefined): void {
    if (queueMs === undefined) return
    this.#fullReports = queueMs > targetMs / 2 ? this.#fullReports + 1 : 0
    this.#calmReports = queueMs < targetMs / 2 ? this.#calmReports + 1 : 0
    if (this.#fullReports >= patience) this.#isCompeting = true
    if (this.#calmReports >= calm) this.#isCompeting = false
  }

  #lower(factor: number): void {
    this.#ceiling = this.#rate
    this.#halfBefore = 0
    this.#emptyMs = 0
    this.#rate = Math.min(this.#rate, Math.max(this.#throughput, this.#rate * 0.3)) * factor
    this.#isStarting = false
    this.#sinceDecreaseMs = 0
  }

  #grow(durationMs: number, roundTripMs: number, queueMs = 0): void {
    const seconds = durationMs / 1000
    const isFast = this.#isStarting || this.#rate < this.#halfBefore
    if (isFast && queueMs < targetMs / 4) {
      this.#rate *= 1 + 4 * seconds
      return
    }
    if (this.#isCompeting) {
      // Half a datagram more in each round trip; TCP takes a whole one (RFC 5681 section 3.1), but halves more often.
      const trip = Math.max(0.1, roundTripMs / 1000)
      this.#rate += ((700 * 8) / trip / trip) * seconds
      return
    }
    // Six times as much in two and a half seconds; slowly, and then faster, where it was too much before.
    this.#emptyMs = queueMs < emptyQueueMs ? this.#emptyMs + durationMs : 0
    const isNear = this.#rate > this.#ceiling * 0.8 && this.#rate < this.#ceiling * 1.1
    this.#rate *= 1 + (isNear ? 0.05 + 0.05 * (this.#emptyMs / 1000) : 0.8) * seconds
  }
}
