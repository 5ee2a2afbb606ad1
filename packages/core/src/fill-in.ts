import { placeholderSequence } from './border/encoder.js'
import { drawNoSignal } from './no-signal.js'
import { type EncodedFrame, type Frame, monotonicUs, type RawFrame, type StreamState } from './plugin/index.js'
import type { Supervision } from './supervision.js'

/** What is drawn while a source takes long to start for the first time. */
const startingReason = 'the camera is starting'
/** Of a stream that has shown nothing yet. */
const defaultSize = { width: 640, height: 480 }
/** A larger picture is drawn smaller, in its own shape: what a source says of its size is not to be trusted with memory. */
const maxPlaceholderPixels = 1920 * 1080

/** The stream whose clients are to see something. */
export interface SilentStream {
  readonly state: StreamState
  readonly latest: EncodedFrame | undefined
  /** Message of the last failure. */
  readonly failure: string | undefined
  /** When its source was last told to start; undefined when it has started. */
  readonly startingSinceUs: number | undefined
  /** Whether the encoder takes frames. */
  readonly canEncode: boolean
  /** Gives a picture to the encoder. @returns false when that threw. */
  encode(picture: Frame): boolean
  /** Gives a frame to the clients. */
  give(frame: EncodedFrame, nowUs: number): void
  onTrouble(message: string): void
}

/** What clients see while a source is silent: its last frame again, then "no signal" with the reason. */
export class FillIn {
  readonly #stream: SilentStream
  readonly #supervision: Supervision
  #repeated = 0
  #placeholders = 0
  /** When clients were last given anything. */
  #givenUs = 0
  /** When clients last got a frame of the source's, since the stream began anew; 0 before the first. */
  #frameUs = 0
  #placeholder: EncodedFrame | undefined
  #placeholderReason = ''
  /** A picture of ours is on its way through the encoder. */
  #isDrawing = false
  /** The encoder does not even take our picture; until the next frame of the source the last one must do. */
  #cannotDraw = false

  constructor(stream: SilentStream, supervision: Supervision) {
    this.#stream = stream
    this.#supervision = supervision
  }

  /** As in `StreamStats`. */
  counts(): { repeated: number; placeholders: number } {
    return { repeated: this.#repeated, placeholders: this.#placeholders }
  }

  /** What was seen before is of no interest to whoever watches from now on. */
  beginAnew(): void {
    this.#frameUs = 0
    this.#cannotDraw = false
  }

  /** The source's own frame was given to the clients. */
  noteFrame(nowUs: number): void {
    this.#frameUs = nowUs
    this.#givenUs = nowUs
    this.#cannotDraw = false
  }

  /** The encoder was stopped; what it was given is lost. */
  noteEncoderStop(): void {
    this.#isDrawing = false
  }

  /** It may go on with other frames than the camera's; when it fails on ours there is nothing to draw with. */
  noteEncoderFailure(): void {
    if (this.#isDrawing) this.#cannotDraw = true
    this.#isDrawing = false
  }

  /** Gives clients something when it is time. To be called at twice the rate of `repeatMs`, so that the pause is never much longer. */
  tick(nowUs: number): void {
    try {
      this.#fill(nowUs)
    } catch (error) {
      this.#cannotDraw = true
      this.#stream.onTrouble(`cannot draw "no signal": ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Our picture, as it comes out of the encoder. */
  keep(frame: EncodedFrame): void {
    this.#isDrawing = false
    this.#placeholder = { ...frame, sequence: 0, placeholder: true }
    const nowUs = monotonicUs()
    if (this.#hasNoSignal(nowUs)) this.#givePlaceholder(this.#placeholder, nowUs)
  }

  #fill(nowUs: number): void {
    const { repeatMs, noSignalAfterMs } = this.#supervision
    if (nowUs - this.#givenUs < repeatMs * 900) return
    const isFresh = this.#frameUs !== 0 && nowUs - this.#frameUs < noSignalAfterMs * 1000
    const isDrawn = this.#hasNoSignal(nowUs) && !isFresh && !this.#cannotDraw && this.#tellReason(nowUs)
    const { latest } = this.#stream
    if (isDrawn || this.#frameUs === 0 || !latest?.keyframe) return
    this.#repeated++
    this.#givenUs = nowUs
    this.#stream.give(latest, nowUs)
  }

  /** The source has failed, or has not even started after some time. */
  #hasNoSignal(nowUs: number): boolean {
    const { state, startingSinceUs } = this.#stream
    if (state !== 'starting') return state === 'recovering'
    return startingSinceUs !== undefined && nowUs - startingSinceUs >= this.#supervision.noSignalAfterMs * 1000
  }

  /** Gives "no signal"; false when it has to be drawn first, which takes until the encoder has it. */
  #tellReason(nowUs: number): boolean {
    const failure = this.#stream.state === 'starting' ? startingReason : this.#stream.failure
    const reason = failure ?? 'the source gives no frames'
    if (this.#placeholder && reason === this.#placeholderReason) {
      this.#givePlaceholder(this.#placeholder, nowUs)
      return true
    }
    this.#placeholder = undefined
    this.#draw(reason, nowUs)
    return false
  }

  #draw(reason: string, nowUs: number): void {
    this.#placeholderReason = reason
    const { width, height } = placeholderSize(this.#stream.latest)
    const picture: RawFrame = {
      ...drawNoSignal(width, height, reason),
      sequence: placeholderSequence,
      timestampUs: nowUs
    }
    this.#isDrawing = true
    if (!this.#stream.encode(picture)) this.#cannotDraw = true
    // Until the encoder has started, each tick tries again.
    if (!this.#stream.canEncode) this.#placeholderReason = ''
  }

  #givePlaceholder(placeholder: EncodedFrame, nowUs: number): void {
    this.#placeholders++
    this.#givenUs = nowUs
    this.#stream.give({ ...placeholder, timestampUs: nowUs }, nowUs)
  }
}

/** The size of the picture that stands in for `frame`. */
function placeholderSize(frame: EncodedFrame | undefined): { width: number; height: number } {
  if (!frame || !(frame.width >= 1) || !(frame.height >= 1)) return defaultSize
  const scale = Math.min(1, Math.sqrt(maxPlaceholderPixels / (frame.width * frame.height)))
  return {
    width: Math.max(16, Math.floor(frame.width * scale)),
    height: Math.max(16, Math.floor(frame.height * scale))
  }
}
