// @ts-check
import { monotonicUs } from '@streamer/core/plugin'

/** @import { SourceRun } from '@streamer/core/plugin' */
/** @import { Picture } from './picture.js' */

/**
 * A picture that stays longer is given again this often. The core takes a source without frames for one that hangs, and whoever asks for a
 * picture waits for a fresh one.
 */
const repeatUs = 800_000

/** Gives one picture after the other to a run of the source, when it is due. The next one is read while the one before is shown. */
export class Playback {
  #run
  #pictures
  #settings
  #counters
  #sequence = 0
  /** @type {Picture | undefined} */
  #shown
  /** Undefined while it is being read. @type {Picture | undefined} */
  #next
  /** @type {Promise<void> | undefined} */
  #reading
  /** When the picture that is shown was due. */
  #shownUs = 0
  /** When a frame was last given. */
  #pushedUs = 0
  /** @type {NodeJS.Timeout | undefined} */
  #timer

  /**
   * @param {SourceRun} run
   * @param {AsyncIterator<Picture, never>} pictures
   * @param {{ readonly framerate: number }} settings looked at for every picture.
   * @param {{ pictures: number, repeated: number }} counters
   */
  constructor(run, pictures, settings, counters) {
    this.#run = run
    this.#pictures = pictures
    this.#settings = settings
    this.#counters = counters
  }

  /** @param {Picture} first */
  start(first) {
    this.#next = first
    this.#pushedUs = monotonicUs()
    this.#shownUs = this.#pushedUs - this.#intervalUs()
    this.#arm()
  }

  /** Resolves when no file is being read any more; the signal of the pictures has to be aborted before. */
  async stop() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#reading
  }

  /** How long a picture is shown. */
  #intervalUs() {
    return 1_000_000 / this.#settings.framerate
  }

  /** Sets the timer for what comes first: the next picture (once it has been read), or the shown one again. */
  #arm() {
    const repeatAtUs = this.#pushedUs + repeatUs
    const atUs = this.#next ? Math.min(this.#shownUs + this.#intervalUs(), repeatAtUs) : repeatAtUs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, Math.ceil((atUs - monotonicUs()) / 1000)))
  }

  #onTimer() {
    const nowUs = monotonicUs()
    const lateUs = nowUs - this.#shownUs - this.#intervalUs()
    if (this.#next && lateUs >= 0) {
      // Late timers do not add up. After a delay of more than a picture it goes on from there, instead of showing some in a burst.
      this.#shownUs = lateUs > this.#intervalUs() ? nowUs : nowUs - lateUs
      this.#shown = this.#next
      this.#next = undefined
      this.#counters.pictures++
      this.#reading = this.#readNext()
    } else if (nowUs - this.#pushedUs >= repeatUs) this.#counters.repeated++
    // A timer may come a little early.
    else return this.#arm()
    this.#pushedUs = nowUs
    this.#arm()
    this.#push(nowUs)
  }

  async #readNext() {
    try {
      const { value } = await this.#pictures.next()
      // Stopped meanwhile.
      if (this.#timer === undefined) return
      this.#next = value
      this.#arm()
    } catch (error) {
      if (this.#timer !== undefined) this.#run.fail(/** @type {Error} */ (error))
    }
  }

  /** @param {number} timestampUs */
  #push(timestampUs) {
    if (!this.#shown) return
    const { data, width, height } = this.#shown
    const sequence = this.#sequence++
    this.#run.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data })
  }
}
