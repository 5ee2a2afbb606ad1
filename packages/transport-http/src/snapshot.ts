import { type EncodedFrame, monotonicUs, type Stream, type Subscription } from '@streamer/core/plugin'

/** What to wait for, and whom to tell. */
export interface SnapshotOptions {
  /** Who asks, for people. */
  readonly label: string
  readonly timeoutMs: number
  /** Told once, unless it is cancelled before: the frame, or nothing when none came in time. May be told within the constructor. */
  readonly onResult: (frame: EncodedFrame | undefined) => void
}

/** Waits for one picture that the camera took after now. */
export class SnapshotRequest {
  readonly #askedUs = monotonicUs()
  readonly #onResult: (frame: EncodedFrame | undefined) => void
  readonly #subscription: Subscription | undefined
  #timer: NodeJS.Timeout | undefined
  #settled = false

  constructor(stream: Stream, { label, timeoutMs, onResult }: SnapshotOptions) {
    this.#onResult = onResult
    this.#subscription = stream.subscribe({ label, onFrame: (frame) => this.#take(frame) })
    if (this.#settled) this.#subscription.close()
    else this.#timer = setTimeout(() => this.#settle(undefined), timeoutMs)
  }

  /** Ends the wait without a result. May be called at any time. */
  cancel(): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#subscription?.close()
  }

  #take(frame: EncodedFrame): void {
    // Repeated frames are older than the request, and a "no signal" picture is none of the camera's.
    if (!frame.placeholder && frame.timestampUs >= this.#askedUs) this.#settle(frame)
    // Later, because a stream may hand out a frame before `subscribe` has returned.
    else queueMicrotask(() => this.#subscription?.ready())
  }

  #settle(frame: EncodedFrame | undefined): void {
    if (this.#settled) return
    this.cancel()
    this.#onResult(frame)
  }
}
