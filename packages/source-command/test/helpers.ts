import { type EncodedFrame, type Frame, type Logger, type SourceRun, silentLogger } from '@streamer/core/plugin'
import command, { configSchema } from '../src/index.js'

export * from '../../subprocess/test/helpers.js'

/** Stands in for the core's side of a run: keeps frames and failures. */
export class StandInRun implements SourceRun {
  readonly abort = new AbortController()
  readonly signal = this.abort.signal
  readonly frames: EncodedFrame[] = []
  readonly failures: Error[] = []
  readonly #wakers = new Set<() => void>()

  push(frame: Frame): void {
    this.frames.push(frame as EncodedFrame)
    this.#wake()
  }

  fail(error: Error): void {
    this.failures.push(error)
    this.#wake()
  }

  /** Resolves when there are `count` frames; rejects with a failure that comes first. */
  async gets(count: number): Promise<EncodedFrame[]> {
    await this.#until(() => this.frames.length >= count || this.failures.length > 0)
    if (this.frames.length < count) throw this.failures[0]
    return this.frames
  }

  async fails(): Promise<Error> {
    await this.#until(() => this.failures.length > 0)
    return this.failures[0]!
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
  }

  #wake(): void {
    for (const waker of this.#wakers) waker()
    this.#wakers.clear()
  }
}

export function makeSource(options: unknown, logger: Logger = silentLogger, baseDir = process.cwd()) {
  const host = { version: '0', startedAtMs: 0, streams: new Map(), transports: () => [], disconnect: () => false }
  return command.create(configSchema.parse(options), { name: 'command', logger, host, baseDir })
}
