import { type Controls, type Counters, type Frame, monotonicUs, type Source, type SourceRun } from '../plugin/index.js'
import type { Border } from './border.js'
import { ControlsOf } from './controls.js'
import { guardedCounters } from './counters.js'
import { frameFault } from './frame-check.js'
import { isOfCore } from './of-core.js'
import { capturedAt, isOfOtherClock } from './other-clock.js'
import { Refusals } from './refusals.js'

const otherClockText = 'gives times that are not those of monotonicUs(); its frames count from when they come'

/** A run of a source as the core gives it; plugins get the part of it that is theirs. */
export interface GuardedSourceRun extends SourceRun {
  /** Told of frames that are refused (default: one), with what is wrong with the last of them: the same words for the same fault. */
  refused?(why: string, count?: number): void
}

/** A source of a plugin, of which nothing comes through that is not as it should be. */
export class GuardedSource implements Source {
  readonly border: Border
  readonly #source: Source
  readonly #refusals: Refusals
  readonly #controls: ControlsOf

  constructor(source: Source, border: Border) {
    this.border = border
    this.#source = source
    this.#refusals = new Refusals(border)
    this.#controls = new ControlsOf(source, border, 'ERR_SOURCE_FAILED')
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.border.run('prepare', async () => this.#source.prepare?.(signal))
  }

  get controls(): Controls | undefined {
    return this.#controls.current
  }

  start(run: GuardedSourceRun): Promise<void> {
    /** Whether its times are those of another clock; unknown before the first frame. */
    let countsOtherwise: boolean | undefined
    const push = (frame: Frame): void => {
      const fault = frameFault(frame)
      if (fault !== undefined) {
        run.refused?.(this.#refusals.refuse(frame, fault))
        return
      }
      if (countsOtherwise === undefined) {
        countsOtherwise = isOfOtherClock(frame, monotonicUs())
        if (countsOtherwise) this.border.tell(otherClockText)
      }
      run.push(countsOtherwise ? capturedAt(frame, monotonicUs()) : frame)
    }
    const { signal, codec, fail, refused } = run
    const own: GuardedSourceRun = {
      signal,
      fail,
      push,
      ...(codec && { codec }),
      ...(refused && isOfCore(this.#source) && { refused })
    }
    return this.border.run('start', async () => this.#source.start(own))
  }

  stop(): Promise<void> {
    return this.border.run('stop', async () => this.#source.stop())
  }

  stats(): Counters {
    return guardedCounters(this.#source, this.border)
  }

  /** Lets the source have the memory of a frame that is not used. */
  giveBack(frame: Frame): void {
    this.#refusals.giveBack(frame)
  }
}
