/**
 * The source of the benchmark: shows the pictures of a corpus, each with its number and the time when it was handed on. It stands in for a camera whose JPEGs
 * are in memory already, so that nothing but the way from there to the sockets is measured.
 */
import { readFileSync } from 'node:fs'
import { defineSource, Lifecycle, monotonicUs } from '@streamer/core/plugin'
import { z } from 'zod'
import { writeStamp } from './corpus-stamp.mjs'

const configSchema = z.strictObject({
  files: z.array(z.string()).min(1).meta({ description: 'JPEGs of the corpus.' }),
  width: z.int().min(1).meta({ description: 'Pixels.' }),
  height: z.int().min(1).meta({ description: 'Pixels.' }),
  framerate: z.number().min(0).max(240).default(30).meta({
    description: 'Frames per second; 0: as fast as the program takes them, always the same bytes and without stamps.'
  })
})

class ReplaySource {
  #options
  #pictures
  #sequence = 0
  #startUs = 0
  #timer
  #immediate
  #run
  #lifecycle = new Lifecycle('source-replay', () => this.#close())

  constructor(options) {
    this.#options = options
    this.#pictures = options.files.map((file) => readFileSync(file))
  }

  start(run) {
    return this.#lifecycle.start(run, async () => {
      this.#run = run
      this.#sequence = 0
      this.#startUs = monotonicUs()
      if (this.#options.framerate === 0) this.#immediate = setImmediate(this.#flood)
      else this.#timer = setTimeout(this.#show)
    })
  }

  stop() {
    return this.#lifecycle.stop()
  }

  #close() {
    this.#run = undefined
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
  }

  #show = () => {
    const sequence = this.#sequence++
    const timestampUs = monotonicUs()
    // A camera gives each picture in memory of its own, and what was handed on is not written to any more.
    const picture = this.#pictures[sequence % this.#pictures.length]
    const data = Buffer.allocUnsafeSlow(picture.length)
    picture.copy(data)
    writeStamp(data, sequence, timestampUs)
    this.#push(data, sequence, timestampUs)
    const dueUs = this.#startUs + (this.#sequence * 1e6) / this.#options.framerate
    this.#timer = setTimeout(this.#show, Math.max(0, (dueUs - monotonicUs()) / 1000))
  }

  #flood = () => {
    const sequence = this.#sequence++
    this.#push(this.#pictures[sequence % this.#pictures.length], sequence, monotonicUs())
    this.#immediate = setImmediate(this.#flood)
  }

  #push(data, sequence, timestampUs) {
    const { width, height } = this.#options
    this.#run?.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data })
  }
}

export default defineSource({
  name: 'replay',
  description: 'Pictures from memory, for the benchmark of speed.',
  supports: { frames: ['mjpeg'], alwaysStarts: true },
  configSchema,
  create: (options) => new ReplaySource(options)
})
