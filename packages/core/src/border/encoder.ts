import type { Codec, Controls, Counters, EncodedFrame, Encoder, EncoderRun, Frame } from '../plugin/index.js'
import type { Border } from './border.js'
import { beginCall } from './call-time.js'
import { ControlsOf } from './controls.js'
import { guardedCounters } from './counters.js'
import { frameFault } from './frame-check.js'
import { isOfCore } from './of-core.js'
import { Refusals } from './refusals.js'

/** Marks the picture that the core drew on its way through an encoder. Sources count from 0. */
export const placeholderSequence = -1

/** A run of an encoder as the core gives it; plugins get the part of it that is theirs. */
export interface GuardedEncoderRun extends EncoderRun {
  /** Told of frames that are refused (default: one), with what is wrong with the last of them: the same words for the same fault. */
  refused?(why: string, count?: number): void
}

/** An encoder of a plugin, of which nothing comes through that is not as it should be. */
export class GuardedEncoder {
  readonly output: Codec
  readonly border: Border
  readonly #encoder: Encoder
  readonly #refusals: Refusals
  readonly #controls: ControlsOf

  constructor(encoder: Encoder, border: Border) {
    this.border = border
    this.#encoder = encoder
    this.#refusals = new Refusals(border)
    this.output = encoder.output
    this.#controls = new ControlsOf(encoder, border, 'ERR_ENCODER_FAILED')
  }

  get controls(): Controls | undefined {
    return this.#controls.current
  }

  start(run: GuardedEncoderRun): Promise<void> {
    const push = (frame: EncodedFrame): void => {
      const fault = frameFault(frame, this.output, placeholderSequence)
      if (fault === undefined) run.push(frame)
      else run.refused?.(this.#refusals.refuse(frame, fault))
    }
    const { signal, fail, refused } = run
    const own: GuardedEncoderRun = { signal, fail, push, ...(refused && isOfCore(this.#encoder) && { refused }) }
    return this.border.run('start', async () => this.#encoder.start(own))
  }

  /** @returns false when the encoder threw. */
  push(frame: Frame): boolean {
    beginCall()
    try {
      const result = this.#encoder.push(frame) as unknown
      if (result !== undefined) this.border.absorb('push', result)
      return true
    } catch (error) {
      this.border.threw('push', error)
      return false
    } finally {
      this.border.endCall('push')
    }
  }

  stop(): Promise<void> {
    return this.border.run('stop', async () => this.#encoder.stop())
  }

  stats(): Counters {
    return guardedCounters(this.#encoder, this.border)
  }
}
