import { compose, type Logger, loadConfig, SOURCE, type Streamer, silentLogger } from '@streamer/core'
import { monotonicUs, type Source, type SourceRun, StreamerError } from '@streamer/core/plugin'
import { JpegSplitter } from '@streamer/jpeg-splitter'
import type { ReceivedFrame } from '@streamer/receiver'
import { resolveFrom } from '../shipped.js'

/** Received frames as the source of a stream. */
class ReceiverSource implements Source {
  #run: SourceRun | undefined
  /** Number of the first frame of a run. */
  #first: number | undefined
  #size: { readonly width: number; readonly height: number } | undefined
  readonly #splitter = new JpegSplitter({
    onJpeg: (_, width, height) => {
      this.#size = { width, height }
    }
  })

  async start(run: SourceRun): Promise<void> {
    this.#run = run
    this.#first = undefined
  }

  async stop(): Promise<void> {
    this.#run = undefined
  }

  push({ data, sequence, ageMs = 0 }: ReceivedFrame): void {
    if (!this.#run) return
    this.#size = undefined
    this.#splitter.push(Buffer.from(data.buffer, data.byteOffset, data.length))
    this.#splitter.reset()
    // One that looks like a JPEG at both ends and is none.
    if (!this.#size) return
    this.#first ??= sequence
    const timestampUs = monotonicUs() - Math.round(ageMs * 1000)
    this.#run.push({
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      data,
      sequence: sequence - this.#first,
      timestampUs,
      ...(this.#size as { width: number; height: number })
    })
  }

  /** Viewers are shown why nothing comes. */
  fail(reason: string): void {
    this.#run?.fail(new StreamerError('ERR_RECEIVE', reason))
  }
}

/** The stream on a page in the browser, with all that our own HTTP transport has: snapshots, state, many viewers. */
export class Relay {
  readonly #streamer: Streamer
  readonly #source: ReceiverSource

  private constructor(streamer: Streamer, source: ReceiverSource) {
    this.#streamer = streamer
    this.#source = source
  }

  /**
   * Resolves when it listens.
   * @param say takes warnings.
   * @throws StreamerError `ERR_LISTEN`
   */
  static async start(host: string, port: number, say: (text: string) => void): Promise<Relay> {
    const source = new ReceiverSource()
    const transports = [{ use: 'http', port, host }]
    const loaded = await loadConfig({
      // The receiver looks after itself, and is there whether anybody watches or not.
      config: { transports, linger: 'always', watchdog: 0 },
      cwd: process.cwd(),
      resolveFrom,
      replaced: new Set(['source'] as const)
    })
    const logger: Logger = { ...silentLogger, error: say, child: () => logger }
    const streamer = await compose(loaded, { logger, override: [[SOURCE, source]] })
    try {
      await streamer.start()
    } catch (error) {
      await streamer.stop()
      throw error
    }
    return new Relay(streamer, source)
  }

  get urls(): readonly string[] {
    return this.#streamer.urls
  }

  push(frame: ReceivedFrame): void {
    this.#source.push(frame)
  }

  fail(reason: string): void {
    this.#source.fail(reason)
  }

  stop(): Promise<void> {
    return this.#streamer.stop()
  }
}
