import { type CloseReason, type EncodedFrame, monotonicUs, type Stream, type Subscription } from '@streamer/core/plugin'

/** What became of a wait: the frame, none in time, or the core gave the wait up. */
export type SnapshotResult = EncodedFrame | 'late' | CloseReason

/** What to wait for, and whom to tell. */
export interface SnapshotOptions {
  /** Who asks, for people. */
  readonly label: string
  readonly timeoutMs: number
  /** Told once, unless it is cancelled before. May be told within the constructor. Must not throw. */
  readonly onResult: (result: SnapshotResult) => void
}

/** Waits for one picture that the camera took after now. */
export class SnapshotRequest {
  readonly #askedUs = monotonicUs()
  readonly #onResult: (result: SnapshotResult) => void
  readonly #subscription: Subscription | undefined
  #timer: NodeJS.Timeout | undefined
  #settled = false

  constructor(stream: Stream, { label, timeoutMs, onResult }: SnapshotOptions) {
    this.#onResult = onResult
    this.#subscription = stream.subscribe({
      label,
      onFrame: (frame) => this.#take(frame),
      onClose: (reason) => this.#settle(reason)
    })
    if (this.#settled) this.#subscription.close()
    else this.#timer = setTimeout(() => this.#settle('late'), timeoutMs)
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

  #settle(result: SnapshotResult): void {
    if (this.#settled) return
    this.cancel()
    this.#onResult(result)
  }
}
