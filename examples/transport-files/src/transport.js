// @ts-check
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { getSystemErrorMap } from 'node:util'
import { Lifecycle, messageOf, StreamerError } from '@streamer/core/plugin'
import { FileSeries } from './series.js'

/** @import { Counters, EncodedFrame, PluginContext, Run, Stream, Subscription, Transport } from '@streamer/core/plugin' */
/** @import { FilesOptions } from './config.js' */

/** @typedef {{ series: FileSeries, subscription: Subscription, writing: Promise<void> }} Recording */

/**
 * Writes every stream into files of its own.
 * @implements {Transport}
 */
export class FilesTransport {
  accepts = /** @type {const} */ (['mjpeg'])
  #options
  #folder
  #part
  #logger
  #lifecycle
  #counters = { files: 0, frames: 0, bytes: 0, deleted: 0, failures: 0 }
  /** @type {Recording[]} */
  #recordings = []

  /**
   * @param {FilesOptions} options
   * @param {Pick<PluginContext, 'name' | 'baseDir' | 'logger'>} context
   */
  constructor(options, { name, baseDir, logger }) {
    this.#options = options
    this.#folder = resolve(baseDir, options.folder)
    this.#part = `transport-${name}`
    this.#logger = logger
    this.#lifecycle = new Lifecycle(this.#part, () => this.#close())
  }

  /**
   * Resolves with the folder of each stream, as a `file:` URL.
   * @param {Run} run
   * @param {ReadonlyMap<string, Stream>} streams
   * @returns {Promise<readonly string[]>}
   * @throws StreamerError `ERR_FILES_WRITE` when a folder cannot be made or read.
   */
  start(run, streams) {
    return this.#lifecycle.start(run, (signal) => this.#open(run, streams, signal))
  }

  /** Resolves when the last picture is in its file. */
  stop() {
    return this.#lifecycle.stop()
  }

  /**
   * Whole `files`, `frames` and `bytes` written, files `deleted`, and `failures`.
   * @returns {Counters}
   */
  stats() {
    return { ...this.#counters }
  }

  /**
   * @param {Run} run
   * @param {ReadonlyMap<string, Stream>} streams
   * @param {AbortSignal} signal
   */
  async #open(run, streams, signal) {
    const urls = []
    for (const stream of streams.values()) {
      const series = new FileSeries(join(this.#folder, stream.name), stream.name, this.#options, this.#counters)
      await series.open().catch((error) => {
        throw this.#failure(series, error)
      })
      signal.throwIfAborted()
      this.#recordings.push(this.#record(run, stream, series))
      urls.push(pathToFileURL(join(series.folder, '/')).href)
    }
    return urls
  }

  /**
   * @param {Run} run
   * @param {Stream} stream
   * @param {FileSeries} series
   */
  #record(run, stream, series) {
    const { every, framerate } = this.#options
    let count = 0
    /** @type {EncodedFrame | undefined} */
    let last
    const subscription = stream.subscribe({
      label: series.folder,
      ...(framerate !== undefined && { maxFramerate: framerate }),
      onFrame: (frame) => {
        // While the camera is silent the core gives its last frame again, or draws "no signal".
        const isNew = frame !== last && !frame.placeholder
        last = frame
        if (!isNew || count++ % every !== 0) return subscription.ready()
        // Until it is written, one newer frame waits, and takes the place of an older one.
        recording.writing = series.add(frame).then(
          () => subscription.ready(),
          (error) => run.fail(this.#failure(series, error))
        )
      }
    })
    /** @type {Recording} */
    const recording = { series, subscription, writing: Promise.resolve() }
    return recording
  }

  async #close() {
    const recordings = this.#recordings.splice(0)
    for (const { subscription } of recordings) subscription.close()
    for (const { series, writing } of recordings) {
      await writing
      // Nobody is left to whom this could be a failure.
      await series.finish().catch((error) => this.#logger.warn(this.#failure(series, error).message))
    }
  }

  /**
   * The same message for all pictures, so that the core says it once; the cause names the file.
   * @param {FileSeries} series
   * @param {unknown} cause
   */
  #failure(series, cause) {
    this.#counters.failures++
    const { errno = 0 } = /** @type {NodeJS.ErrnoException} */ (cause)
    const reason = getSystemErrorMap().get(errno)?.[1] ?? messageOf(cause)
    return new StreamerError('ERR_FILES_WRITE', `${this.#part}: cannot write to ${series.folder}: ${reason}`, { cause })
  }
}
