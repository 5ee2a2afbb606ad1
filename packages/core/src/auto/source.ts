import { Border } from '../border/border.js'
import { ofCore } from '../border/of-core.js'
import { GuardedSource, type GuardedSourceRun } from '../border/source.js'
import { loggable } from '../failure.js'
import {
  type Controls,
  type Counters,
  type Detection,
  Lifecycle,
  type Logger,
  messageOf,
  monotonicUs,
  type Source,
  StreamerError,
  TroubleLog
} from '../plugin/index.js'
import type { Supervision } from '../supervision.js'
import { askWithin, untilAborted } from './ask.js'
import type { LeftOut } from './candidates.js'
import { Turn } from './turn.js'

/** A source that can be chosen. */
export interface Offer {
  readonly use: string
  readonly source: Source
  /** Says whether there is something to capture from; without it, there is. */
  detect?(signal: AbortSignal): Promise<Detection>
}

export interface AutoSourceParts {
  /** In the order in which they are asked, one or more. The last one is taken unasked. */
  readonly offers: readonly Offer[]
  /** Whether the last offer needs no camera: it only stands in until there is one. */
  readonly hasStandIn: boolean
  readonly leftOut: readonly LeftOut[]
}

interface GuardedOffer extends Offer {
  readonly source: GuardedSource
}

/** What an offer was chosen for. */
interface Choice {
  readonly offer: GuardedOffer
  /** What it captures from. */
  readonly what: string
  /** Why it was none of those before. */
  readonly reason: string
}

/**
 * The source behind `use: auto`: the first of several that finds a camera, or else the last one, which shows a test picture. A camera that was found and has
 * started is kept: when it is lost, it is started again like any other. While the test picture is shown, it looks for a camera again and again, and goes over
 * to it within the same run.
 */
export class AutoSource implements Source {
  readonly [ofCore] = true
  readonly controls: Controls = {
    list: () => this.#current?.source.controls?.list() ?? [],
    values: () => this.#current?.source.controls?.values() ?? {},
    set: async (values) => {
      const controls = this.#current?.source.controls
      if (controls) return controls.set(values)
      const who = this.#current ? `source "${this.#current.use}"` : 'source "auto"'
      throw new StreamerError('ERR_CONTROL_INVALID', `${who} has no controls`)
    }
  }
  readonly #offers: readonly GuardedOffer[]
  readonly #standIn: GuardedOffer | undefined
  readonly #leftOut: readonly LeftOut[]
  readonly #logger: Logger
  readonly #supervision: Supervision
  readonly #lifecycle = new Lifecycle('source-auto', () => this.#close())
  /** Found, and started once: it is not asked for any more. */
  #camera: GuardedOffer | undefined
  /** Whose controls and counters count: what runs, or ran last, or was found. */
  #current: GuardedOffer | undefined
  /** What `prepare` found, for the first start. */
  #prepared: { readonly choice: Choice; readonly atUs: number } | undefined
  #looking: { readonly signal: AbortSignal; readonly choice: Promise<Choice> } | undefined
  #said = ''
  #saidTrouble = ''
  /** What gives the frames. */
  #turn: Turn | undefined
  /** A camera that is starting while the test picture is still shown. */
  #nextTurn: Turn | undefined
  #leaving: Promise<void> = Promise.resolve()
  #searchTimer: NodeJS.Timeout | undefined
  #searching: Promise<void> = Promise.resolve()

  constructor({ offers, hasStandIn, leftOut }: AutoSourceParts, logger: Logger, supervision: Supervision) {
    const trouble = new TroubleLog(logger)
    // Each is guarded by itself, so that it is named by itself, and nothing that is no frame looks like a camera that has started.
    this.#offers = offers.map((offer) => ({
      ...offer,
      source: new GuardedSource(offer.source, new Border(`the source "${offer.use}"`, trouble, supervision.slowCallMs))
    }))
    this.#standIn = hasStandIn ? this.#offers.at(-1) : undefined
    this.#leftOut = leftOut
    this.#logger = logger
    this.#supervision = supervision
  }

  /** Looks for a camera and says what it found; the first start need not look again. Then the source that was found may prepare itself. */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#lifecycle.isRunning) return
    if (!this.#camera) {
      const choice = await this.#look(signal)
      this.#settleOn(choice)
      if (!this.#lifecycle.isRunning) this.#prepared = { choice, atUs: monotonicUs() }
    }
    await this.#current?.source.prepare(signal)
  }

  /** @throws what the source that was chosen throws. */
  start(run: GuardedSourceRun): Promise<void> {
    return this.#lifecycle.start(run, (signal) => this.#open(run, signal))
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  stats(): Counters {
    return this.#current?.source.stats() ?? {}
  }

  async #open(run: GuardedSourceRun, signal: AbortSignal): Promise<void> {
    const offer = this.#camera ?? (await this.#choose(signal))
    this.#turn = new Turn(offer.source, run)
    await this.#turn.start(signal)
    if (offer !== this.#standIn) this.#camera = offer
    else if (this.#offers.length > 1) this.#searchLater(run, signal)
  }

  async #close(): Promise<void> {
    clearTimeout(this.#searchTimer)
    const turns = [this.#turn, this.#nextTurn]
    this.#turn = undefined
    this.#nextTurn = undefined
    const results = await Promise.allSettled([...turns.map((turn) => turn?.end()), this.#leaving, this.#searching])
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #choose(signal: AbortSignal): Promise<GuardedOffer> {
    const prepared = this.#prepared
    this.#prepared = undefined
    const isFresh = prepared && monotonicUs() - prepared.atUs < this.#supervision.detectAgainMs * 1000
    const isCamera = prepared && prepared.choice.offer !== this.#standIn
    const choice = prepared && (isCamera || isFresh) ? prepared.choice : await this.#look(signal)
    this.#settleOn(choice)
    return choice.offer
  }

  /** The same is said once. */
  #settleOn({ offer, what, reason }: Choice): void {
    this.#current = offer
    const isStandIn = offer === this.#standIn && reason !== ''
    const text = isStandIn
      ? `no camera found: showing the test camera (${reason}; "streamer doctor" tells more)`
      : `using ${what}`
    if (text === this.#said) return
    this.#said = text
    this.#logger[isStandIn ? 'warn' : 'info'](text)
  }

  /** Asks all of them; whoever wants to know meanwhile gets the same answer. */
  #look(signal: AbortSignal): Promise<Choice> {
    const known = this.#looking
    if (known && !known.signal.aborted) return untilAborted(known.choice, signal)
    const looking = { signal, choice: this.#askAll(signal) }
    this.#looking = looking
    const forget = () => {
      if (this.#looking === looking) this.#looking = undefined
    }
    looking.choice.then(forget, forget)
    return looking.choice
  }

  async #askAll(signal: AbortSignal): Promise<Choice> {
    const passed = [...this.#leftOut]
    const { detectTimeoutMs } = this.#supervision
    for (const offer of this.#offers.slice(0, -1)) {
      const answer = offer.detect
        ? await askWithin(detectTimeoutMs, signal, (asked) =>
            offer.source.border.run('detect', async () => offer.detect?.(asked))
          )
        : { found: true as const, what: offer.use }
      if (answer.found) return { offer, what: answer.what, reason: reasonOf(passed) }
      passed.push({ use: offer.use, reason: answer.reason })
    }
    const last = this.#offers.at(-1) as GuardedOffer
    return { offer: last, what: last.use, reason: reasonOf(passed) }
  }

  #searchLater(run: GuardedSourceRun, signal: AbortSignal): void {
    this.#searchTimer = setTimeout(() => {
      this.#searching = this.#search(run, signal).catch((error: unknown) => {
        const message = messageOf(error)
        if (signal.aborted || message === this.#saidTrouble) return
        this.#saidTrouble = message
        this.#logger.warn(message)
      })
      this.#searching.finally(() => {
        if (!this.#camera && !signal.aborted) this.#searchLater(run, signal)
      })
    }, this.#supervision.detectAgainMs)
  }

  /** The test picture is shown until the camera gives its first frame or says that it has started. */
  async #search(run: GuardedSourceRun, signal: AbortSignal): Promise<void> {
    const choice = await this.#look(signal)
    if (choice.offer === this.#standIn || signal.aborted) return
    const turn = new Turn(choice.offer.source, run, () => this.#takeOver(turn, choice))
    this.#nextTurn = turn
    try {
      await turn.start(signal)
    } catch (error) {
      if (signal.aborted) return
      if (this.#turn === turn) return run.fail(error as Error)
      this.#nextTurn = undefined
      await turn.end().catch(() => {})
      const message = `found ${choice.what}, but it does not start: ${messageOf(error)}; showing the test camera until it does`
      throw new StreamerError('ERR_SOURCE_FAILED', message)
    }
  }

  #takeOver(turn: Turn, choice: Choice): void {
    const before = this.#turn
    this.#turn = turn
    this.#nextTurn = undefined
    this.#camera = choice.offer
    this.#settleOn(choice)
    this.#leaving = Promise.resolve(before?.end()).catch((error: unknown) =>
      this.#logger.error('the test camera threw while it was stopped', { error: loggable(error) })
    )
  }
}

/** `no camera is connected`, with names where several have something to say. */
function reasonOf(passed: readonly LeftOut[]): string {
  return passed.map(({ use, reason }) => (passed.length === 1 ? reason : `${use}: ${reason}`)).join('; ')
}
