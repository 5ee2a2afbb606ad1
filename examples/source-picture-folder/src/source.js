// @ts-check
import { resolve } from 'node:path'
import { checkControls, Lifecycle, TroubleLog } from '@streamer/core/plugin'
import { framerateRange } from './config.js'
import { readPictures } from './folder.js'
import { Playback } from './playback.js'

/** @import { Control, Controls, Counters, PluginContext, Source, SourceRun } from '@streamer/core/plugin' */
/** @import { PictureFolderOptions } from './config.js' */

/**
 * A folder of pictures as a camera.
 * @implements {Source}
 */
export class PictureFolderSource {
  /** @type {Controls} */
  controls
  #options
  #folder
  #logger
  #trouble
  /** What can change while it runs. */
  #settings
  #lifecycle = new Lifecycle('source-picture-folder', () => this.#close())
  #counters = { pictures: 0, repeated: 0, leftOut: 0 }
  /** @type {Playback | undefined} */
  #playback

  /**
   * @param {PictureFolderOptions} options
   * @param {Pick<PluginContext, 'baseDir' | 'logger'>} context
   */
  constructor(options, { baseDir, logger }) {
    this.#options = options
    this.#folder = resolve(baseDir, options.folder)
    this.#logger = logger
    this.#trouble = new TroubleLog(logger)
    this.#settings = { framerate: options.framerate }
    this.controls = liveControls(this.#settings)
  }

  /**
   * Resolves when the first picture was read.
   * @param {SourceRun} run
   * @returns {Promise<void>}
   * @throws StreamerError `ERR_SOURCE_NOT_FOUND` when there is no such folder, `ERR_PICTURE_FOLDER_EMPTY` when no picture is in it.
   */
  start(run) {
    return this.#lifecycle.start(run, (signal) => this.#open(run, signal))
  }

  /** Resolves when no file is being read any more. */
  stop() {
    return this.#lifecycle.stop()
  }

  /**
   * `pictures` shown, frames `repeated` because a picture stayed long, files that were `leftOut` because they are no whole picture.
   * @returns {Counters}
   */
  stats() {
    return { ...this.#counters }
  }

  /**
   * @param {SourceRun} run
   * @param {AbortSignal} signal aborted at the end of the run.
   */
  async #open(run, signal) {
    const pictures = readPictures(this.#folder, this.#options, (name, reason) => this.#leaveOut(name, reason), signal)
    const { value: first } = await pictures.next()
    signal.throwIfAborted()
    this.#playback = new Playback(run, pictures, this.#settings, this.#counters)
    this.#playback.start(first)
  }

  async #close() {
    await this.#playback?.stop()
    this.#playback = undefined
    this.#trouble.close()
  }

  /**
   * @param {string} name of the file.
   * @param {string} reason
   */
  #leaveOut(name, reason) {
    this.#counters.leftOut++
    // Said once and then with a count; the names are for those who look for them.
    this.#trouble.warn(`left out a file ${reason}`)
    this.#logger.debug(`left out ${name}, a file ${reason}`)
  }
}

/**
 * @param {{ framerate: number }} settings they write into it; what it holds now is their default.
 * @returns {Controls}
 */
function liveControls(settings) {
  const description = 'Pictures per second; a change takes a second at most.'
  /** @type {readonly Control[]} */
  const list = [{ name: 'framerate', description, type: 'number', ...framerateRange, default: settings.framerate }]
  return {
    list: () => list,
    values: () => ({ ...settings }),
    async set(values) {
      checkControls('source-picture-folder', list, values)
      Object.assign(settings, values)
      return { ...settings }
    }
  }
}
