// @ts-check
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** @import { FileHandle } from 'node:fs/promises' */
/** @import { EncodedFrame } from '@streamer/core/plugin' */
/** @import { FilesOptions } from './config.js' */

/** @typedef {{ files: number, frames: number, bytes: number, deleted: number }} SeriesCounters what all series count together. */

/** A file that is being written, and has another name until it is whole. */
const unfinished = '.tmp'

/**
 * The numbered files of one stream: `main-000000001.jpg`. Numbers go on where those in the folder end; a clock would not do for names, since that of a
 * Raspberry Pi is wrong until it has heard the time.
 */
export class FileSeries {
  /** Absolute path. */
  folder
  #stream
  #extension
  #options
  #counters
  /** Whole files, oldest first. @type {Array<{ number: number, bytes: number }>} */
  #files = []
  /** Bytes in all files, that which is being written included. */
  #bytes = 0
  #lastNumber = 0
  /** The file that is being written. @type {{ handle: FileHandle, number: number, bytes: number, startUs: number } | undefined} */
  #current

  /**
   * @param {string} folder
   * @param {string} stream its name; the core lets it have letters, digits, - and _ only.
   * @param {Pick<FilesOptions, 'mode' | 'clipSeconds' | 'keep' | 'maxBytes'>} options
   * @param {SeriesCounters} counters
   */
  constructor(folder, stream, options, counters) {
    this.folder = folder
    this.#stream = stream
    this.#extension = options.mode === 'clips' ? 'mjpeg' : 'jpg'
    this.#options = options
    this.#counters = counters
  }

  /** Makes the folder, or finds out what is in it from earlier runs. What was not finished then is deleted. */
  async open() {
    const own = new RegExp(`^${this.#stream}-(\\d{9,12})\\.${this.#extension}(${unfinished})?$`)
    await mkdir(this.folder, { recursive: true })
    this.#files = []
    for (const name of await readdir(this.folder)) {
      const [, digits, isUnfinished] = own.exec(name) ?? []
      if (digits === undefined) continue
      const path = join(this.folder, name)
      if (isUnfinished) await rm(path)
      else this.#files.push({ number: Number(digits), bytes: (await stat(path)).size })
    }
    this.#files.sort((a, b) => a.number - b.number)
    this.#bytes = this.#files.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#lastNumber = this.#files.at(-1)?.number ?? 0
  }

  /**
   * Resolves when the system has taken the picture. One at a time.
   * @param {EncodedFrame} frame its bytes are written as they are.
   */
  async add({ data, timestampUs }) {
    if (this.#current && this.#isFull(this.#current, data.length, timestampUs)) await this.finish()
    await this.#makeRoom(data.length)
    this.#current ??= await this.#create(timestampUs)
    await this.#current.handle.appendFile(data)
    this.#current.bytes += data.length
    this.#bytes += data.length
    this.#counters.frames++
    this.#counters.bytes += data.length
    if (this.#options.mode === 'pictures') await this.finish()
  }

  /** Gives the file that is being written its name, if it has a picture. What there is of another one, which could not be written, is cut off. */
  async finish() {
    const file = this.#current
    if (!file) return
    this.#current = undefined
    const path = this.#pathOf(file.number)
    try {
      await file.handle.truncate(file.bytes)
    } finally {
      await file.handle.close()
    }
    if (file.bytes === 0) return rm(path + unfinished, { force: true })
    await rename(path + unfinished, path)
    this.#files.push({ number: file.number, bytes: file.bytes })
    this.#counters.files++
  }

  /**
   * @param {{ bytes: number, startUs: number }} file
   * @param {number} length bytes to come.
   * @param {number} timestampUs
   */
  #isFull({ bytes, startUs }, length, timestampUs) {
    const { clipSeconds, maxBytes } = this.#options
    return timestampUs - startUs >= clipSeconds * 1_000_000 || bytes + length > maxBytes / 10
  }

  /** @param {number} length bytes to come. */
  async #makeRoom(length) {
    const { keep, maxBytes } = this.#options
    for (;;) {
      const [oldest] = this.#files
      // The file that is being written counts too, or the one that is about to be.
      if (!oldest || (this.#files.length < keep && this.#bytes + length <= maxBytes)) return
      // Somebody may have deleted it already.
      await rm(this.#pathOf(oldest.number), { force: true })
      this.#files.shift()
      this.#bytes -= oldest.bytes
      this.#counters.deleted++
    }
  }

  /** @param {number} startUs */
  async #create(startUs) {
    const number = this.#lastNumber + 1
    const handle = await open(this.#pathOf(number) + unfinished, 'w')
    this.#lastNumber = number
    return { handle, number, bytes: 0, startUs }
  }

  /** @param {number} number */
  #pathOf(number) {
    return join(this.folder, `${this.#stream}-${String(number).padStart(9, '0')}.${this.#extension}`)
  }
}
