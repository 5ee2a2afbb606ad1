import { resolve } from 'node:path'
import {
  type Counters,
  type EncodedFrame,
  type Logger,
  monotonicUs,
  type Source,
  type SourceRun,
  StreamerError,
  TroubleLog,
  withoutSecrets
} from '@streamer/core/plugin'
import { JpegSplitter, noCounts, type SplitterCounters } from '@streamer/jpeg-splitter'
import { CommandProcess, type Exit, LineLog, planLaunch, unguardedText } from '@streamer/subprocess'
import type { CommandOptions } from './config.js'

/** So much without a JPEG in it is no MJPEG; the head of a container or a chatty start is far below. */
const maxGarbageBytes = 1024 * 1024

/** What a source counts over all its runs. */
interface Totals extends SplitterCounters {
  starts: number
  bytes: number
}

/** A camera that is a command: each JPEG on its standard output is a frame. */
export class CommandSource implements Source {
  readonly #options: CommandOptions
  readonly #baseDir: string
  readonly #logger: Logger
  readonly #totals: Totals = { ...noCounts(), starts: 0, bytes: 0 }
  #current: CommandRun | undefined

  /** @param baseDir absolute path that `options.cwd` refers to. */
  constructor(options: CommandOptions, baseDir: string, logger: Logger) {
    this.#options = options
    this.#baseDir = baseDir
    this.#logger = logger
  }

  /**
   * Resolves when the command runs.
   * @throws TypeError when it runs already; StreamerError `ERR_SOURCE_NOT_FOUND` when there is no such program or folder, `ERR_SOURCE_FAILED` when the system
   *   refuses to start it, the reason of `run.signal` when that is aborted first, an `AbortError` when `stop` is called first.
   */
  async start(run: SourceRun): Promise<void> {
    const before = this.#current
    if (before && !before.isOver) throw new TypeError('source-command: start was called twice without stop')
    const current = new CommandRun(run, this.#options, this.#baseDir, this.#logger, this.#totals)
    this.#current = current
    await current.start(before)
  }

  async stop(): Promise<void> {
    await this.#current?.stop()
  }

  /**
   * `frames` and `bytes` (of standard output), `garbageBytes` outside of JPEGs, `truncated` and `oversized` JPEGs,
   * `droppedBytes` of these, `starts` of the command.
   */
  stats(): Counters {
    const { frames, bytes, garbageBytes, truncated, oversized, droppedBytes, starts } = this.#totals
    return { frames, bytes, garbageBytes, truncated, oversized, droppedBytes, starts }
  }
}

/** From one start to its end. */
class CommandRun {
  readonly #run: SourceRun
  readonly #options: CommandOptions
  readonly #baseDir: string
  readonly #logger: Logger
  readonly #splitter: JpegSplitter
  readonly #totals: Totals
  readonly #trouble: TroubleLog
  readonly #garbageAtStart: number
  /** That there are bytes between the pictures is said once a run: it may well be meant. */
  #saidGarbage = false
  /** The picture that has begun was said to be too large. */
  #saidTooLarge = false
  readonly #lines: LineLog
  #process: CommandProcess | undefined
  #before: CommandRun | undefined
  #sequence = 0
  /** Garbage of all runs when the last JPEG came. */
  #garbageBefore: number
  #label = ''
  #isOver = false
  #stopped: Promise<void> | undefined
  readonly #onAbort = (): void => {
    void this.stop()
  }

  constructor(run: SourceRun, options: CommandOptions, baseDir: string, logger: Logger, totals: Totals) {
    this.#run = run
    this.#options = options
    this.#baseDir = baseDir
    this.#logger = logger
    this.#totals = totals
    this.#garbageBefore = totals.garbageBytes
    this.#garbageAtStart = totals.garbageBytes
    this.#splitter = new JpegSplitter({
      maxFrameBytes: options.maxFrameBytes,
      counters: totals,
      onJpeg: (data, width, height, arrivedUs) => this.#push(data, width, height, arrivedUs)
    })
    this.#trouble = new TroubleLog(logger)
    this.#lines = new LineLog(logger)
  }

  /** Nothing of the command is of interest any more: it failed, or it is being stopped. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @param before whose end is waited for. */
  async start(before: CommandRun | undefined): Promise<void> {
    this.#before = before
    this.#run.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (this.#run.signal.aborted) this.#onAbort()
    try {
      await before?.stop()
      this.#before = undefined
      this.#throwIfOver()
      const { command, shell, env, interruptTimeoutMs, terminateTimeoutMs } = this.#options
      const cwd = resolve(this.#baseDir, this.#options.cwd)
      const launch = await planLaunch({ part: 'source-command', command: command ?? shell ?? '', cwd, env })
      this.#throwIfOver()
      if (!launch.guarded) this.#logger.warn(`source-command: ${unguardedText}`)
      this.#label = launch.label
      this.#logger.debug(`source-command: starting ${withoutSecrets(launch.line)}`)
      this.#totals.starts++
      this.#process = new CommandProcess(launch, {
        output: (chunk) => this.#read(chunk),
        onError: (chunk) => this.#lines.push(chunk),
        interruptTimeoutMs,
        terminateTimeoutMs,
        onEnd: (exit) => this.#end(exit)
      })
      await this.#process.start()
      this.#throwIfOver()
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#leave()
    await this.#before?.stop()
    const isGone = (await this.#process?.stop()) ?? true
    if (!isGone) this.#logger.warn(`source-command: ${this.#label} did not end on SIGKILL; it hangs in the kernel`)
    this.#lines.close()
  }

  #push(data: Buffer, width: number, height: number, timestampUs: number): void {
    if (this.#isOver) return
    this.#garbageBefore = this.#totals.garbageBytes
    const frame: EncodedFrame = {
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: this.#sequence++,
      timestampUs,
      width,
      height,
      data
    }
    this.#run.push(frame)
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return
    this.#totals.bytes += chunk.length
    const { truncated, oversized } = this.#totals
    this.#splitter.push(chunk, monotonicUs())
    if (this.#totals.truncated > truncated) {
      this.#trouble.warn('source-command: dropped a JPEG that is cut off or broken')
    }
    if ((this.#totals.oversized > oversized || this.#splitter.isTooLarge) && !this.#saidTooLarge) {
      this.#trouble.warn(`source-command: dropped a JPEG of more than ${this.#options.maxFrameBytes} bytes`)
    }
    this.#saidTooLarge = this.#splitter.isTooLarge
    if (this.#totals.garbageBytes > this.#garbageAtStart && this.#sequence > 0 && !this.#saidGarbage) {
      this.#saidGarbage = true
      this.#logger.info(
        `source-command: ${this.#label} writes more than JPEGs (a multipart stream, or messages among them); the rest is passed over`
      )
    }
    if (this.#totals.garbageBytes - this.#garbageBefore > maxGarbageBytes) {
      const text = `source-command: ${this.#label} wrote more than ${maxGarbageBytes} bytes without a JPEG in them`
      this.#fail(new StreamerError('ERR_SOURCE_OUTPUT', text))
    }
  }

  #end(exit: Exit): void {
    this.#lines.close()
    if (this.#isOver) return
    const { truncated } = this.#totals
    this.#splitter.end()
    const where = this.#totals.truncated > truncated ? ', in the middle of a picture' : ''
    const lines = this.#lines.last
    const lastLine = lines.at(-1)
    const how = exit.signal ? `was ended by ${exit.signal}` : `ended with exit code ${exit.code}`
    const text = `source-command: ${this.#label} ${how}${where}${lastLine ? `: ${lastLine}` : ''}`
    const cause = lines.length > 1 ? { cause: new Error(lines.join('\n')) } : {}
    this.#fail(new StreamerError('ERR_SOURCE_ENDED', text, cause))
  }

  #fail(error: Error): void {
    this.#leave()
    this.#run.fail(error)
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#run.signal.removeEventListener('abort', this.#onAbort)
    this.#trouble.close()
    this.#splitter.reset()
  }

  #throwIfOver(): void {
    if (!this.#isOver) return
    this.#run.signal.throwIfAborted()
    throw new DOMException('The source was stopped while it was starting', 'AbortError')
  }
}
