import type { FrameHub } from './hub.js'
import type {
  Codec,
  Controls,
  EncodedFrame,
  Stream,
  StreamState,
  StreamStats,
  SubscribeOptions,
  Subscription
} from './plugin/index.js'

/** A pipeline as one transport sees it. */
export class StreamView implements Stream {
  readonly #pipeline: Omit<Stream, 'subscribe'>
  readonly #hub: FrameHub
  readonly #transport: string
  #isOver = false

  /** @param transport what is subscribed is counted under this name. */
  constructor(pipeline: Omit<Stream, 'subscribe'>, hub: FrameHub, transport: string) {
    this.#pipeline = pipeline
    this.#hub = hub
    this.#transport = transport
  }

  get name(): string {
    return this.#pipeline.name
  }
  get codec(): Codec {
    return this.#pipeline.codec
  }
  get state(): StreamState {
    return this.#pipeline.state
  }
  get latest(): EncodedFrame | undefined {
    return this.#pipeline.latest
  }
  get controls(): Controls | undefined {
    return this.#pipeline.controls
  }
  subscribe(options: SubscribeOptions): Subscription {
    return this.#isOver
      ? this.#hub.subscribeInVain(this.#transport, options)
      : this.#hub.subscribe(this.#transport, options)
  }
  stats(): StreamStats {
    return this.#pipeline.stats()
  }

  /** What is subscribed from now on is closed from the beginning: the transport that had this view was stopped, whether it minds or not. */
  end(): void {
    this.#isOver = true
  }
}
