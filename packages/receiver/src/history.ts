/** Sums at one moment. */
export interface Sums {
  readonly frames: number
  readonly bytes: number
  readonly datagramsReceived: number
  readonly datagramsLost: number
  readonly framesLost: number
}

/** How much sums have grown, and in what time. */
export interface Growth extends Sums {
  readonly elapsedMs: number
}

/** Sums are kept about so often. */
const stepMs = 100

const nothing: Sums = { frames: 0, bytes: 0, datagramsReceived: 0, datagramsLost: 0, framesLost: 0 }

/** Remembers sums for a while, to tell what they have grown by lately. No timer is needed: what is noted is what happens. */
export class History {
  readonly #windowMs: number
  #samples: Array<{ readonly atMs: number; readonly sums: Sums }> = []
  #latest = nothing
  #latestMs = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** The sums as they are now. */
  note(nowMs: number, sums: Sums): void {
    // The first moment begins the time that is counted; what was before it is nothing.
    if (this.#samples.length === 0) this.#samples.push({ atMs: nowMs, sums: nothing })
    else if (nowMs - this.#samples.at(-1)!.atMs >= stepMs) {
      // Where a silence began, so that what was before it does not count for the time after.
      if (nowMs - this.#latestMs >= stepMs) this.#samples.push({ atMs: this.#latestMs, sums: this.#latest })
      this.#samples.push({ atMs: nowMs, sums })
    }
    this.#latest = sums
    this.#latestMs = nowMs
    // One sample from before the window tells what the sums were when it began.
    while (this.#samples.length > 1 && this.#samples[1]!.atMs <= nowMs - this.#windowMs) this.#samples.shift()
  }

  /** Since the moment `fromMs`, or the nearest before it that is known. */
  since(fromMs: number): Growth {
    const start = this.#samples.findLast(({ atMs }) => atMs <= fromMs) ?? this.#samples[0]
    const { frames, bytes, datagramsReceived, datagramsLost, framesLost } = start?.sums ?? nothing
    return {
      elapsedMs: this.#latestMs - (start?.atMs ?? this.#latestMs),
      frames: this.#latest.frames - frames,
      bytes: this.#latest.bytes - bytes,
      datagramsReceived: this.#latest.datagramsReceived - datagramsReceived,
      datagramsLost: this.#latest.datagramsLost - datagramsLost,
      framesLost: this.#latest.framesLost - framesLost
    }
  }
}
