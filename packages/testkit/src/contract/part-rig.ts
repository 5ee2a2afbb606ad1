import { setTimeout as pause } from 'node:timers/promises'
import { type Controls, type Counters, type Frame, messageOf, type Run } from '@streamer/core/plugin'
import type { OpenResources } from './open-resources.js'
import { RecordedRun, type Take } from './part-run.js'
import { within } from './within.js'

/** What sources and encoders have in common. */
export interface Part {
  start(run: Run): Promise<void>
  stop(): Promise<void>
  readonly controls?: Controls | undefined
  stats?(): Counters
}

/** How a rig is made. */
export interface RigOptions {
  readonly kind: 'source' | 'encoder'
  readonly limitMs: number
  /** Notes what the part opens. Closed by whoever made it. */
  readonly resources: OpenResources | undefined
}

/** Gives `body` a part of its own, and clears up behind both. */
export type WithRig<Rig, More = unknown> = (
  body: (rig: Rig) => Promise<void>,
  options?: { readonly watch?: boolean } & More
) => Promise<void>

/** The times of silence that count: shorter ones say nothing on a busy machine, longer ones nothing more. */
const shortestSilenceMs = 10
const longestSilenceMs = 700

/** One part as the core has it, with what its calls give kept, limited in time, and told in a sentence when it is wrong. */
export abstract class PartRig<F extends Frame, P extends Part = Part> {
  readonly kind: RigOptions['kind']
  readonly #make: () => P
  #part: P | undefined
  readonly #limitMs: number
  readonly #resources: OpenResources | undefined
  protected readonly runs: Array<RecordedRun<F>> = []

  /** @param make makes the part; called when it is first asked for. */
  constructor({ kind, limitMs, resources }: RigOptions, make: () => P) {
    this.kind = kind
    this.#limitMs = limitMs
    this.#resources = resources
    this.#make = make
  }

  get part(): P {
    this.#part ??= this.enter(this.#make)
    return this.#part
  }

  /** Resolves when the part has pushed `count` frames more. */
  abstract gives(run: RecordedRun<F>, count: number): Promise<void>

  /** Gives the part a reason to push a frame: an encoder gets one. */
  abstract stir(): void

  /** Lets the part look around before its first start, if it does such a thing. */
  async lookAround(): Promise<void> {
    // Only sources do.
  }

  /** What a run does with frames when nobody looks at them. */
  protected abstract readonly take: Take<F>

  /** What the part took for a frame so far, at most. Milliseconds. */
  protected abstract readonly frameMs: number

  /** Adds what the run of this kind of part has besides. */
  protected startPart(run: RecordedRun<F>): Promise<void> {
    return this.part.start(run)
  }

  /** Calls the plugin, whose doings are watched if anybody wants to know. */
  enter<T>(body: () => T): T {
    return this.#resources ? this.#resources.run(body) : body()
  }

  /** @throws Error when `work` takes too long. */
  within<T>(deed: string, work: Promise<T>): Promise<T> {
    return within(this.#limitMs, deed, work)
  }

  newRun(take: Take<F> = this.take): RecordedRun<F> {
    const run = new RecordedRun<F>(take)
    this.runs.push(run)
    return run
  }

  /** Calls `start` and does not wait for it. `done` never rejects: it gives what `start` rejected with. */
  begin(run: RecordedRun<F> = this.newRun()): { readonly run: RecordedRun<F>; readonly done: Promise<Outcome> } {
    // The core takes what is thrown at once for a rejection, too.
    const starting = (async () => this.enter(() => this.startPart(run)))()
    const done = starting.then(
      (): Outcome => ({ started: true }),
      (error: unknown): Outcome => ({ started: false, error })
    )
    return { run, done }
  }

  /** @throws Error when it does not start. */
  async start(take?: Take<F>): Promise<RecordedRun<F>> {
    const { run, done } = this.begin(this.newRun(take))
    const outcome = await this.within('start()', done)
    if (!outcome.started) throw new Error(`the ${this.kind} did not start: ${messageOf(outcome.error)}`)
    return run
  }

  /** @throws Error when it does not stop. */
  async stop(): Promise<void> {
    await this.within(
      'stop()',
      (async () => this.enter(() => this.part.stop()))().catch((error: unknown) => {
        throw new Error(`stop() of the ${this.kind} rejected: ${messageOf(error)}`)
      })
    )
  }

  /** Waits for one thing that happens in a run. @throws Error when the run fails first, or it takes too long. */
  async until(run: RecordedRun<F>, deed: string, isDone: () => boolean): Promise<void> {
    await this.within(
      deed,
      run.until(() => isDone() || run.failures.length > 0)
    )
    if (!isDone()) throw new Error(`the ${this.kind} failed while it was running: ${messageOf(run.failures[0])}`)
  }

  /** Waits as long as the part takes for several frames, and gives it reasons to push some. */
  async silence(): Promise<void> {
    for (let times = 0; times < 3; times++) {
      this.stir()
      await this.pause()
    }
  }

  /** Waits as long as the part takes for a frame. */
  async pause(): Promise<void> {
    await pause(Math.min(Math.max(this.frameMs, shortestSilenceMs), longestSilenceMs))
  }

  /** @throws Error when something that the part opened is still open after `deed`. */
  async assertClosed(deed: string): Promise<void> {
    const open = (await this.#resources?.stillOpen()) ?? []
    if (open.length > 0) throw new Error(`after ${deed} the ${this.kind} still has open: ${open.join('; ')}`)
  }

  /** Ends whatever is still going on. What goes wrong then is the business of other rules. */
  async dispose(): Promise<void> {
    for (const run of this.runs) run.abort()
    if (this.#part) await this.stop().catch(() => {})
  }
}

/** What came of a start. */
export type Outcome = { readonly started: true } | { readonly started: false; readonly error: unknown }

/** Frames that are pushed from now on are a break of the contract. */
export function silentFrom<F extends Frame>(run: RecordedRun<F>, kind: string, deed: string): () => void {
  const { count } = run
  return () => {
    if (run.count > count) throw new Error(`the ${kind} pushed a frame after ${deed}`)
  }
}
