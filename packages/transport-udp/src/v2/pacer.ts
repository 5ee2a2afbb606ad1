/** Something that sends a little at a time. */
export interface Paced {
  /** When it has something to do next, milliseconds of `performance.now()`; infinity when there is nothing. */
  readonly dueMs: number
  /** Does what is due until then, which is `slackMs` from now. */
  sendDue(untilMs: number): void
}

/** What is due so soon is done now: timers count whole milliseconds, and several clients are sent to in one turn of the event loop. Milliseconds. */
export const slackMs = 1.5

/** One timer for all that send a little at a time. It runs only while something is due. */
export class Pacer {
  readonly #active = new Set<Paced>()
  #timer: NodeJS.Timeout | undefined
  #wakeMs = Number.POSITIVE_INFINITY
  #isTicking = false

  /** Does what is due of `paced`, now or in time. To be called whenever its `dueMs` has become earlier. */
  add(paced: Paced): void {
    this.#active.add(paced)
    if (this.#isTicking) return
    if (paced.dueMs <= performance.now() + slackMs) this.#tick()
    else this.#arm(paced.dueMs)
  }

  delete(paced: Paced): void {
    this.#active.delete(paced)
  }

  close(): void {
    this.#active.clear()
    this.#disarm()
  }

  readonly #tick = (): void => {
    this.#disarm()
    this.#isTicking = true
    const untilMs = performance.now() + slackMs
    let next = Number.POSITIVE_INFINITY
    for (const paced of this.#active) {
      if (paced.dueMs <= untilMs) paced.sendDue(untilMs)
      if (paced.dueMs === Number.POSITIVE_INFINITY) this.#active.delete(paced)
      else next = Math.min(next, paced.dueMs)
    }
    this.#isTicking = false
    this.#arm(next)
  }

  #arm(atMs: number): void {
    if (atMs >= this.#wakeMs || atMs === Number.POSITIVE_INFINITY) return
    clearTimeout(this.#timer)
    this.#wakeMs = atMs
    this.#timer = setTimeout(this.#tick, Math.max(1, atMs - performance.now()))
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#wakeMs = Number.POSITIVE_INFINITY
  }
}
