import type { GuardedEncoderRun } from '../border/encoder.js'
import { ofCore } from '../border/of-core.js'
import type { Codec, Controls, Counters, Encoder, Frame } from '../plugin/index.js'
import { IsolatedControls } from './isolated-controls.js'
import { Outbox } from './outbox.js'
import type { IsolatedPlace } from './place.js'
import type { PluginWorker } from './plugin-worker.js'
import { portableFrame } from './portable.js'

/** Frames that the thread may have on its way to it; one more waits here, the newest. */
const maxInFlight = 2

/** An encoder in a worker thread of its own, a new one for each run. */
export class IsolatedEncoder implements Encoder {
  readonly [ofCore] = true
  readonly output: Codec
  readonly controls: Controls | undefined
  readonly #controls: IsolatedControls
  readonly #place: IsolatedPlace
  readonly #outbox: Outbox
  #worker: PluginWorker | undefined
  #dropped = 0

  constructor(output: Codec, hasControls: boolean, place: IsolatedPlace) {
    this.output = output
    this.#place = place
    this.#controls = new IsolatedControls(place.who)
    if (hasControls) this.controls = this.#controls
    this.#outbox = new Outbox(
      maxInFlight,
      (frame) => this.#send(frame),
      (frame) => {
        this.#dropped++
        release(frame)
      }
    )
  }

  async start(run: GuardedEncoderRun): Promise<void> {
    run.signal.throwIfAborted()
    await this.stop()
    const worker = this.#place.openFor(run, {
      onMessage: (message) => {
        if (message.type === 'taken' && worker === this.#worker) this.#outbox.taken()
      }
    })
    this.#worker = worker
    this.#controls.follow(worker)
    const controls = this.#controls.wanted
    await worker.call({ type: 'start', streams: [], snapshot: this.#place.snapshot(), controls })
  }

  push(frame: Frame): void {
    if (this.#worker) this.#outbox.offer(frame)
    else release(frame)
  }

  async stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    this.#controls.follow(undefined)
    this.#outbox.clear()
    await worker?.end()
  }

  /** Those of the plugin, and `droppedBeforeThread`: replaced by newer frames because the thread did not take them. */
  stats(): Counters {
    return { ...this.#worker?.counters, ...(this.#dropped > 0 && { droppedBeforeThread: this.#dropped }) }
  }

  #send(frame: Frame): void {
    const { frame: copy, transfer } = portableFrame(frame)
    this.#worker?.post({ type: 'push', frame: copy }, transfer)
    release(frame)
  }
}

function release(frame: Frame): void {
  if (frame.kind === 'raw') frame.release?.()
}
