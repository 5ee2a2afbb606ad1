import { loggable } from './failure.js'
import type { Logger } from './plugin/index.js'

/** When the core steps in for a part. Milliseconds throughout. */
export interface Supervision {
  /** Pause before the first restart; doubles with each further failure. Default 500. */
  readonly backoffMinMs: number
  /** The longest pause between restarts. Default 30 000. */
  readonly backoffMaxMs: number
  /** A part that ran this long without a failure begins with the shortest pause again. Default 30 000. */
  readonly healthyMs: number
  /** While the source is silent, clients see something again this often. Default 1000: Home Assistant gives up after 10 s without data. */
  readonly repeatMs: number
  /** How long after the last real frame "no signal" takes the place of the repeated last frame, once the source has failed. Default 3000. */
  readonly noSignalAfterMs: number
  /**
   * What a source may take to start before it counts as failed, for the watchdog counts from its start on. Default 120 000: the first start of a camera may
   * compile a program, which takes a Raspberry Pi up to a minute.
   */
  readonly startTimeoutMs: number
  /** `use: auto` looks for a camera again this often while the test camera stands in for one. Default 30 000. */
  readonly detectAgainMs: number
  /** What a source may take to say whether there is a camera. Default 10 000. */
  readonly detectTimeoutMs: number
  /** What a part may take to stop before it is given up. Default 1500, so that the program ends within 2 s. */
  readonly stopTimeoutMs: number
  /** What a transport may take to start before it counts as failed. Default 30 000. */
  readonly transportStartTimeoutMs: number
  /** A call into a plugin that holds this thread for longer is told: all parts share it. Default 250. */
  readonly slowCallMs: number
  /** A plugin in a thread of its own (`isolate: true`) that does not answer for so long is ended. Default 5000. */
  readonly hangMs: number
}

/** The pauses and limits of a server. */
export const defaultSupervision: Supervision = {
  backoffMinMs: 500,
  backoffMaxMs: 30_000,
  healthyMs: 30_000,
  repeatMs: 1000,
  noSignalAfterMs: 3000,
  startTimeoutMs: 120_000,
  detectAgainMs: 30_000,
  detectTimeoutMs: 10_000,
  stopTimeoutMs: 1500,
  transportStartTimeoutMs: 30_000,
  slowCallMs: 250,
  hangMs: 5000
}

/** Pauses between restarts: doubling from the shortest to the longest, anew after a time of health. */
export class Backoff {
  readonly #supervision: Supervision
  #nextMs: number

  constructor(supervision: Supervision) {
    this.#supervision = supervision
    this.#nextMs = supervision.backoffMinMs
  }

  /**
   * The pause before the next restart.
   * @param ranMs how long the part ran before it failed.
   */
  next(ranMs: number): number {
    const { backoffMinMs, backoffMaxMs, healthyMs } = this.#supervision
    if (ranMs >= healthyMs) this.#nextMs = backoffMinMs
    const pauseMs = this.#nextMs
    this.#nextMs = Math.min(pauseMs * 2, backoffMaxMs)
    return pauseMs
  }
}

/** Resolves after `ms`, or at once when `signal` is aborted. Never rejects and leaves no timer. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}

/**
 * Stops a part, and waits for it no longer than the stop time-out; what goes wrong is logged.
 * @param who begins each message, with a space after it: `the source `; nothing where the logger tells whose it is.
 */
export async function stopInTime(
  part: { stop(): Promise<void> },
  who: string,
  { stopTimeoutMs }: Supervision,
  logger: Logger
): Promise<void> {
  const stopped = await settledWithin(
    () => part.stop(),
    stopTimeoutMs,
    (error) => logger.error(`${who}threw while it was stopped`, { error: loggable(error) })
  )
  if (!stopped) logger.error(`${who}did not stop within ${stopTimeoutMs} ms; going on without waiting for it`)
}

/** Whether `work` was settled within `ms`; its rejection counts as settled and is given to `onError`. */
export async function settledWithin(
  work: () => Promise<unknown>,
  ms: number,
  onError: (error: unknown) => void
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  const done = (async () => {
    try {
      await work()
    } catch (error) {
      onError(error)
    }
    return true
  })()
  const settled = await Promise.race([done, late])
  clearTimeout(timer)
  return settled
}
