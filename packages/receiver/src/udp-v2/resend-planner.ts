import type { PartialFrame } from './partial-frame.js'

/** Requests for one shard; the server grants no more. */
const maxTries = 3
/** An answer is overdue after so many round trips. */
const patience = 1.5
/** Round trips are not known better than this; timers are not better than a few milliseconds. */
const leastWaitMs = 10
/** When nothing more comes of a frame for so long, what is missing at its end will not come either: paced datagrams are closer together. */
const leastQuietMs = 100

/** A frame that lacks more is beyond help: the server spends no more than a quarter of its rate on this. */
const mostShards = 256

/** What is known at this moment. */
export interface PlanningTime {
  readonly nowMs: number
  readonly roundTripMs: number
  /** The third highest packet number that came: what was sent before it is lost. Undefined when not so many came. */
  readonly thirdHighest: number | undefined
}

/** Decides which lost shards of data are asked for again (servers keep no parity): as few as make a frame whole together with what is there and what may still come. */
export class ResendPlanner {
  readonly #asked = new WeakMap<PartialFrame, Map<number, { readonly tries: number; readonly atMs: number }>>()
  #againMs = Number.POSITIVE_INFINITY

  /** When an answer will be overdue, of all plans since `begin`. */
  get againMs(): number {
    return this.#againMs
  }

  /** Before the plans of one moment. */
  begin(): void {
    this.#againMs = Number.POSITIVE_INFINITY
  }

  /** The shards of `frame` to ask for now. They count as asked for. @param uselessMs an answer after this comes too late. */
  plan(frame: PartialFrame, time: PlanningTime, uselessMs: number): number[] {
    const { nowMs, roundTripMs } = time
    if (nowMs + roundTripMs > uselessMs) return []
    const lostTo = this.#lostTo(frame, time)
    const asked = this.#asked.get(frame)
    if (lostTo < 0 && asked === undefined) return []
    // Cheaper than to look at each.
    const mayCome = frame.shardCount - 1 - lostTo + (asked?.size ?? 0)
    if (frame.lackingInAll - mayCome > mostShards) return []
    const indices: number[] = []
    for (let block = 0; block < frame.blocks; block++) {
      const chosen = this.#planBlock(frame, block, time, lostTo)
      // One block that cannot be made whole makes the others useless.
      if (chosen === undefined) return []
      indices.push(...chosen)
    }
    if (indices.length === 0) return []
    this.#remember(frame, indices, nowMs)
    this.#againMs = Math.min(this.#againMs, nowMs + waitMs(roundTripMs))
    return indices
  }

  /** What is missing up to this index is lost. */
  #lostTo(frame: PartialFrame, { nowMs, roundTripMs, thirdHighest }: PlanningTime): number {
    if (nowMs - frame.lastMs >= Math.max(leastQuietMs, patience * roundTripMs)) return frame.shardCount - 1
    return thirdHighest === undefined ? -1 : frame.sentBefore(thirdHighest)
  }

  /** Undefined when all tries were in vain. */
  #planBlock(frame: PartialFrame, block: number, time: PlanningTime, lostTo: number): number[] | undefined {
    let lacking = frame.lacking(block)
    if (lacking === 0) return []
    const { nowMs, roundTripMs } = time
    const asked = this.#asked.get(frame)
    const candidates: number[] = []
    for (const index of frame.missing(block)) {
      const request = asked?.get(index)
      if (request !== undefined && nowMs < request.atMs + waitMs(roundTripMs)) {
        lacking--
        this.#againMs = Math.min(this.#againMs, request.atMs + waitMs(roundTripMs))
      } else if (request === undefined && index > lostTo) lacking--
      else if (index < frame.dataCount && (request?.tries ?? 0) < maxTries) candidates.push(index)
    }
    if (lacking <= 0) return []
    return candidates.length < lacking ? undefined : candidates.slice(0, lacking)
  }

  #remember(frame: PartialFrame, indices: readonly number[], nowMs: number): void {
    const asked = this.#asked.get(frame) ?? new Map<number, { readonly tries: number; readonly atMs: number }>()
    this.#asked.set(frame, asked)
    for (const index of indices) asked.set(index, { tries: (asked.get(index)?.tries ?? 0) + 1, atMs: nowMs })
  }
}

function waitMs(roundTripMs: number): number {
  return Math.max(leastWaitMs, patience * roundTripMs)
}
