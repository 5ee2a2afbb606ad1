import type { Codec, Counters, EncodedFrame, Run, Stream, Subscription, Transport } from '../plugin/index.js'
import { messageOf } from '../plugin/index.js'
import type { FromWorker } from './messages.js'
import type { IsolatedPlace } from './place.js'
import type { PluginWorker } from './plugin-worker.js'
import { portableError, portableFrame } from './portable.js'

type Message<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>

/** A transport in a worker thread of its own, a new one for each run. */
export class IsolatedTransport implements Transport {
  readonly accepts: readonly Codec[]
  readonly #place: IsolatedPlace
  #worker: PluginWorker | undefined
  #streams: ReadonlyMap<string, Stream> = new Map()
  readonly #subscriptions = new Map<number, Subscription>()
  /** The frame that the thread has already. */
  #lastFrame: EncodedFrame | undefined
  /** Subscriptions that get the same frame within this turn, and so within one message. */
  #receivers: number[] = []
  #receiving: EncodedFrame | undefined
  readonly #flush = (): void => this.#sendFrame()

  constructor(accepts: readonly Codec[], place: IsolatedPlace) {
    this.accepts = accepts
    this.#place = place
  }

  async start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    run.signal.throwIfAborted()
    await this.stop()
    this.#streams = streams
    const worker = this.#place.openFor(run, {
      onMessage: (message) => {
        if (worker === this.#worker) this.#onMessage(message, worker)
      },
      onGone: () => {
        if (worker === this.#worker) this.#closeAll()
      }
    })
    this.#worker = worker
    const snapshot = this.#place.snapshot()
    return (await worker.call({ type: 'start', streams: [...streams.keys()], snapshot, controls: {} })) as string[]
  }

  async stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.end()
    this.#closeAll()
  }

  stats(): Counters {
    return this.#worker?.counters ?? {}
  }

  #closeAll(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close()
    this.#subscriptions.clear()
    this.#lastFrame = undefined
    this.#receiving = undefined
    this.#receivers = []
  }

  #onMessage(message: FromWorker, worker: PluginWorker): void {
    switch (message.type) {
      case 'subscribe':
        this.#subscribe(message, worker)
        return
      case 'ready':
        this.#subscriptions.get(message.subscription)?.ready()
        return
      case 'close':
        this.#subscriptions.get(message.subscription)?.close()
        this.#subscriptions.delete(message.subscription)
        return
      case 'setStream':
        void this.#setStream(message, worker)
    }
  }

  #subscribe(message: Message<'subscribe'>, worker: PluginWorker): void {
    const { subscription: id, stream, label, maxFramerate, maxAgeMs } = message
    try {
      const subscription = this.#streams.get(stream)?.subscribe({
        label,
        ...(maxFramerate !== undefined && { maxFramerate }),
        ...(maxAgeMs !== undefined && { maxAgeMs }),
        onFrame: (frame) => this.#give(id, frame),
        onClose: (reason) => {
          this.#subscriptions.delete(id)
          worker.post({ type: 'closed', subscription: id, reason })
        }
      })
      if (subscription) this.#subscriptions.set(id, subscription)
      else worker.post({ type: 'closed', subscription: id, reason: 'revoked' })
    } catch (error) {
      this.#place.logger.warn(`cannot subscribe for ${label}: ${messageOf(error)}`)
      worker.post({ type: 'closed', subscription: id, reason: 'revoked' })
    }
  }

  async #setStream({ id, stream, values }: Message<'setStream'>, worker: PluginWorker): Promise<void> {
    try {
      const value = await this.#streams.get(stream)?.controls?.set(values)
      worker.post({ type: 'done', id, value: value ?? {} })
    } catch (error) {
      worker.post({ type: 'done', id, error: portableError(error) })
    }
  }

  /** The hub gives a frame to one client after the other: it is copied once for all of them. */
  #give(id: number, frame: EncodedFrame): void {
    if (frame !== this.#receiving) {
      this.#sendFrame()
      this.#receiving = frame
      queueMicrotask(this.#flush)
    }
    this.#receivers.push(id)
  }

  #sendFrame(): void {
    const frame = this.#receiving
    if (!frame) return
    const subscriptions = this.#receivers
    this.#receiving = undefined
    this.#receivers = []
    if (frame === this.#lastFrame) {
      this.#worker?.post({ type: 'frame', subscriptions })
      return
    }
    this.#lastFrame = frame
    const { frame: copy, transfer } = portableFrame(frame)
    this.#worker?.post({ type: 'frame', subscriptions, frame: copy }, transfer)
  }
}
