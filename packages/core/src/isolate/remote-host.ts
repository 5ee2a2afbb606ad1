import type { Border } from '../border/border.js'
import {
  type CloseReason,
  type EncodedFrame,
  type HostView,
  type PluginKind,
  type Stream,
  StreamerError,
  type SubscribeOptions,
  type Subscription,
  type TransportStatus
} from '../plugin/index.js'
import { checkSubscribeOptions, maxSubscriptions } from '../subscribe-options.js'
import type { PortableFrame, Snapshot } from './messages.js'
import { type RemoteCalls, RemoteStream } from './remote-stream.js'
import { RemoteSubscription } from './remote-subscription.js'

/** The program as an isolated plugin sees it: as it was a moment ago. */
export class RemoteHost implements HostView {
  version = ''
  startedAtMs = 0
  readonly streams = new Map<string, RemoteStream>()
  readonly #kind: PluginKind
  readonly #calls: RemoteCalls
  readonly #border: Border
  readonly #subscriptions = new Map<number, RemoteSubscription>()
  #transports: readonly TransportStatus[] = []
  #lastId = 0
  /** The frame that came last; several clients share it. */
  #frame: EncodedFrame | undefined

  /** @param border to the plugin, which is told what its callbacks throw. */
  constructor(kind: PluginKind, calls: RemoteCalls, border: Border) {
    this.#kind = kind
    this.#calls = calls
    this.#border = border
  }

  transports(): readonly TransportStatus[] {
    return this.#transports
  }

  disconnect(id: string): boolean {
    for (const stream of this.streams.values()) {
      if (!stream.stats().clients.some((client) => client.id === id)) continue
      this.#calls.send({ type: 'disconnect', client: id })
      return true
    }
    return false
  }

  update({ version, startedAtMs, streams, transports }: Snapshot): void {
    this.version = version
    this.startedAtMs = startedAtMs
    this.#transports = transports
    for (const snapshot of streams) {
      const { name } = snapshot
      const stream = this.streams.get(name)
      if (stream) stream.snapshot = snapshot
      else this.streams.set(name, new RemoteStream(snapshot, this.#calls, (options) => this.#subscribe(name, options)))
    }
  }

  streamsOf(names: readonly string[]): ReadonlyMap<string, Stream> {
    return new Map(
      names.flatMap((name) => {
        const stream = this.streams.get(name)
        return stream ? [[name, stream] as const] : []
      })
    )
  }

  /** A frame for some subscriptions to one stream; without one it is that which came last. */
  frame(ids: readonly number[], frame: PortableFrame | undefined): void {
    if (frame) this.#frame = frame as unknown as EncodedFrame
    if (!this.#frame) return
    for (const id of ids) {
      const subscription = this.#subscriptions.get(id)
      if (!subscription) continue
      const stream = this.streams.get(subscription.stream)
      if (stream && this.#frame.placeholder !== true) stream.latest = this.#frame
      subscription.hand(this.#frame)
    }
  }

  /** The program closed it. */
  closed(id: number, reason: CloseReason): void {
    this.#subscriptions.get(id)?.revoke(reason)
  }

  #subscribe(stream: string, options: SubscribeOptions): Subscription {
    checkSubscribeOptions(options)
    if (this.#kind !== 'transport')
      throw new StreamerError(
        'ERR_PLUGIN_ISOLATED',
        `an isolated ${this.#kind} cannot subscribe to the stream "${stream}"`
      )
    if (this.#subscriptions.size >= maxSubscriptions)
      throw new StreamerError(
        'ERR_TRANSPORT_FAILED',
        `cannot subscribe for ${options.label}: it has ${maxSubscriptions} subscriptions open, which is the limit`
      )
    const id = ++this.#lastId
    const subscription = new RemoteSubscription(stream, options, this.#border, {
      ready: () => this.#calls.send({ type: 'ready', subscription: id }),
      close: () => {
        this.#subscriptions.delete(id)
        this.#calls.send({ type: 'close', subscription: id })
      }
    })
    this.#subscriptions.set(id, subscription)
    const { label, maxFramerate, maxAgeMs } = options
    this.#calls.send({
      type: 'subscribe',
      subscription: id,
      stream,
      label,
      ...(maxFramerate !== undefined && { maxFramerate }),
      ...(maxAgeMs !== undefined && { maxAgeMs })
    })
    return subscription
  }
}
