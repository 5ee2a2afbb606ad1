/** The time of day as a picture, for whoever wants to see how late what arrives is. */
import type { Source, SourceRun } from '@streamer/core/plugin'
import {
  createPicture,
  defineSource,
  drawText,
  fillRect,
  Lifecycle,
  measureText,
  monotonicUs
} from '@streamer/core/plugin'
import { z } from 'zod'

const configSchema = z.strictObject({
  width: z.int().min(64).max(3840).default(640).meta({ description: 'Width of the picture in pixels.' }),
  height: z.int().min(16).max(2160).default(480).meta({ description: 'Height of the picture in pixels.' }),
  framerate: z.number().min(0.1).max(60).default(10).meta({ description: 'Pictures per second.' })
})

class PluginNameSource implements Source {
  // Start and stop in any order, twice, one during the other: this takes care of them all.
  readonly #lifecycle = new Lifecycle('source-plugin-name', () => clearInterval(this.#timer))
  #timer: NodeJS.Timeout | undefined

  constructor(readonly options: z.output<typeof configSchema>) {}

  start(run: SourceRun): Promise<void> {
    return this.#lifecycle.start(run, async () => {
      let sequence = 0
      this.#timer = setInterval(() => this.#give(run, sequence++), 1000 / this.options.framerate)
    })
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  #give(run: SourceRun, sequence: number): void {
    const { width, height } = this.options
    const timestampUs = monotonicUs()
    const text = new Date().toTimeString().slice(0, 8)
    const scale = Math.max(1, Math.floor(width / measureText(text).width))
    // A new picture each time: its memory is given away with the frame.
    const picture = createPicture(width, height)
    fillRect(picture, 0, 0, width, height, [0, 40, 80])
    drawText(picture, scale, Math.floor(height / 2 - 4 * scale), text, { scale, color: [255, 255, 255] })
    const planes = [{ data: picture.data, stride: picture.stride }]
    run.push({ kind: 'raw', pixelFormat: 'rgb24', sequence, timestampUs, width, height, planes })
  }
}

export default defineSource({
  name: 'plugin-name',
  description: 'The time of day as a picture.',
  configSchema,
  // It needs nothing that could be missing: no device, no program, no file.
  supports: { alwaysStarts: true },
  create: (options) => new PluginNameSource(options)
})
