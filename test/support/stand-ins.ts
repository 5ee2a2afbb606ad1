import { networkInterfaces } from 'node:os'
import { FrameHub } from '@streamer/core'
import {
  type Codec,
  type EncodedFrame,
  type Logger,
  monotonicUs,
  type Run,
  type Stream,
  type StreamState,
  type StreamStats,
  type SubscribeOptions,
  type Subscription,
  silentLogger
} from '@streamer/core/plugin'

/** A stream without camera: the test publishes its frames through a real hub. */
export class StandInStream implements Stream {
  readonly codec: Codec = 'mjpeg'
  readonly controls = undefined
  state: StreamState = 'live'
  lastFailure: StreamStats['lastFailure']
  latest: EncodedFrame | undefined
  /** How often somebody subscribed. */
  subscribed = 0
  readonly hub: FrameHub
  #sequence = 0
  #wake: Array<() => void> = []

  constructor(readonly name = 'camera') {
    this.hub = new FrameHub(() => {
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.subscribed++
    return this.hub.subscribe('test', options)
  }

  /** Gives a frame to all clients. */
  publish(data: Uint8Array, extra: Partial<EncodedFrame> = {}): EncodedFrame {
    this.latest = {
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: this.#sequence++,
      timestampUs: monotonicUs(),
      width: 64,
      height: 48,
      data,
      ...extra
    }
    this.hub.publish(this.latest)
    return this.latest
  }

  /** Resolves when so many clients are subscribed. */
  async clients(count: number): Promise<void> {
    while (this.hub.size !== count) await new Promise<void>((resolve) => this.#wake.push(resolve))
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
      published: this.hub.published,
      repeated: 0,
      placeholders: 0,
      starts: 1,
      failures: 0,
      ...(this.lastFailure && { lastFailure: this.lastFailure }),
      delays: this.hub.delays(),
      source: {},
      encoder: {},
      clients: this.hub.stats(),
      transports: this.hub.totals()
    }
  }
}

/** Keeps warnings instead of printing them. */
export class StandInLogger implements Logger {
  readonly warnings: string[] = []
  readonly error = silentLogger.error
  readonly info = silentLogger.info
  readonly debug = silentLogger.debug

  warn(message: string): void {
    this.warnings.push(message)
  }

  child(): Logger {
    return this
  }
}

/** A run as the core would give it; `fail` keeps what it was told. */
export class StandInRun implements Run {
  readonly #controller = new AbortController()
  readonly signal = this.#controller.signal
  readonly failures: Error[] = []
  readonly fail = (error: Error): void => void this.failures.push(error)

  abort(): void {
    this.#controller.abort(new Error('the run was aborted by the test'))
  }
}

/** Frees whatever the tests of a file opened, newest first. */
export class Cleanup {
  readonly #deeds: Array<() => unknown> = []

  add<T>(thing: T, deed: (thing: T) => unknown): T {
    this.#deeds.push(() => deed(thing))
    return thing
  }

  async run(): Promise<void> {
    for (const deed of this.#deeds.splice(0).reverse()) await deed()
  }
}

/** Whether this machine has IPv6 on its loopback; tests of IPv6 are shown as skipped where it has not. */
export const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1')
)
