/** Pictures in squares of one colour: they show that somebody is there, but not who. Made in a thread of its own. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Encoder, EncoderRun, Frame, PixelFormat, RawFrame } from '@streamer/core/plugin'
import { defineEncoder, Lifecycle, StreamerError } from '@streamer/core/plugin'
import { z } from 'zod'

const configSchema = z.strictObject({
  square: z
    .union([z.literal(8), z.literal(16), z.literal(32), z.literal(64)])
    .default(16)
    .meta({ description: 'Width and height of the squares, in pixels.' })
})

/** Where red, green and blue of a pixel are, and how many bytes a pixel has. */
const layouts: Readonly<
  Partial<Record<PixelFormat, readonly [red: number, green: number, blue: number, size: number]>>
> = {
  rgb24: [0, 1, 2, 3],
  bgr24: [2, 1, 0, 3],
  rgba: [0, 1, 2, 4],
  bgra: [2, 1, 0, 4],
  gray: [0, 0, 0, 1]
}

class PluginNameEncoder implements Encoder {
  readonly output = 'mjpeg'
  // Start and stop in any order, twice, one during the other: this takes care of them all.
  readonly #lifecycle = new Lifecycle('encoder-plugin-name', () => this.#close())
  #run: EncoderRun | undefined
  #worker: Worker | undefined
  /** The frame that is being encoded. */
  #encoding: RawFrame | undefined
  /** The newest of the frames that came meanwhile. */
  #waiting: RawFrame | undefined
  #dropped = 0

  constructor(readonly options: z.output<typeof configSchema>) {}

  start(run: EncoderRun): Promise<void> {
    return this.#lifecycle.start(run, async () => {
      this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: this.options })
      await once(this.#worker, 'online')
      this.#worker.on('message', (jpeg: Uint8Array) => this.#give(jpeg)).on('error', (cause) => this.#fail(cause))
      this.#run = run
    })
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  stats() {
    return { dropped: this.#dropped }
  }

  /** Never throws and never waits. */
  push(frame: Frame): void {
    if (!this.#run || frame.kind !== 'raw') giveBack(frame)
    else if (!layouts[frame.pixelFormat]) {
      giveBack(frame)
      this.#fail(new StreamerError('ERR_PIXEL_FORMAT', `encoder-plugin-name: cannot read ${frame.pixelFormat}`))
    } else if (this.#encoding) {
      if (this.#waiting) this.#drop(this.#waiting)
      this.#waiting = frame
    } else this.#encode(frame)
  }

  #encode(frame: RawFrame): void {
    const { pixelFormat, width, height, planes } = frame
    const layout = layouts[pixelFormat]!
    const [{ data, stride } = { data: new Uint8Array(), stride: 0 }] = planes
    const rowBytes = width * layout[3]
    if (!(width >= 1 && height >= 1 && stride >= rowBytes && data.length >= stride * (height - 1) + rowBytes)) {
      this.#drop(frame)
      return
    }
    this.#encoding = frame
    // The copy goes to the other thread altogether, without being copied again.
    const pixels = Uint8Array.from(data)
    this.#worker?.postMessage({ pixels, stride, layout, width, height }, [pixels.buffer])
  }

  #give(data: Uint8Array): void {
    const frame = this.#encoding
    // It may come while the thread is being ended.
    if (!frame) return
    this.#encoding = undefined
    const { sequence, timestampUs, width, height } = frame
    this.#run?.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data })
    giveBack(frame)
    const next = this.#waiting
    this.#waiting = undefined
    if (next) this.push(next)
  }

  #drop(frame: RawFrame): void {
    this.#dropped++
    giveBack(frame)
  }

  /** Says once that it cannot go on; the core stops it then, and starts it again. */
  #fail(error: Error): void {
    this.#run?.fail(error)
    this.#run = undefined
  }

  async #close(): Promise<void> {
    this.#run = undefined
    for (const frame of [this.#encoding, this.#waiting]) if (frame) this.#drop(frame)
    this.#encoding = undefined
    this.#waiting = undefined
    await this.#worker?.terminate()
    this.#worker = undefined
  }
}

/** Gives the memory of a frame back to its source. */
function giveBack(frame: Frame): void {
  try {
    if (frame.kind === 'raw') frame.release?.()
  } catch {
    // A source that does not take it back is no trouble of ours.
  }
}

export default defineEncoder({
  name: 'plugin-name',
  description: 'Pictures in squares of one colour.',
  configSchema,
  supports: { pixelFormats: Object.keys(layouts) as PixelFormat[] },
  create: (options) => new PluginNameEncoder(options)
})
