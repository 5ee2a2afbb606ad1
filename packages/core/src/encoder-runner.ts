import { type GuardedEncoder, placeholderSequence } from './border/encoder.js'
import {
  type EncodedFrame,
  type Frame,
  type Logger,
  monotonicUs,
  StreamerError,
  toStreamerError
} from './plugin/index.js'
import { type Supervision, stopInTime } from './supervision.js'

/** What becomes of what an encoder gives. */
export interface EncoderDuties {
  onFrame(frame: EncodedFrame): void
  /** It failed and was stopped; the next frame starts it again. */
  onFailure(failure: StreamerError): void
  /** Gives back a frame that the encoder does not take. */
  giveBack(frame: Frame): void
}

/** Starts one encoder when there is something to encode, and stops it. */
export class EncoderRunner {
  readonly #encoder: GuardedEncoder
  readonly #duties: EncoderDuties
  readonly #logger: Logger
  readonly #supervision: Supervision
  #abort: AbortController | undefined
  #isReady = false
  #stopping: Promise<void> = Promise.resolve()
  /** When it was first given a frame of which nothing has come yet; 0 when it owes none. */
  #owingUs = 0
  /** What was wrong with the last thing that it gave since then. */
  #refusal = ''
  #refused = 0

  constructor(encoder: GuardedEncoder, duties: EncoderDuties, logger: Logger, supervision: Supervision) {
    this.#encoder = encoder
    this.#duties = duties
    this.#logger = logger
    this.#supervision = supervision
  }

  /** It has started and takes frames. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Frames of its own that were refused. */
  get refused(): number {
    return this.#refused
  }

  /** Gives it a frame; starts it when it does not run, which frames do not wait for. @returns false when the encoder threw. */
  encode(frame: Frame): boolean {
    if (this.#abort === undefined) this.#start()
    if (this.#owingUs === 0 && frame.sequence !== placeholderSequence) this.#owingUs = monotonicUs()
    if (this.#isReady) return this.#encoder.push(frame)
    this.#duties.giveBack(frame)
    return true
  }

  /** Why it must be taken for broken: it was given frames, and for longer than `limitUs` nothing came of them. */
  stall(nowUs: number, limitUs: number): StreamerError | undefined {
    if (this.#owingUs === 0 || nowUs - this.#owingUs <= limitUs) return undefined
    const seconds = limitUs / 1e6
    const message =
      this.#refusal === ''
        ? `no frame from the encoder for ${seconds} s, although it was given some`
        : `${this.#encoder.border.who} gave nothing that is a frame for ${seconds} s: ${this.#refusal}`
    return new StreamerError('ERR_ENCODER_FAILED', message)
  }

  /** Takes it for failed, if it runs. @returns whether it does. */
  fail(error: unknown): boolean {
    if (this.#abort === undefined) return false
    void this.stop()
    this.#duties.onFailure(toStreamerError(error, 'ERR_ENCODER_FAILED', 'encoder'))
    return true
  }

  /** Resolves when it has stopped, or will not be waited for. */
  stop(): Promise<void> {
    if (this.#abort !== undefined) {
      this.#abort.abort()
      this.#abort = undefined
      this.#isReady = false
      this.#owingUs = 0
      this.#stopping = stopInTime(this.#encoder, 'the encoder ', this.#supervision, this.#logger)
    }
    return this.#stopping
  }

  #start(): void {
    const abort = new AbortController()
    this.#abort = abort
    this.#refusal = ''
    const fail = (error: unknown) => {
      if (!abort.signal.aborted) this.fail(error)
    }
    const push = (frame: EncodedFrame) => {
      if (abort.signal.aborted) return
      if (frame.sequence !== placeholderSequence) this.#owingUs = 0
      this.#refusal = ''
      this.#duties.onFrame(frame)
    }
    const refused = (why: string, count = 1) => {
      this.#refused += count
      this.#refusal = why
    }
    const starting = (async () => {
      await this.#stopping
      if (abort.signal.aborted) return
      await this.#encoder.start({ signal: abort.signal, fail, push, refused })
      if (!abort.signal.aborted) this.#isReady = true
    })()
    starting.catch(fail)
  }
}
