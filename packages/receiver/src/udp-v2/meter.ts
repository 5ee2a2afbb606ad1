import { difference, type Report } from '@streamer/protocol'

/** Frames as they are counted elsewhere. */
export interface FrameTotals {
  readonly whole: number
  readonly lost: number
}

/** What reports say besides what is measured here. */
export interface ReportedTimes {
  readonly delayMs: number
  /** Undefined when it is not known yet. */
  readonly roundTripMs: number | undefined
}

/** Measures one connection, for the reports to the server. */
export class Meter {
  #packets = 0
  #bytes = 0
  #longest = 0
  /** The three highest packet numbers, highest first. */
  readonly #highest: number[] = []
  /** Of data since the last report. The first one is what the others are compared with, because they wrap. */
  #firstDelay: number | undefined
  #least = 0
  #most = 0
  #lastDelay: number | undefined
  #jitterUs = 0

  /** Datagrams that came, each counted once. */
  get packets(): number {
    return this.#packets
  }

  /** Datagrams that must have been sent and have not come: what was overtaken and comes later is no longer one of them. */
  get missing(): number {
    return (this.#highest[0] ?? -1) + 1 - this.#packets
  }

  /** What was sent before this one has been overtaken by three; undefined when not so many came. */
  get thirdHighest(): number | undefined {
    return this.#highest[2]
  }

  /** How much the time on the way varies (RFC 3550 section 6.4.1), over data datagrams. */
  get jitterMs(): number {
    return this.#jitterUs / 1000
  }

  /** A datagram of the connection, for the first time. @param packetNumber with all its bits. */
  received(packetNumber: number, length: number): void {
    this.#packets++
    this.#bytes += length
    this.#longest = Math.max(this.#longest, length)
    const at = this.#highest.findIndex((number) => number < packetNumber)
    if (at >= 0) this.#highest.splice(at, 0, packetNumber)
    else this.#highest.push(packetNumber)
    if (this.#highest.length > 3) this.#highest.pop()
  }

  /** It carries data. @param sendUs lower 32 bits. */
  data(arrivalUs: number, sendUs: number): void {
    const delay = (Math.round(arrivalUs) - sendUs) >>> 0
    this.#firstDelay ??= delay
    const relative = difference(delay, this.#firstDelay)
    this.#least = Math.min(this.#least, relative)
    this.#most = Math.max(this.#most, relative)
    if (this.#lastDelay !== undefined) {
      this.#jitterUs += (Math.abs(difference(delay, this.#lastDelay)) - this.#jitterUs) / 16
    }
    this.#lastDelay = delay
  }

  /** What is to be reported now; the delays and the longest datagram begin anew. */
  report(nowUs: number, { delayMs, roundTripMs }: ReportedTimes, frames: FrameTotals): Report {
    const first = this.#firstDelay
    const report: Report = {
      clientTimeUs: nowUs,
      // Before anything came it is one below the first number, so that differences are right.
      highest: (this.#highest[0] ?? -1) >>> 0,
      packets: this.#packets >>> 0,
      bytes: this.#bytes >>> 0,
      minDelayUs: first === undefined ? 0 : (first + this.#least) >>> 0,
      maxDelayUs: first === undefined ? 0 : (first + this.#most) >>> 0,
      framesWhole: frames.whole >>> 0,
      framesLost: frames.lost >>> 0,
      longest: this.#longest,
      delayMs,
      roundTripMs: roundTripMs ?? 0
    }
    this.#longest = 0
    this.#firstDelay = undefined
    this.#least = 0
    this.#most = 0
    return report
  }
}
