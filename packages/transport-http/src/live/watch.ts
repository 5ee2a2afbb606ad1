import type { CloseReason, EncodedFrame, Stream, Subscription } from '@streamer/core/plugin'
import type { WebSocket } from 'ws'
import type { MessageCache } from './message.js'

/** A stream as viewers have it: its messages are made once for all. */
export interface LiveStream {
  readonly stream: Stream
  readonly messages: MessageCache
  viewers: number
}

/**
 * Whose message is on its way to one client. There is one at a time, so that frames of many streams do not wait for one another in the
 * kernel, where nothing newer can take their place.
 */
export class Turns {
  readonly #onProgress: () => void
  readonly #waiting = new Set<Watch>()
  #sending: Watch | undefined

  /** @param onProgress told of each message that has left for the kernel. */
  constructor(onProgress: () => void) {
    this.#onProgress = onProgress
  }

  /** When the message that is on its way was sent; undefined when none is. */
  sentMs: number | undefined

  /** Whether `watch` may send now; if not, its turn will come. */
  take(watch: Watch): boolean {
    if (this.#sending !== undefined) {
      this.#waiting.add(watch)
      return false
    }
    this.#sending = watch
    this.sentMs = performance.now()
    return true
  }

  get isFree(): boolean {
    return this.#sending === undefined
  }

  /** The message of `watch` has left; it waits for its next turn behind the others. */
  done(watch: Watch): void {
    this.#sending = undefined
    this.sentMs = undefined
    this.#onProgress()
    this.#waiting.add(watch)
    for (const next of this.#waiting) {
      if (!this.isFree) return
      this.#waiting.delete(next)
      next.turn()
    }
  }
}

/** One stream for one client. */
export class Watch {
  readonly framerate: number | undefined
  readonly #carried: LiveStream
  readonly #socket: WebSocket
  readonly #turns: Turns
  #subscription: Subscription | undefined
  /** Came while the message of another stream was on its way. */
  #held: EncodedFrame | undefined
  #isOpen = true

  constructor(carried: LiveStream, framerate: number | undefined, socket: WebSocket, turns: Turns) {
    this.framerate = framerate
    this.#carried = carried
    this.#socket = socket
    this.#turns = turns
    carried.viewers++
  }

  start(options: {
    label: string
    maxFramerate?: number
    maxAgeMs?: number
    onClose(reason: CloseReason): void
  }): void {
    this.#subscription = this.#carried.stream.subscribe({ ...options, onFrame: this.#take })
    if (!this.#isOpen) this.#subscription.close()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#held = undefined
    this.#subscription?.close()
    this.#carried.viewers--
    if (this.#carried.viewers === 0) this.#carried.messages.clear()
  }

  /** It may send. A newer frame, if there is one, goes in place of the one that is held. */
  turn(): void {
    if (!this.#isOpen) return
    const held = this.#held
    this.#held = undefined
    this.#subscription?.ready()
    if (held !== undefined && this.#isOpen && this.#turns.isFree) this.#take(held)
  }

  readonly #take = (frame: EncodedFrame): void => {
    if (this.#turns.take(this)) this.#socket.send(this.#carried.messages.of(frame), this.#sent)
    else this.#held = frame
  }

  readonly #sent = (error?: Error | null): void => {
    // Without its connection there are no more turns.
    if (!error) this.#turns.done(this)
  }
}
