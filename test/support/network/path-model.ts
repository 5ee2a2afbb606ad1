/** What a path does to datagrams, in one direction. All of it defaults to nothing. */
export interface PathOptions {
  /** What every datagram takes. Milliseconds. */
  readonly delayMs?: number
  /**
   * Up to so much more: it wanders evenly between 0 and this, by 3 % of it at most from one datagram to the next, for datagrams that are close together
   * meet the same queues. Order is kept all the same. Milliseconds.
   */
  readonly jitterMs?: number
  /** Share of datagrams that is lost in the long run, 0 to 100. */
  readonly lossPercent?: number
  /** Mean length of a run of lost datagrams, 1 or more. Default: losses are independent of each other. */
  readonly meanBurst?: number
  /** Share of datagrams that arrive twice, 0 to 100. */
  readonly duplicatePercent?: number
  /** Share of datagrams that are held back, so that later ones overtake them; 0 to 100. */
  readonly reorderPercent?: number
  /** How long they are held back. Milliseconds, default 10. */
  readonly reorderMs?: number
}

/** Share of the jitter by which it changes at most. Drawn anew for each datagram, it would give a frame of many always the most there is. */
const jitterStep = 0.03

const lostFate: readonly number[] = []

/**
 * Decides what becomes of each datagram on a path. Losses follow the Gilbert-Elliott model, in its simple form: in the good state nothing is lost, in the
 * bad state everything is. Takes as many random numbers for each datagram whatever becomes of it, so that the fate of the n-th hangs on the seed alone.
 */
export class PathModel {
  readonly #random: () => number
  readonly #delayMs: number
  readonly #jitterMs: number
  /** 0 to 1. */
  #jitter: number
  /** Probability of going from the good state into the bad one with a datagram, and of leaving that again. */
  readonly #enter: number
  readonly #leave: number
  readonly #duplicate: number
  readonly #reorder: number
  readonly #reorderMs: number
  #isBad: boolean
  #lastDueMs = Number.NEGATIVE_INFINITY

  /**
   * @param random gives numbers from 0 to below 1.
   * @throws RangeError for values out of range, and for a loss that cannot come in such short bursts.
   */
  constructor(options: PathOptions, random: () => number) {
    const { delayMs = 0, jitterMs = 0, reorderMs = 10 } = options
    for (const ms of [delayMs, jitterMs, reorderMs]) if (!(ms >= 0)) throw new RangeError(`no time takes ${ms} ms`)
    this.#random = random
    this.#delayMs = delayMs
    this.#jitterMs = jitterMs
    this.#reorderMs = reorderMs
    this.#duplicate = share(options.duplicatePercent)
    this.#reorder = share(options.reorderPercent)
    const loss = share(options.lossPercent)
    // Loss without memory is the case in which the next datagram is lost as often after a lost one as after any other.
    const { meanBurst = 1 / (1 - loss) } = options
    this.#leave = loss === 1 ? 0 : 1 / meanBurst
    this.#enter = loss === 1 ? 1 : (this.#leave * loss) / (1 - loss)
    if (!(meanBurst >= 1) || this.#enter > 1)
      throw new RangeError(`${loss * 100} % cannot be lost in bursts of ${meanBurst} datagrams`)
    this.#jitter = random()
    // As if it had gone on for ever already.
    this.#isBad = random() < loss
  }

  /**
   * What becomes of a datagram that enters the path.
   * @param nowMs by any clock that does not go back.
   * @returns when it leaves, by the same clock: once, twice when it is doubled, never when it is lost.
   */
  next(nowMs: number): readonly number[] {
    const random = this.#random
    const [isHeld, step, isDoubled] = [random() < this.#reorder, random(), random() < this.#duplicate]
    this.#jitter = reflected(this.#jitter + (2 * step - 1) * jitterStep)
    const isLost = this.#isBad
    this.#isBad = isLost ? random() >= this.#leave : random() < this.#enter
    if (isLost) return lostFate
    let dueMs = Math.max(this.#lastDueMs, nowMs + this.#delayMs + this.#jitter * this.#jitterMs)
    if (isHeld) dueMs += this.#reorderMs
    else this.#lastDueMs = dueMs
    return isDoubled ? [dueMs, dueMs] : [dueMs]
  }
}

/** Back into 0 to 1, as light from a mirror. */
function reflected(value: number): number {
  return value < 0 ? -value : value > 1 ? 2 - value : value
}

function share(percent = 0): number {
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`${percent} % is no share`)
  return percent / 100
}
