import type { EncodeOptions } from '@julusian/jpeg-turbo'
import { createPicture, type Picture, type SourceRun, StreamerError, toStreamerError } from '@streamer/core/plugin'

/** Encodes one picture at a time on libuv's threads and pushes it; whoever finds it busy leaves a frame out. */
export class JpegOutput {
  readonly picture: Picture
  readonly #run: SourceRun
  readonly #signal: AbortSignal
  readonly #compress: typeof import('@julusian/jpeg-turbo').compress
  readonly #options: EncodeOptions
  readonly #pixels: Buffer
  readonly #scratch: Buffer
  #sequence = 0
  #timestampUs = 0
  #truncated = false
  #busy = false
  #onIdle: (() => void) | undefined
  #failed = false

  private constructor(
    binding: typeof import('@julusian/jpeg-turbo'),
    run: SourceRun,
    signal: AbortSignal,
    width: number,
    height: number,
    quality: number
  ) {
    this.#run = run
    this.#signal = signal
    this.picture = createPicture(width, height)
    this.#compress = binding.compress
    this.#options = { width, height, quality, format: binding.FORMAT_RGB, subsampling: binding.SAMP_420 }
    const { buffer, byteOffset, byteLength } = this.picture.data
    this.#pixels = Buffer.from(buffer, byteOffset, byteLength)
    this.#scratch = Buffer.allocUnsafeSlow(binding.bufferSize(this.#options))
  }

  /**
   * @param signal once it is aborted nothing is pushed any more.
   * @throws StreamerError `ERR_SOURCE_FAILED` when libjpeg-turbo cannot be loaded on this machine.
   */
  static async create(
    run: SourceRun,
    signal: AbortSignal,
    width: number,
    height: number,
    quality: number
  ): Promise<JpegOutput> {
    try {
      // Loaded here so that the camera costs nothing of it with raw output.
      const { default: binding } = await import('@julusian/jpeg-turbo')
      return new JpegOutput(binding, run, signal, width, height, quality)
    } catch (error) {
      throw toStreamerError(error, 'ERR_SOURCE_FAILED', 'source-fake: cannot load libjpeg-turbo')
    }
  }

  /** While true, `picture` is being read and must not be drawn in. */
  get busy(): boolean {
    return this.#busy
  }

  /** Encodes `picture` and pushes it, or half of it. */
  encode(sequence: number, timestampUs: number, truncated: boolean): void {
    this.#sequence = sequence
    this.#timestampUs = timestampUs
    this.#truncated = truncated
    this.#busy = true
    this.#compress(this.#pixels, this.#scratch, this.#options).then(this.#onDone, this.#onFailed)
  }

  /** Resolves when no encode is running. */
  async idle(): Promise<void> {
    if (!this.#busy) return
    await new Promise<void>((resolve) => {
      const earlier = this.#onIdle
      this.#onIdle = () => {
        earlier?.()
        resolve()
      }
    })
  }

  // Properties, so that no closure is made per frame.
  readonly #onDone = (jpeg: Uint8Array): void => {
    this.#end()
    if (this.#signal.aborted) return
    let data: Buffer
    try {
      // The JPEG lies in the scratch memory, which is several times as large and will be written again.
      const length = this.#truncated ? jpeg.length >> 1 : jpeg.length
      data = Buffer.allocUnsafeSlow(length)
      data.set(jpeg.subarray(0, length))
    } catch (error) {
      this.#onFailed(error)
      return
    }
    const { width, height } = this.picture
    const sequence = this.#sequence
    const timestampUs = this.#timestampUs
    this.#run.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, data, sequence, timestampUs, width, height })
  }

  readonly #onFailed = (cause: unknown): void => {
    this.#end()
    if (this.#signal.aborted || this.#failed) return
    this.#failed = true
    this.#run.fail(new StreamerError('ERR_SOURCE_FAILED', 'source-fake: cannot encode its picture', { cause }))
  }

  #end(): void {
    this.#busy = false
    this.#onIdle?.()
    this.#onIdle = undefined
  }
}
