import { fileURLToPath } from 'node:url'
import { Border } from '../border/border.js'
import { GuardedEncoder, type GuardedEncoderRun } from '../border/encoder.js'
import { GuardedSource, type GuardedSourceRun } from '../border/source.js'
import { GuardedTransport } from '../border/transport.js'
import { importForeign, importTypeScript } from '../module-loading.js'
import {
  type ControlValue,
  type Encoder,
  type EncoderSupports,
  encoderSupports,
  type Frame,
  messageOf,
  type PluginContext,
  type Source,
  StreamerError,
  type Transport,
  type TransportSupports,
  TroubleLog,
  transportSupports
} from '../plugin/index.js'
import { checkPlugin } from '../plugins/load.js'
import { makePart } from '../plugins/make-part.js'
import type { PortableControls, PortableError, PortableFrame, Report, ToWorker, WorkerSetup } from './messages.js'
import { Outbox } from './outbox.js'
import { errorOf, portableError, portableFrame } from './portable.js'
import { RemoteHost } from './remote-host.js'
import type { WorkerLink } from './worker-link.js'

type Values = Readonly<Record<string, ControlValue>>
type Message<Type extends ToWorker['type']> = Extract<ToWorker, { type: Type }>

/** Frames that the program has not taken yet; one more waits here, the newest. */
const maxInFlight = 2

type Part = GuardedSource | GuardedEncoder | GuardedTransport

/** The part in a worker thread. Nothing that it does wrong comes out of here but as a message. */
export class WorkerPart {
  readonly host: RemoteHost
  readonly outbox: Outbox
  readonly #setup: WorkerSetup
  readonly #link: WorkerLink
  readonly #border: Border
  readonly #made: Promise<Part>
  readonly #asked = new Map<number, { resolve(values: Values): void; reject(error: Error): void }>()
  #part: Part | undefined
  #abort = new AbortController()
  #lastId = 0
  #dropped = 0
  #refusals = 0
  #refusal = ''

  constructor(setup: WorkerSetup, link: WorkerLink) {
    this.#setup = setup
    this.#link = link
    const name = setup.kind === 'transport' ? setup.name : setup.use
    // What holds up this thread holds up nobody else.
    this.#border = new Border(`the ${setup.kind} "${name}"`, new TroubleLog(link.logger()), Number.POSITIVE_INFINITY)
    const calls = {
      send: link.send.bind(link),
      setStream: (stream: string, values: Values) => this.#setStream(stream, values)
    }
    this.host = new RemoteHost(setup.kind, calls, this.#border)
    this.outbox = new Outbox(
      maxInFlight,
      (frame) => this.#send(frame),
      (frame) => {
        this.#dropped++
        this.#giveBack(frame)
      }
    )
    this.#made = this.#make()
    this.#made.catch(() => {})
  }

  async start({ codec, streams, snapshot, controls }: Message<'start'>): Promise<unknown> {
    const part = await this.#made
    this.host.update(snapshot)
    this.#abort = new AbortController()
    this.outbox.clear()
    await this.#restore(controls)
    const { signal } = this.#abort
    signal.throwIfAborted()
    const run = {
      signal,
      fail: (error: unknown) => this.#link.send({ type: 'fail', error: portableError(error) })
    }
    if (part instanceof GuardedTransport) return part.start(run, this.host.streamsOf(streams))
    const framesRun: GuardedSourceRun & GuardedEncoderRun = {
      ...run,
      ...(codec && { codec }),
      push: (frame: Frame) => {
        if (signal.aborted) this.#giveBack(frame)
        else this.outbox.offer(frame)
      },
      refused: (why, count = 1) => {
        this.#refusals += count
        this.#refusal = why
      }
    }
    await part.start(framesRun)
    return undefined
  }

  /** There is nothing to stop when it could not even be made. */
  async stop(): Promise<void> {
    this.#abort.abort()
    const part = await this.#made.catch(() => undefined)
    await part?.stop()
  }

  async prepare(): Promise<void> {
    const part = await this.#made
    if (part instanceof GuardedSource) await part.prepare(this.#abort.signal)
  }

  async set(values: Values): Promise<unknown> {
    const part = await this.#made
    return part instanceof GuardedTransport ? {} : part.controls?.set(values)
  }

  abort(reason: PortableError): void {
    this.#abort.abort(errorOf(reason))
  }

  /** Takes a frame for the encoder, which may read its pixels as long as it likes. */
  encode(frame: PortableFrame): void {
    if (this.#part instanceof GuardedEncoder) this.#part.push(frame as unknown as Frame)
    this.#link.send({ type: 'taken' })
  }

  answered({ id, value, error }: Message<'done'>): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error) asked?.reject(errorOf(error))
    else asked?.resolve(value as Values)
  }

  /** Tells how things are; that the thread can tell it is a sign of life. */
  report(): void {
    const report: Report = {
      counters: { ...this.#part?.stats(), ...(this.#dropped > 0 && { droppedInThread: this.#dropped }) },
      ...this.#controls(),
      ...(this.#refusals > 0 && { refused: { count: this.#refusals, why: this.#refusal } })
    }
    this.#refusals = 0
    this.#link.send({ type: 'report', report })
  }

  async #make(): Promise<Part> {
    const { kind, use, url, options: written, name, baseDir } = this.#setup
    const where = `${kind} plugin "${use}"`
    const module = await load(url)
    const plugin = checkPlugin(kind, module.default, where)
    const result = await plugin.configSchema['~standard'].validate(written)
    if (result.issues) {
      const issues = result.issues.map(({ message }) => message).join('; ')
      throw new StreamerError('ERR_CONFIG_INVALID', `${where} takes its options no more in its own thread: ${issues}`)
    }
    const context: PluginContext = { name, baseDir, logger: this.#link.logger(), host: this.host }
    this.#part = this.#guard(makePart<Source & Encoder & Transport>(plugin, result.value, context, where))
    this.#checkCodecs((plugin as { readonly supports?: unknown }).supports, where)
    return this.#part
  }

  #guard(part: Source & Encoder & Transport): Part {
    const { kind } = this.#setup
    if (kind === 'source') return new GuardedSource(part, this.#border)
    if (kind === 'encoder') return new GuardedEncoder(part, this.#border)
    return new GuardedTransport(part, this.#border)
  }

  /** The program had to go by what the plugin declares. */
  #checkCodecs(supports: unknown, where: string): void {
    const part = this.#part
    const isEncoder = part instanceof GuardedEncoder
    if (!isEncoder && !(part instanceof GuardedTransport)) return
    const declared = isEncoder
      ? [encoderSupports(supports as EncoderSupports).codec]
      : transportSupports(supports as TransportSupports).codecs
    const real = isEncoder ? [part.output] : part.accepts
    if (declared.length === real.length && declared.every((codec) => real.includes(codec))) return
    const what = isEncoder ? 'supports.codec' : 'supports.codecs'
    throw new StreamerError(
      'ERR_PLUGIN_INVALID',
      `${where} declares ${what} ${declared.join(', ')} and has ${real.map(String).join(', ')}; isolated plugins are taken at their word`
    )
  }

  /** What was set in a former thread holds in this one, too. */
  async #restore(controls: Values): Promise<void> {
    if (Object.keys(controls).length === 0) return
    await this.set(controls).catch((error: unknown) => {
      this.#border.tell(`does not take the settings that it had before: ${messageOf(error)}`)
    })
  }

  #controls(): { controls?: PortableControls } {
    const controls = this.#part instanceof GuardedTransport ? undefined : this.#part?.controls
    return controls ? { controls: { list: controls.list(), values: controls.values() } } : {}
  }

  /** Encoded frames may be shared, and raw ones can go back to the source at once, so it is always a copy that leaves. */
  #send(frame: Frame): void {
    const { frame: copy, transfer } = portableFrame(frame)
    this.#giveBack(frame)
    this.#link.send({ type: 'push', frame: copy }, transfer)
  }

  #giveBack(frame: Frame): void {
    if (this.#part instanceof GuardedSource) this.#part.giveBack(frame)
  }

  #setStream(stream: string, values: Values): Promise<Values> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#link.send({ type: 'setStream', id, stream, values })
    })
  }
}

/** TypeScript only where the program itself runs on its sources, in tests; Node is asked first, for newer ones read it. */
async function load(url: string): Promise<{ readonly default?: unknown }> {
  const readsTypeScript = (process.features as { typescript?: unknown }).typescript
  if (!url.endsWith('.ts') || readsTypeScript) return importForeign(url)
  return { default: await importTypeScript(fileURLToPath(url)) }
}
