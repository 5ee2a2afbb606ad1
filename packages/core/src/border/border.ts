import { shortened } from '../failure.js'
import { messageOf, type TroubleLog } from '../plugin/index.js'
import { beginCall, endCall, roundedTime } from './call-time.js'

/** The border to one part: what the part throws stays there, and what holds up everybody is told, both with the part's name. */
export class Border {
  /** `the source "fake"` */
  readonly who: string
  readonly #trouble: TroubleLog
  readonly #slowCallMs: number

  /** @param slowCallMs a call that takes longer is told. */
  constructor(who: string, trouble: TroubleLog, slowCallMs: number) {
    this.who = who
    this.#trouble = trouble
    this.#slowCallMs = slowCallMs
  }

  /** Says trouble with the part: `gave no list of controls`. The same words each time, for `TroubleLog` counts by them. */
  tell(deed: string): void {
    this.#trouble.warn(`${this.who} ${deed}`)
  }

  /** Tells a call that took long; without one that `beginCall` began, nothing may call it. */
  endCall(call: string): void {
    const tookMs = endCall()
    if (tookMs > this.#slowCallMs)
      this.tell(`held up everything for more than ${roundedTime(tookMs, this.#slowCallMs)} in ${call}`)
  }

  /** What `work` gives; undefined when it throws, which is told. */
  attempt<Result>(call: string, work: () => Result): Result | undefined {
    beginCall()
    try {
      return work()
    } catch (error) {
      this.threw(call, error)
      return undefined
    } finally {
      this.endCall(call)
    }
  }

  /** What `work` gives in the end; rejects with whatever it throws. What holds up everybody is only what it does before it waits. */
  async run<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    beginCall()
    let result: Promise<Result>
    try {
      result = work()
    } finally {
      this.endCall(call)
    }
    return await result
  }

  threw(call: string, error: unknown): void {
    this.tell(`threw in ${call}: ${shortened(messageOf(error))}`)
  }

  /** For what a call that gives nothing gave all the same: the promise of a function that was written as `async`, whose rejection nobody would hear. */
  absorb(call: string, result: unknown): void {
    absorb(result, (error) => this.threw(call, error))
  }
}

/** Gives the rejection of `result`, if it is a promise, to `onError`. */
export function absorb(result: unknown, onError: (error: unknown) => void): void {
  if (typeof result !== 'object' || result === null) return
  try {
    if (typeof (result as PromiseLike<unknown>).then === 'function') Promise.resolve(result).catch(onError)
  } catch (error) {
    onError(error)
  }
}
