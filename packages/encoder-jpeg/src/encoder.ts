import type { EncodeOptions, Format, SubSampling } from '@julusian/jpeg-turbo'
import {
  type Control,
  type Controls,
  type Counters,
  checkControls,
  type Encoder,
  type EncoderRun,
  type Frame,
  Lifecycle,
  type Logger,
  type PixelFormat,
  type RawFrame,
  StreamerError,
  silentLogger,
  TroubleLog,
  toStreamerError
} from '@streamer/core/plugin'
import { configSchema, type JpegEncoderOptions } from './config.js'
import { bytesPerPixel, layOut } from './raw-layout.js'

/** The CommonJS module behind `import()`. */
type Binding = typeof import('@julusian/jpeg-turbo')

/** One encode that is running or waits for the ones before it to be handed on. Reused, with its memory, from frame to frame. */
interface Slot {
  frame: RawFrame | undefined
  run: EncoderRun | undefined
  /** Set when the encode has ended: the JPEG, or that there is none. */
  jpeg: Uint8Array | 'failed' | undefined
  /** Where the binding writes: as large as the worst JPEG of this size can be, of which only the pages in use cost memory. */
  scratch: Buffer
  readonly onDone: (jpeg: Uint8Array) => void
  readonly onFailed: (error: unknown) => void
}

/**
 * Encodes raw frames to JPEG with libjpeg-turbo, on the threads of libuv's pool. Frames leave in the order they came; while `maxInFlight` of them
 * are being encoded, one more waits, and a newer one replaces it. JPEG frames pass untouched.
 *
 * Every raw frame that it is given is released once: when it has been encoded, or at once when it is dropped.
 */
export class JpegEncoder implements Encoder {
  readonly output = 'mjpeg'
  readonly controls: Controls
  readonly #logger: Logger
  readonly #subsampling: JpegEncoderOptions['subsampling']
  readonly #maxInFlight: number
  readonly #lifecycle = new Lifecycle('encoder-jpeg', () => this.#close())
  readonly #idle: Slot[] = []
  /** In the order of the frames. */
  readonly #inFlight: Slot[] = []
  #quality: number
  #binding: Binding | undefined
  #run: EncoderRun | undefined
  #trouble: TroubleLog | undefined
  #waiting: Frame | undefined
  #refused = false
  #onIdle: (() => void) | undefined
  #encoded = 0
  #passed = 0
  #dropped = 0
  #failed = 0
  #bytes = 0

  /** @param options as in the configuration; defaults: quality 80, subsampling 420, two frames in flight. */
  constructor(options: Partial<JpegEncoderOptions> = {}, logger: Logger = silentLogger) {
    const { quality, subsampling, maxInFlight } = configSchema.parse(options)
    this.#logger = logger
    this.#quality = quality
    this.#subsampling = subsampling
    this.#maxInFlight = maxInFlight
    this.controls = qualityControl(
      quality,
      () => this.#quality,
      (value) => {
        this.#quality = value
      }
    )
  }

  /**
   * @throws StreamerError `ERR_ENCODER_FAILED` when libjpeg-turbo cannot be loaded on this machine; the reason of `run.signal` when that is
   *   aborted meanwhile, a `StreamerError` when `stop` is called meanwhile; `TypeError` when it runs already.
   */
  start(run: EncoderRun): Promise<void> {
    return this.#lifecycle.start(run, (signal) => this.#open(run, signal))
  }

  push(frame: Frame): void {
    const run = this.#run
    if (!run || run.signal.aborted) {
      this.#drop(frame)
      return
    }
    if (!this.#isAccepted(frame)) {
      this.#refuse(frame, run)
      return
    }
    if (this.#waiting) this.#drop(this.#waiting)
    this.#waiting = frame
    this.#advance()
  }

  /** Resolves when no encode is running any more, so that every raw frame has been released. */
  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /**
   * `encoded`, `bytes` (of what was encoded), `passed` (JPEG frames handed on as they came), `dropped` (replaced by a newer frame, or given while it
   * was not running), `failed` (of a kind that is not accepted, shorter than promised, or not encodable).
   */
  stats(): Counters {
    return {
      encoded: this.#encoded,
      bytes: this.#bytes,
      passed: this.#passed,
      dropped: this.#dropped,
      failed: this.#failed
    }
  }

  async #open(run: EncoderRun, signal: AbortSignal): Promise<void> {
    try {
      // Loaded here so that programs that only read the options do not pay for it.
      this.#binding ??= (await import('@julusian/jpeg-turbo')).default
    } catch (error) {
      throw toStreamerError(error, 'ERR_ENCODER_FAILED', 'encoder-jpeg: cannot load libjpeg-turbo')
    }
    signal.throwIfAborted()
    this.#refused = false
    this.#trouble = new TroubleLog(this.#logger)
    this.#run = run
  }

  async #close(): Promise<void> {
    this.#run = undefined
    this.#trouble?.close()
    this.#trouble = undefined
    if (this.#waiting) this.#drop(this.#waiting)
    this.#waiting = undefined
    if (this.#inFlight.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    // Frees the memory of the slots.
    this.#idle.length = 0
  }

  #isAccepted(frame: Frame): boolean {
    return frame.kind === 'encoded' ? frame.codec === 'mjpeg' : bytesPerPixel[frame.pixelFormat] !== undefined
  }

  /** Fails the run once; a source does not change its format from frame to frame. */
  #refuse(frame: Frame, run: EncoderRun): void {
    this.#failed++
    this.#release(frame)
    if (this.#refused) return
    this.#refused = true
    const given = frame.kind === 'encoded' ? frame.codec : frame.pixelFormat
    const accepted = `${Object.keys(bytesPerPixel).join(', ')} and mjpeg`
    run.fail(new StreamerError('ERR_PIXEL_FORMAT', `encoder-jpeg: cannot encode ${given}, only ${accepted}`))
  }

  /** Hands on what is done, in order, and begins with the waiting frame when there is room. */
  #advance(): void {
    let first = this.#inFlight[0]
    while (first?.jpeg) {
      this.#inFlight.shift()
      this.#handOn(first)
      first = this.#inFlight[0]
    }
    const frame = this.#waiting
    const run = this.#run
    if (frame && run) {
      if (frame.kind === 'encoded') {
        // Not before the frames that came earlier.
        if (this.#inFlight.length > 0) return
        this.#waiting = undefined
        this.#passed++
        run.push(frame)
      } else if (this.#inFlight.length < this.#maxInFlight) {
        this.#waiting = undefined
        this.#begin(frame, run)
      }
    }
    if (this.#inFlight.length === 0) {
      this.#onIdle?.()
      this.#onIdle = undefined
    }
  }

  #begin(frame: RawFrame, run: EncoderRun): void {
    const binding = this.#binding!
    const slot = this.#idle.pop() ?? this.#createSlot()
    try {
      const { data, stridePixels } = layOut(frame, bytesPerPixel[frame.pixelFormat]!)
      const options: EncodeOptions = {
        width: frame.width,
        height: frame.height,
        stride: stridePixels,
        format: formatOf(binding, frame.pixelFormat),
        subsampling: frame.pixelFormat === 'gray' ? binding.SAMP_GRAY : subsamplingOf(binding, this.#subsampling),
        quality: this.#quality
      }
      const worst = binding.bufferSize(options)
      if (slot.scratch.length !== worst) slot.scratch = Buffer.allocUnsafeSlow(worst)
      binding.compress(asBuffer(data), slot.scratch, options).then(slot.onDone, slot.onFailed)
    } catch (error) {
      this.#idle.push(slot)
      this.#countFailure(error)
      this.#release(frame)
      return
    }
    slot.frame = frame
    slot.run = run
    slot.jpeg = undefined
    this.#inFlight.push(slot)
  }

  #createSlot(): Slot {
    const slot: Slot = {
      frame: undefined,
      run: undefined,
      jpeg: undefined,
      scratch: Buffer.alloc(0),
      onDone: (jpeg) => {
        try {
          // A JPEG fills a fraction of the scratch memory: it gets its own of exactly its size, and the scratch is free for the next.
          const own = Buffer.allocUnsafeSlow(jpeg.length)
          own.set(jpeg)
          slot.jpeg = own
        } catch (error) {
          // There is no memory for it; the slot must end all the same.
          this.#giveUp(slot, error)
        }
        this.#end(slot)
      },
      onFailed: (error) => {
        this.#giveUp(slot, error)
        this.#end(slot)
      }
    }
    return slot
  }

  #giveUp(slot: Slot, error: unknown): void {
    slot.jpeg = 'failed'
    this.#countFailure(error)
  }

  #end(slot: Slot): void {
    // The pixels have been read, even if the JPEG has to wait for its turn.
    this.#release(slot.frame!)
    this.#advance()
  }

  #handOn(slot: Slot): void {
    const { frame, run, jpeg } = slot
    slot.frame = slot.run = slot.jpeg = undefined
    this.#idle.push(slot)
    if (!frame || !run || !jpeg || jpeg === 'failed') return
    if (run !== this.#run || run.signal.aborted) {
      this.#dropped++
      return
    }
    this.#encoded++
    this.#bytes += jpeg.length
    const { sequence, timestampUs, width, height } = frame
    run.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, data: jpeg, sequence, timestampUs, width, height })
  }

  #drop(frame: Frame): void {
    this.#dropped++
    this.#release(frame)
  }

  #release(frame: Frame): void {
    if (frame.kind === 'encoded') return
    try {
      frame.release?.()
    } catch (error) {
      this.#trouble?.warn(`the source failed to take back a frame: ${messageOf(error)}`)
    }
  }

  #countFailure(error: unknown): void {
    this.#failed++
    this.#trouble?.warn(`a frame cannot be encoded: ${messageOf(error)}`)
  }
}

function qualityControl(initial: number, get: () => number, set: (value: number) => void): Controls {
  const control: Control = {
    name: 'quality',
    description: 'JPEG quality; higher looks better and is larger.',
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: initial
  }
  return {
    list: () => [control],
    values: () => ({ quality: get() }),
    async set(values) {
      checkControls('encoder-jpeg', [control], values)
      if (values.quality !== undefined) set(values.quality as number)
      return { quality: get() }
    }
  }
}

function formatOf(binding: Binding, pixelFormat: PixelFormat): Format {
  switch (pixelFormat) {
    case 'bgr24':
      return binding.FORMAT_BGR
    case 'rgba':
      // The fourth byte is not looked at, whatever it holds.
      return binding.FORMAT_RGBX
    case 'bgra':
      return binding.FORMAT_BGRX
    case 'gray':
      return binding.FORMAT_GRAY
    default:
      return binding.FORMAT_RGB
  }
}

function subsamplingOf(binding: Binding, subsampling: JpegEncoderOptions['subsampling']): SubSampling {
  if (subsampling === '444') return binding.SAMP_444
  return subsampling === '422' ? binding.SAMP_422 : binding.SAMP_420
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
