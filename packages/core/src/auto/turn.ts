import type { GuardedSource, GuardedSourceRun } from '../border/source.js'
import type { Frame } from '../plugin/index.js'
import { untilAborted } from './ask.js'

/** The part of a run in which one source gives the frames. */
export class Turn {
  readonly #source: GuardedSource
  readonly #run: GuardedSourceRun
  readonly #onReady: () => void
  readonly #abort = new AbortController()
  readonly #failed: Promise<never>
  #refuse: (error: Error) => void = () => {}
  #isReady = false

  /**
   * @param run whose frames they are.
   * @param onReady called once, at the first frame or when the source has started, whichever is first; the frame is handed on after that.
   */
  constructor(source: GuardedSource, run: GuardedSourceRun, onReady: () => void = () => {}) {
    this.#source = source
    this.#run = run
    this.#onReady = onReady
    this.#failed = new Promise<never>((_, reject) => {
      this.#refuse = reject
    })
    this.#failed.catch(() => {})
  }

  /**
   * Starts the source. What fails before it is ready fails the start, what fails later the run.
   * @throws what the source throws; the reason of `signal` when that is aborted, whether the source minds it or not.
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const end = () => this.#abort.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true, signal: this.#abort.signal })
    const { codec } = this.#run
    const starting = this.#source.start({
      signal: this.#abort.signal,
      ...(codec && { codec }),
      push: (frame) => this.#push(frame),
      refused: (why, count) => this.#run.refused?.(why, count),
      fail: (error) => this.#fail(error)
    })
    await untilAborted(Promise.race([starting, this.#failed]), this.#abort.signal)
    this.#ready()
  }

  /** Stops the source; nothing of it comes through any more. */
  async end(): Promise<void> {
    this.#abort.abort()
    await this.#source.stop()
  }

  #push(frame: Frame): void {
    if (this.#abort.signal.aborted) {
      this.#source.giveBack(frame)
      return
    }
    this.#ready()
    this.#run.push(frame)
  }

  #fail(error: Error): void {
    if (this.#abort.signal.aborted) return
    if (this.#isReady) this.#run.fail(error)
    else this.#refuse(error)
  }

  #ready(): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#onReady()
  }
}
