import { RateControl } from '../src/v2/rate-control.js'

/** A link as a model, in steps of a millisecond: what fits into its buffer waits, what does not is lost. */
export interface StandInLink {
  /** Bit/s at a time in milliseconds. */
  readonly capacity: (nowMs: number) => number
  /** How long a full buffer takes to empty, milliseconds. */
  readonly bufferMs: number
  /** One way, without the queue, milliseconds. */
  readonly delayMs: number
  /** What the client could use, bit/s. */
  readonly wanted: number
  /** Chance of a datagram to be lost for no reason. */
  readonly loss?: number
  /** When a TCP flow with endless data shares the link, milliseconds. */
  readonly tcp?: readonly [fromMs: number, toMs: number]
}

/** What came of it, once in 100 ms. */
export interface Sample {
  readonly atMs: number
  readonly rate: number
  /** Bit/s that came through. */
  readonly throughput: number
  readonly tcpThroughput: number
  readonly queueMs: number
  readonly loss: number
}

const datagram = 1400

/** Runs one client's rate control over a link, with reports every 100 ms that take their time to come. The same seed gives the same run. */
export function simulate(link: StandInLink, seconds: number, seed = 1): Sample[] {
  const control = new RateControl()
  const random = mulberry32(seed)
  const samples: Sample[] = []
  const bounds = { min: 150_000, max: 2 * link.wanted }
  const reports: Array<{ atMs: number; deliver: () => void }> = []
  let queueBytes = 0
  let credit = 0
  let since = { sent: 0, came: 0, tcp: 0, minQueueMs: Number.POSITIVE_INFINITY }
  /** Segments; a loss halves nothing but takes three tenths, as CUBIC does, once a round trip. */
  let window = 10
  let tcpCredit = 0
  let recoverMs = 0
  let isSlowStart = true
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs++) {
    const capacity = link.capacity(nowMs)
    const bufferBytes = (capacity * link.bufferMs) / 8000
    queueBytes = Math.max(0, queueBytes - capacity / 8000)
    const queueMs = (queueBytes * 8000) / capacity
    credit += Math.min(control.rate, link.wanted) / 8000
    while (credit >= datagram) {
      credit -= datagram
      since.sent++
      if (queueBytes + datagram > bufferBytes || random() < (link.loss ?? 0)) continue
      queueBytes += datagram
      since.came++
      since.minQueueMs = Math.min(since.minQueueMs, queueMs)
    }
    if (link.tcp !== undefined && nowMs >= link.tcp[0] && nowMs < link.tcp[1]) {
      const roundTripMs = 2 * link.delayMs + queueMs + 1
      tcpCredit += window / roundTripMs
      while (tcpCredit >= 1) {
        tcpCredit--
        if (queueBytes + datagram > bufferBytes) {
          if (nowMs > recoverMs) {
            window = Math.max(2, window * 0.7)
            isSlowStart = false
            recoverMs = nowMs + roundTripMs
          }
          continue
        }
        queueBytes += datagram
        since.tcp++
        window += isSlowStart ? 1 : 1 / window
      }
    }
    if (nowMs % 100 === 99) {
      const { sent, came, tcp, minQueueMs } = since
      since = { sent: 0, came: 0, tcp: 0, minQueueMs: Number.POSITIVE_INFINITY }
      samples.push({
        atMs: nowMs + 1,
        rate: control.rate,
        throughput: came * datagram * 80,
        tcpThroughput: tcp * datagram * 80,
        queueMs,
        loss: sent === 0 ? 0 : 1 - came / sent
      })
      reports.push({
        atMs: nowMs + 2 * link.delayMs + queueMs,
        deliver: () =>
          control.update(
            {
              durationMs: 100,
              expected: sent,
              received: came,
              bytes: came * datagram,
              queueMs: came === 0 ? undefined : minQueueMs,
              roundTripMs: 2 * link.delayMs + queueMs
            },
            bounds
          )
      })
    }
    while (reports[0] !== undefined && reports[0].atMs <= nowMs) reports.shift()!.deliver()
  }
  return samples
}

/** Of the samples from one time to another, the mean of a number. */
export function mean(samples: readonly Sample[], from: number, to: number, of: (sample: Sample) => number): number {
  const some = samples.filter(({ atMs }) => atMs > from * 1000 && atMs <= to * 1000)
  return some.reduce((sum, sample) => sum + of(sample), 0) / some.length
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
