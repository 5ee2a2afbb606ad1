import { CaptureClock } from './capture-clock.js'
import type { Clock } from './clock.js'
import type { IncomingFrame } from './connection.js'
import type { WaitingFrame } from './frame.js'

/** Frames do not overtake so many others: a number that far behind is a server that counts anew. */
const farBehind = 64
/** What may wait for its time; with more, the oldest goes before its time. */
const maxFrames = 300
const maxBytes = 64 * 1024 * 1024
/** An age beyond this, or below the other, means that the clocks do not agree. */
const oldestMs = 60_000
const youngestMs = -50

export interface PlayoutOptions {
  readonly clock: Clock
  /** After its capture (plus the shortest time on the way) a frame is handed out; 0 hands out what comes. */
  readonly delayMs: number
  readonly give: (frame: WaitingFrame) => void
}

interface Due {
  readonly frame: WaitingFrame
  readonly dueMs: number
}

/** Puts frames into their order, evens out what the network did to their times, and gives them numbers that always grow. */
export class Playout {
  readonly #options: PlayoutOptions
  readonly #captureClock = new CaptureClock()
  /** Frames that wait, by their numbers. */
  #waiting: Due[] = []
  #bytes = 0
  #timer: unknown
  /** The highest number that was handed out; -1 before the first. */
  #last = -1
  /** What to add to the server's numbers. Undefined before the first frame of a numbering. */
  #offset: number | undefined
  /** Frames that came when a newer one had been handed out, or that were there already. */
  late = 0

  constructor(options: PlayoutOptions) {
    this.#options = options
  }

  get jitterMs(): number {
    return this.#captureClock.jitterMs
  }

  /** A new numbering and a new clock. What waits is handed out now. */
  restart(): void {
    while (this.#waiting.length > 0) this.#giveFirst()
    this.#schedule()
    this.#offset = undefined
    this.#captureClock.reset()
  }

  push(incoming: IncomingFrame): void {
    const { clock, delayMs } = this.#options
    const nowMs = clock.nowMs()
    const sequence = this.#sequenceOf(incoming)
    const capturedUs = incoming.timestampUs ?? incoming.wallClockUs
    const fastestMs = capturedUs === undefined ? nowMs : this.#captureClock.arrived(capturedUs / 1000, nowMs)
    const ageMs = incoming.ageMs ?? this.#ageOf(incoming.wallClockUs)
    const frame: WaitingFrame = {
      data: incoming.data,
      codec: 'mjpeg',
      sequence,
      ...(incoming.timestampUs !== undefined && { timestampUs: incoming.timestampUs }),
      ...(ageMs !== undefined && { ageMs }),
      receivedMs: nowMs,
      repaired: incoming.repaired ?? false,
      repeated: incoming.repeated ?? false
    }
    if (sequence <= this.#last) this.late++
    else if (delayMs === 0) this.#give(frame)
    else this.#keep({ frame, dueMs: fastestMs + delayMs })
  }

  /** What waits is thrown away. */
  close(): void {
    this.#waiting = []
    this.#bytes = 0
    this.#schedule()
  }

  #sequenceOf({ sequence }: IncomingFrame): number {
    const newest = this.#waiting.at(-1)?.frame.sequence ?? this.#last
    if (sequence === undefined) return newest + 1
    if (this.#offset !== undefined && sequence + this.#offset < newest - farBehind) this.restart()
    this.#offset ??= this.#last + 1 - sequence
    return sequence + this.#offset
  }

  #ageOf(wallClockUs: number | undefined): number | undefined {
    if (wallClockUs === undefined) return undefined
    const ageMs = this.#options.clock.wallMs() - wallClockUs / 1000
    return ageMs >= youngestMs && ageMs <= oldestMs ? Math.max(ageMs, 0) : undefined
  }

  #keep(due: Due): void {
    let at = this.#waiting.length
    while (at > 0 && this.#waiting[at - 1]!.frame.sequence > due.frame.sequence) at--
    if (this.#waiting[at - 1]?.frame.sequence === due.frame.sequence) {
      this.late++
      return
    }
    this.#waiting.splice(at, 0, due)
    this.#bytes += due.frame.data.length
    while (this.#waiting.length > maxFrames || this.#bytes > maxBytes) this.#giveFirst()
    this.#schedule()
  }

  /** Sets the timer for the frame whose time comes first; those with lower numbers go with it. */
  #schedule(): void {
    const { clock } = this.#options
    if (this.#timer !== undefined) clock.clearTimer(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const dueMs = this.#waiting.reduce((least, due) => Math.min(least, due.dueMs), Number.POSITIVE_INFINITY)
    this.#timer = clock.setTimer(() => this.#giveDue(), Math.max(dueMs - clock.nowMs(), 0))
  }

  #giveDue(): void {
    const nowMs = this.#options.clock.nowMs()
    // A timer may be a fraction of a millisecond early.
    for (let left = this.#waiting.findLastIndex(({ dueMs }) => dueMs <= nowMs + 1); left >= 0; left--) this.#giveFirst()
    this.#schedule()
  }

  #giveFirst(): void {
    const { frame } = this.#waiting.shift()!
    this.#bytes -= frame.data.length
    this.#give(frame)
  }

  #give(frame: WaitingFrame): void {
    this.#last = frame.sequence
    this.#options.give(frame)
  }
}
