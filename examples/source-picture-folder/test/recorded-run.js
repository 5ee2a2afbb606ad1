// @ts-check
/** @import { EncodedFrame, Frame, Logger, SourceRun } from '@streamer/core/plugin' */

/**
 * A run of a source, which keeps what it is given.
 * @implements {SourceRun}
 */
export class RecordedRun {
  #abort = new AbortController()
  /** @type {Array<() => void>} */
  #waiting = []
  signal = this.#abort.signal
  /** @type {EncodedFrame[]} */
  frames = []
  /** @type {Error[]} */
  failures = []

  push = (/** @type {Frame} */ frame) => {
    if (frame.kind === 'encoded') this.frames.push(frame)
    this.#wake()
  }

  fail = (/** @type {Error} */ error) => {
    this.failures.push(error)
    this.#wake()
  }

  abort() {
    this.#abort.abort()
  }

  /** Texts of the pictures so far, each as often as it was given. */
  get texts() {
    return this.frames.map(({ data }) => textOf(data))
  }

  /** Texts of the pictures so far, those that stayed once. */
  get shown() {
    return this.texts.filter((text, index, all) => text !== all[index - 1])
  }

  /**
   * Resolves when `isSo` holds, which is asked at each frame and each failure.
   * @param {() => boolean} isSo
   */
  async until(isSo) {
    while (!isSo())
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.#waiting.push(resolve))
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/**
 * What `jpeg(text)` was made of.
 * @param {Uint8Array} data
 */
export function textOf(data) {
  const length = ((data[4] ?? 0) << 8) | (data[5] ?? 0)
  return String(Buffer.from(data.subarray(6, 4 + length)))
}

/** Keeps warnings. @implements {Logger} */
export class WarningLog {
  /** @type {string[]} */
  warnings = []
  error() {}
  info() {}
  debug() {}
  warn(/** @type {string} */ message) {
    this.warnings.push(message)
  }
  child() {
    return this
  }
}
