import type {
  Codec,
  Control,
  Controls,
  ControlValue,
  EncodedFrame,
  Stream,
  StreamState,
  StreamStats,
  SubscribeOptions,
  Subscription
} from '../plugin/index.js'
import type { FromWorker, StreamSnapshot } from './messages.js'

type Values = Readonly<Record<string, ControlValue>>

/** What a plugin in a worker thread has the program do. */
export interface RemoteCalls {
  send(message: FromWorker): void
  /** Changes controls of a stream; resolves with the values that are in force then. */
  setStream(stream: string, values: Values): Promise<Values>
}

/** A stream as an isolated plugin sees it: as it was a moment ago. */
export class RemoteStream implements Stream {
  snapshot: StreamSnapshot
  /** The newest frame of the source's that was given to this thread. */
  latest: EncodedFrame | undefined
  readonly #calls: RemoteCalls
  readonly #subscribe: (options: SubscribeOptions) => Subscription
  readonly #controls: Controls

  constructor(snapshot: StreamSnapshot, calls: RemoteCalls, subscribe: (options: SubscribeOptions) => Subscription) {
    this.snapshot = snapshot
    this.#calls = calls
    this.#subscribe = subscribe
    this.#controls = {
      list: (): readonly Control[] => this.snapshot.controls?.list ?? [],
      values: () => this.snapshot.controls?.values ?? {},
      set: (values) => this.#set(values)
    }
  }

  get name(): string {
    return this.snapshot.name
  }
  get codec(): Codec {
    return this.snapshot.codec
  }
  get state(): StreamState {
    return this.snapshot.state
  }
  get controls(): Controls | undefined {
    return this.snapshot.controls && this.#controls
  }
  stats(): StreamStats {
    return this.snapshot.stats
  }
  subscribe(options: SubscribeOptions): Subscription {
    return this.#subscribe(options)
  }

  async #set(wanted: Values): Promise<Values> {
    const values = await this.#calls.setStream(this.name, wanted)
    const { controls } = this.snapshot
    if (controls) this.snapshot = { ...this.snapshot, controls: { ...controls, values } }
    return values
  }
}
