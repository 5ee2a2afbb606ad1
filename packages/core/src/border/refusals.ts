import { messageOf } from '../plugin/index.js'
import type { Border } from './border.js'
import type { FrameFault } from './frame-check.js'

/** Frames that are not handed on because something is wrong with them. */
export class Refusals {
  readonly #border: Border
  /** The first frame with each fault gives the words for all of them. */
  readonly #texts = new Map<FrameFault, string>()

  constructor(border: Border) {
    this.#border = border
  }

  /** @returns what is wrong. */
  refuse(frame: unknown, fault: FrameFault): string {
    let text = this.#texts.get(fault)
    if (text === undefined) {
      text = fault.textFor(frame)
      this.#texts.set(fault, text)
    }
    this.#border.tell(`gave a frame that is refused: ${text}`)
    this.giveBack(frame)
    return text
  }

  /** Lets whoever made a frame have its memory again. */
  giveBack(frame: unknown): void {
    try {
      const { release } = Object(frame) as { release?: unknown }
      if (typeof release === 'function') this.#border.absorb('release', release.call(frame))
    } catch (error) {
      this.#border.tell(`threw when a frame was given back: ${messageOf(error)}`)
    }
  }
}
