import { FrameHub } from '@streamer/core'
import {
  type CloseReason,
  type EncodedFrame,
  monotonicUs,
  type Stream,
  type StreamStats,
  type SubscribeOptions,
  type Subscription
} from '@streamer/core/plugin'

/** Who subscribes, for the hub's statistics. */
const transportName = 'contract'

/** A stream whose frames the contract publishes, through the core's own hub. */
export class ContractStream implements Stream {
  readonly codec = 'mjpeg'
  readonly state = 'live'
  readonly controls = undefined
  latest: EncodedFrame | undefined
  readonly #hub: FrameHub
  #sequence = 0
  #opened = 0
  #waiting: Array<() => void> = []
  #error: unknown
  #taken: Uint8Array[] | undefined

  constructor(readonly name: string) {
    this.#hub = new FrameHub(() => {
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  /** What an `onFrame` threw. */
  get thrown(): unknown {
    return this.#error
  }

  /** Keeps from now on the bytes of each frame that was handed to a subscription, in the returned list. */
  noteTaken(): readonly Uint8Array[] {
    this.#taken = []
    return this.#taken
  }

  /** Open subscriptions: the demand. */
  get demand(): number {
    return this.#hub.size
  }

  /** Subscriptions that were opened, whether or not they are still. */
  get opened(): number {
    return this.#opened
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#opened++
    const onFrame = (frame: EncodedFrame) => {
      this.#taken?.push(frame.data)
      try {
        options.onFrame(frame)
      } catch (error) {
        this.#error = error
        throw error
      }
    }
    const onClose = (reason: CloseReason) => options.onClose?.(reason)
    return this.#hub.subscribe(transportName, { ...options, onFrame, onClose })
  }

  /** Gives every subscriber a frame. */
  publish(data: Uint8Array): void {
    this.latest = {
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: this.#sequence++,
      timestampUs: monotonicUs(),
      width: 64,
      height: 48,
      data
    }
    this.#hub.publish(this.latest)
  }

  /** Closes every subscription as the core does when it gives a transport up. */
  revoke(): void {
    this.#hub.closeAll(transportName)
  }

  /** Resolves when `isEnough` holds, which is looked at when a subscription is opened or closed. */
  async until(isEnough: (stream: this) => boolean): Promise<void> {
    while (!isEnough(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  stats(): StreamStats {
    return {
      name: this.name,
      state: this.state,
      codec: this.codec,
      width: this.latest?.width ?? 0,
      height: this.latest?.height ?? 0,
      captured: this.#sequence,
      framerate: 0,
      lost: 0,
      refused: 0,
      published: this.#hub.published,
      repeated: 0,
      placeholders: 0,
      starts: 1,
      failures: 0,
      delays: this.#hub.delays(),
      source: {},
      encoder: {},
      clients: this.#hub.stats(),
      transports: this.#hub.totals()
    }
  }
}
