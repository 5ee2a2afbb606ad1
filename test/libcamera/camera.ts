import type { Codec, EncodedFrame, Frame, RawFrame } from '@streamer/core/plugin'
import { configSchema, type LibcameraOptions, LibcameraSource } from '@streamer/source-libcamera'
import { type LogLine, recordingLogger } from '../support/logger.ts'
import { helper } from './root.ts'

/** A camera of the real libcamera, started, with what it gives. */
export class TestCamera {
  readonly source: LibcameraSource
  readonly log: LogLine[] = []
  readonly frames: Frame[] = []
  count = 0
  failure: Error | undefined
  /** Keeps frames; otherwise they are counted and given back. */
  keeps = true
  #waiting: Array<() => void> = []
  #abort = new AbortController()

  constructor(options: LibcameraOptions = {}) {
    const config = configSchema.parse({ helper, backend: 'helper', ...options })
    this.source = new LibcameraSource(config, '/', recordingLogger(this.log))
  }

  start(codec: Codec = 'mjpeg'): Promise<void> {
    this.#abort = new AbortController()
    const push = (frame: Frame) => {
      this.count++
      if (this.keeps) this.frames.push(frame)
      else if (frame.kind === 'raw') frame.release?.()
      this.#wake()
    }
    const fail = (error: Error) => {
      this.failure = error
      this.#wake()
    }
    return this.source.start({ signal: this.#abort.signal, codec, push, fail })
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.source.stop()
  }

  /** Resolves when `enough` holds; never with the clock. */
  async until(enough: () => boolean): Promise<void> {
    while (!enough()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The next `count` frames from now on. */
  async next(count: number): Promise<Frame[]> {
    const from = this.frames.length
    await this.until(() => this.frames.length >= from + count || this.failure !== undefined)
    if (this.failure) throw this.failure
    return this.frames.slice(from, from + count)
  }

  async nextJpeg(): Promise<EncodedFrame> {
    const [frame] = await this.next(1)
    if (frame?.kind !== 'encoded') throw new Error('a raw frame came')
    return frame
  }

  async nextRaw(): Promise<RawFrame> {
    const [frame] = await this.next(1)
    if (frame?.kind !== 'raw') throw new Error('an encoded frame came')
    return frame
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
