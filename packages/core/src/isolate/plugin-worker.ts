import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type Counters, type Logger, messageOf, StreamerError } from '../plugin/index.js'
import type { FromWorker, PortableControls, Report, Snapshot, ToWorker, WorkerSetup } from './messages.js'
import { errorOf } from './portable.js'
import { forwardLines } from './thread-output.js'

/** How often a worker thread is asked whether it is still there, and told how things are. */
const pingMs = 500
/** What it may take to stop by itself; the core gives a part 1.5 s in all. */
const stopMs = 1000
/** What it may take to begin to hear: on a small machine Node alone takes a second or two. */
const beginMs = 30_000

/** Pictures lie outside of this memory. More than this is a leak, which on a small machine would take the whole program along. Mebibytes. */
const heapMb = 256

const isSource = import.meta.url.endsWith('.ts')
/** Compiled code, also where this runs as a source: a worker thread reads JavaScript alone. */
const entry = new URL(isSource ? '../../dist/isolate/worker.js' : './worker.js', import.meta.url)

export interface WorkerOwner {
  /** For messages: `the transport "lines"`. */
  readonly who: string
  readonly logger: Logger
  /** A worker thread that does not answer for so long is ended. Milliseconds. */
  readonly hangMs: number
  snapshot(): Snapshot
  /** What the plugin does, besides answers. */
  onMessage(message: FromWorker): void
  /** How the plugin is; about twice a second. */
  onReport?(report: Report): void
  /** Told once when the thread is gone, or is ended because it hangs. */
  onGone(error: StreamerError): void
}

type Unnumbered<Message> = Message extends { readonly id: number } ? Omit<Message, 'id'> : never

/** A worker thread with a plugin in it. */
export class PluginWorker {
  counters: Counters = {}
  controls: PortableControls | undefined
  readonly #owner: WorkerOwner
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  readonly #pingMs: number
  readonly #pinging: NodeJS.Timeout
  #ended: Promise<void> | undefined
  /** It has said something: from then on it must answer. */
  #isListening = false
  #unanswered = 0
  #received = 0
  #lastId = 0
  /** Why it is of no use any more. */
  #failure: StreamerError | undefined
  #isGone = false

  constructor(setup: Omit<WorkerSetup, 'port'>, owner: WorkerOwner) {
    this.#owner = owner
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = new Worker(entry, {
      workerData: { ...setup, port: port2 } satisfies WorkerSetup,
      transferList: [port2],
      stdout: true,
      stderr: true,
      name: setup.name,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
      // The condition by which tests run on sources, which a worker thread cannot read.
      ...(isSource && { execArgv: [] })
    })
    port1.on('message', (message: FromWorker) => this.#onMessage(message))
    this.#worker.on('error', (error) => this.#fail(reasonOf(error)))
    this.#worker.on('exit', (code) => this.#onExit(code))
    forwardLines(this.#worker.stdout, (line) => owner.logger.info(line))
    forwardLines(this.#worker.stderr, (line) => owner.logger.warn(line))
    this.#pingMs = Math.min(pingMs, owner.hangMs / 5)
    this.#pinging = setInterval(() => this.#ping(), this.#pingMs)
  }

  post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#isGone) this.#port.postMessage(message, transfer as ArrayBuffer[])
  }

  /** Resolves with what the plugin gives; rejects with what it throws, or when the thread goes. */
  call(message: Unnumbered<ToWorker>): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      if (this.#isGone) return reject(this.#stopped())
      this.#waiting.set(id, { resolve, reject })
      this.post({ ...message, id } as ToWorker)
    })
  }

  /** Lets the plugin stop, and ends the thread. */
  end(): Promise<void> {
    this.#ended ??= this.#endGently()
    return this.#ended
  }

  async #endGently(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopMs)
    })
    const stopping = this.call({ type: 'stop' }).catch((error: unknown) => {
      if (!this.#isGone) this.#owner.logger.warn(`${this.#owner.who} threw in stop: ${messageOf(error)}`)
    })
    await Promise.race([stopping, late])
    clearTimeout(timer)
    await this.#terminate()
  }

  async #terminate(): Promise<void> {
    this.#isGone = true
    clearInterval(this.#pinging)
    this.#rejectAll(this.#stopped())
    await this.#worker.terminate()
    this.#port.close()
  }

  #rejectAll(reason: StreamerError): void {
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
  }

  #stopped(): StreamerError {
    return new StreamerError('ERR_STOPPED', `${this.#owner.who} was stopped`)
  }

  #ping(): void {
    // Pings, not time: while this thread was held up, or the whole machine slept, none was left unanswered.
    const limitMs = this.#isListening ? this.#owner.hangMs : beginMs
    if (this.#unanswered * this.#pingMs >= limitMs) {
      const seconds = limitMs / 1000
      const what = this.#isListening ? `did not answer for ${seconds} s` : `did not begin within ${seconds} s`
      this.#fail(`${what} and was ended${this.#isListening ? ': an endless loop?' : ''}`)
      this.#ended = this.#terminate()
      return
    }
    this.#unanswered++
    if (this.#isListening) this.post({ type: 'ping', snapshot: this.#owner.snapshot(), received: this.#received })
  }

  /** The last words of a thread may still be on their way when it has ended. */
  #onExit(code: number): void {
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port))
      this.#onMessage((last as { message: FromWorker }).message)
    if (this.#isGone) return
    this.#fail(`ended its thread (exit code ${code})`)
    this.#ended = this.#terminate()
  }

  /** Tells the owner, once; that will end the thread. */
  #fail(what: string): void {
    if (this.#isGone || this.#failure) return
    this.#failure = new StreamerError('ERR_PLUGIN_ISOLATED', `${this.#owner.who} ${what}`)
    this.#rejectAll(this.#failure)
    this.#owner.onGone(this.#failure)
  }

  #onMessage(message: FromWorker): void {
    if (this.#isGone) return
    this.#isListening = true
    this.#unanswered = 0
    this.#received++
    switch (message.type) {
      case 'hello':
        return
      case 'leaving':
        this.#fail(message.why)
        return
      case 'done': {
        const waiting = this.#waiting.get(message.id)
        this.#waiting.delete(message.id)
        if (message.error) waiting?.reject(errorOf(message.error))
        else waiting?.resolve(message.value)
        return
      }
      case 'report':
        this.counters = message.report.counters
        this.controls = message.report.controls
        this.#owner.onReport?.(message.report)
        return
      case 'log': {
        const logger = message.child.reduce((parent, name) => parent.child(name), this.#owner.logger)
        logger[message.level](message.message, message.fields)
        return
      }
      default:
        this.#owner.onMessage(message)
    }
  }
}

function reasonOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return `used more than ${heapMb} MiB of memory, pictures not counted`
  return `threw outside of any call: ${messageOf(error)}`
}
