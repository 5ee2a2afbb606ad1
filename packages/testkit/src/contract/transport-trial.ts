import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type Run, type Transport, transportSupports } from '@streamer/core/plugin'
import type { ContractClient, TransportFixture } from '../fixtures.js'
import { ContractStream } from './contract-stream.js'
import { contextOf, fixtureOptions, inEmptyFolder } from './make-plugin.js'
import { isBeyondNode, OpenResources } from './open-resources.js'
import { picture } from './pictures.js'
import type { Rule } from './rules.js'
import { defaultLimitMs, within } from './within.js'

/** How long an unreliable transport may lose frames until the next one is published. Milliseconds; only a pace. */
const paceMs = 10
/** Frames that are remembered to tell what a client should have got. */
const remembered = 1024

export type Check = (trial: TransportTrial) => Promise<void>

/** Makes a rule of a check, which gets a trial with streams of these names; by default there is one. */
export type Declare = (group: string, name: string, check: Check, streams?: readonly string[]) => Rule

/** A run of a transport, as the core would give it. */
export class TrialRun implements Run {
  readonly #controller = new AbortController()
  readonly signal: AbortSignal = this.#controller.signal
  readonly failures: Error[] = []
  readonly fail = (error: Error): void => void this.failures.push(error)

  abort(): void {
    this.#controller.abort(new Error('the contract aborted the start'))
  }
}

/** One transport on trial for one rule: makes it, gives it frames, connects clients, and clears everything away. */
export class TransportTrial {
  readonly supports: ReturnType<typeof transportSupports>
  readonly streams: ReadonlyMap<string, ContractStream>
  readonly resources = new OpenResources()
  readonly limitMs: number
  readonly run = new TrialRun()
  readonly #fixture: TransportFixture
  readonly #folder: string
  readonly #transports: Transport[] = []
  readonly #clients: ContractClient[] = []
  /** What was published, as it was: the newest ones, by the hashes of their bytes. */
  readonly #published = new Set<string>()
  #number = 0

  private constructor(fixture: TransportFixture, folder: string, names: readonly string[]) {
    this.#fixture = fixture
    this.#folder = folder
    this.supports = transportSupports(fixture.plugin.supports)
    this.limitMs = fixture.limitMs ?? defaultLimitMs
    this.streams = new Map(names.map((name) => [name, new ContractStream(name)]))
  }

  /** Runs `body` with a trial of its own. */
  static async of(
    fixture: TransportFixture,
    body: (trial: TransportTrial) => Promise<void>,
    names: readonly string[] = ['front']
  ): Promise<void> {
    await inEmptyFolder(async (folder) => {
      const trial = new TransportTrial(fixture, folder, names)
      try {
        await body(trial)
      } finally {
        await trial.#clear()
      }
    })
  }

  /** The default stream. */
  get stream(): ContractStream {
    return this.streams.values().next().value!
  }

  /** A transport that was not started. */
  async make(port = 0): Promise<Transport> {
    const { plugin } = this.#fixture
    const options = await fixtureOptions(plugin, this.#fixture.options(port))
    const context = contextOf(plugin.name, this.#folder, this.streams)
    const transport = this.resources.run(() => plugin.create(options as never, context))
    this.#transports.push(transport)
    return transport
  }

  /** Starts a transport; resolves with its addresses. */
  start(transport: Transport, run: Run = this.run): Promise<readonly string[]> {
    return within(
      this.limitMs,
      'start()',
      this.resources.run(async () => transport.start(run, this.streams))
    )
  }

  stop(transport: Transport): Promise<void> {
    return within(
      this.limitMs,
      'stop()',
      this.resources.run(async () => transport.stop())
    )
  }

  /** One that serves. */
  async serving(): Promise<{ readonly transport: Transport; readonly urls: readonly string[] }> {
    const transport = await this.make()
    const urls = await this.start(transport)
    return { transport, urls }
  }

  /** Connects a client and waits until it is subscribed. */
  async connect(urls: readonly string[], stream: ContractStream = this.stream): Promise<ContractClient> {
    const before = stream.opened
    const client = await within(this.limitMs, 'connect() of the fixture', this.#fixture.connect(urls, stream.name))
    this.#clients.push(client)
    const isServed = ({ opened, demand }: ContractStream) => (this.supports.clients ? opened > before : demand > 0)
    const deed = `a subscription to the stream "${stream.name}" after a client connected`
    await within(this.limitMs, deed, stream.until(isServed))
    return client
  }

  /** Lets a client go. */
  async disconnect(client: ContractClient): Promise<void> {
    await within(this.limitMs, 'close() of the client', client.close())
  }

  /** Resolves when nobody is subscribed; frames go on meanwhile, since some clients are only seen to be gone when something is sent to them. */
  async released(): Promise<void> {
    const timer = setInterval(() => this.publish(), paceMs)
    try {
      const gone = this.stream.until(({ demand }) => demand === 0)
      await within(this.limitMs, 'the end of the subscription after its client went', gone)
    } finally {
      clearInterval(timer)
    }
  }

  /** Publishes a frame that nobody has seen. @param size in bytes. */
  publish(size = 2000, stream = this.stream): Buffer {
    const data = picture(++this.#number, size)
    this.#published.add(hashOf(data))
    if (this.#published.size > remembered) this.#published.delete(this.#published.values().next().value!)
    this.resources.run(() => stream.publish(data))
    assert.equal(stream.thrown, undefined, `onFrame threw ${String(stream.thrown)}`)
    return data
  }

  /** Publishes without keeping a copy, for many large frames. */
  publishUnseen(data: Uint8Array): void {
    this.resources.run(() => this.stream.publish(data))
  }

  /** The next frame that a client gets, which must be one that was published. */
  async next(client: ContractClient): Promise<Buffer> {
    const frame = Buffer.from(await within(this.limitMs, 'a frame for a client', client.next()))
    const known = this.#published.has(hashOf(frame))
    assert.ok(known, `a client got ${frame.length} bytes that are no frame that was published`)
    return frame
  }

  /** Publishes a frame and waits until a client has it; an unreliable transport gets others until one arrives. */
  async deliver(client: ContractClient, size = 2000, stream = this.stream): Promise<void> {
    if (!this.supports.reliable) return this.#deliverAny(client, size, stream)
    const frame = Buffer.from(this.publish(size, stream))
    // A transport may show what it has: the last frame to a new client, or one twice.
    while (!frame.equals(await this.next(client))) {}
  }

  async #deliverAny(client: ContractClient, size: number, stream: ContractStream): Promise<void> {
    const frames: Buffer[] = [Buffer.from(this.publish(size, stream))]
    const timer = setInterval(() => frames.push(Buffer.from(this.publish(size, stream))), paceMs)
    try {
      for (;;) {
        const got = await this.next(client)
        if (frames.some((frame) => frame.equals(got))) return
      }
    } finally {
      clearInterval(timer)
    }
  }

  /** What is open although everything was stopped; clients of the fixture do not count. */
  async assertNothingOpen(when: string): Promise<void> {
    let open = await this.resources.stillOpen()
    // A client may have files open that cannot be told from the plugin's; they go with it. Connections of the plugin's would go, too.
    if (open.every(isBeyondNode)) {
      await this.#closeClients()
      open = await this.resources.stillOpen()
    }
    assert.deepEqual(open, [], `${when} there is still open: ${open.join('; ')}`)
  }

  async #closeClients(): Promise<void> {
    for (const client of this.#clients.splice(0)) {
      await (async () => within(this.limitMs, 'close()', client.close()))().catch(() => {})
    }
  }

  /** Whatever a broken plugin does must not reach the next rule. */
  async #clear(): Promise<void> {
    this.run.abort()
    await this.#closeClients()
    for (const transport of this.#transports) await this.stop(transport).catch(() => {})
    this.resources.close()
  }
}

function hashOf(frame: Uint8Array): string {
  return createHash('sha1').update(frame).digest('base64')
}

/** Settles with the error that `work` rejects with; undefined when it resolves. */
export async function rejection(work: Promise<unknown>): Promise<Error | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
