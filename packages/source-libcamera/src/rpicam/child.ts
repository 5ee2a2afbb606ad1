import { type Logger, messageOf, monotonicUs, StreamerError, TroubleLog } from '@streamer/core/plugin'
import { JpegSplitter, type SplitterCounters } from '@streamer/jpeg-splitter'
import { CommandProcess, type Exit, LineLog, unguardedText } from '@streamer/subprocess'
import type { LibcameraConfig } from '../config.js'
import { failureInLine, failureOf } from './failures.js'
import { MetadataPipe } from './metadata-pipe.js'
import { ladder, part, planRpicam, rpicamArguments } from './program.js'
import { SensorClock } from './sensor-clock.js'
import type { Settings } from './settings.js'

/** The descriptor after standard input, output and error. */
const metadataDescriptor = 3
/** So much without a JPEG in it is not what rpicam-vid writes. */
const maxGarbageBytes = 1024 * 1024

/** What a source counts over all its runs. */
export interface Totals extends SplitterCounters {
  /** Of rpicam-vid. */
  starts: number
  /** Read from its standard output. */
  bytes: number
  /** Frames whose time is that of the sensor. */
  sensorTimed: number
}

/** What is the same for every start of rpicam-vid. */
export interface Setup {
  readonly options: LibcameraConfig
  readonly baseDir: string
  readonly logger: Logger
  readonly totals: Totals
}

export interface ChildEvents {
  /** Takes a picture; `timestampUs` is the start of its exposure, or its arrival where that is not known. */
  onJpeg(data: Buffer, width: number, height: number, timestampUs: number): void
  /** Told once, and not after `stop`. */
  onFail(error: Error): void
}

/** One start of rpicam-vid, to its end. */
export class RpicamChild {
  readonly #setup: Setup
  readonly #events: ChildEvents
  readonly #clock: SensorClock
  readonly #splitter: JpegSplitter
  readonly #trouble: TroubleLog
  readonly #lines: LineLog
  #process: CommandProcess | undefined
  #label = ''
  /** When the newest bytes came. */
  #nowUs = 0
  #garbageBefore: number
  /** It failed, or was told to stop: whatever it says of its end is no news. */
  #isOver = false

  constructor(setup: Setup, events: ChildEvents) {
    this.#setup = setup
    this.#events = events
    this.#garbageBefore = setup.totals.garbageBytes
    this.#clock = new SensorClock(1e6 / setup.options.framerate)
    this.#splitter = new JpegSplitter({
      counters: setup.totals,
      onJpeg: (data, width, height, arrivedUs) => this.#take(data, width, height, arrivedUs)
    })
    this.#trouble = new TroubleLog(setup.logger)
    this.#lines = new LineLog(setup.logger, (line) => {
      const failure = failureInLine(this.#label, line)
      if (failure) this.#fail(failure)
    })
  }

  /**
   * Resolves when it runs, or `stop` was called meanwhile.
   * @throws StreamerError `ERR_SOURCE_NOT_FOUND` or `ERR_SOURCE_FAILED`
   */
  async start(camera: number, settings: Settings): Promise<void> {
    const { options, baseDir, logger, totals } = this.#setup
    const metadata = await this.#openMetadata()
    try {
      const descriptor = metadata ? metadataDescriptor : undefined
      const args = rpicamArguments(options, baseDir, camera, settings, descriptor)
      const launch = await planRpicam(options.rpicam, baseDir, args)
      if (this.#isOver) {
        metadata?.close()
        return
      }
      this.#label = launch.label
      if (!launch.guarded) logger.warn(`${part}: ${unguardedText}`)
      logger.debug(`${part}: starting ${launch.line}`)
      const child = new CommandProcess(launch, {
        ...ladder,
        output: (chunk) => this.#read(chunk),
        onError: (chunk) => this.#lines.push(chunk),
        extra: metadata ? [metadata.descriptor] : [],
        onEnd: (exit) => {
          metadata?.close()
          this.#end(exit)
        }
      })
      totals.starts++
      this.#process = child
      await child.start()
      metadata?.handOver()
    } catch (error) {
      this.#isOver = true
      metadata?.close()
      throw error
    }
  }

  /** Resolves when it is gone, with all that it wrote until then taken. */
  async stop(): Promise<void> {
    this.#isOver = true
    const isGone = (await this.#process?.stop()) ?? true
    if (!isGone) this.#setup.logger.warn(`${part}: ${this.#label} did not end on SIGKILL; it hangs in the kernel`)
    this.#trouble.close()
  }

  async #openMetadata(): Promise<MetadataPipe | undefined> {
    try {
      return await MetadataPipe.open((text) => this.#clock.push(text, monotonicUs()))
    } catch (error) {
      const why = messageOf(error)
      this.#setup.logger.warn(
        `${part}: frames carry the time of their arrival, not that of the sensor: no pipe: ${why}`
      )
      return undefined
    }
  }

  #read(chunk: Buffer): void {
    const { totals } = this.#setup
    const { truncated, oversized } = totals
    totals.bytes += chunk.length
    this.#nowUs = monotonicUs()
    this.#splitter.push(chunk, this.#nowUs)
    if (totals.truncated + totals.oversized > truncated + oversized) {
      this.#trouble.warn(`${part}: dropped a JPEG that is cut off, broken or too large`)
    }
    if (totals.garbageBytes - this.#garbageBefore > maxGarbageBytes) {
      const text = `${part}: ${this.#label} wrote more than ${maxGarbageBytes} bytes without a JPEG in them`
      this.#fail(new StreamerError('ERR_SOURCE_OUTPUT', text))
    }
  }

  #take(data: Buffer, width: number, height: number, arrivedUs: number): void {
    const { totals } = this.#setup
    this.#garbageBefore = totals.garbageBytes
    const exposureUs = this.#clock.exposureUs(arrivedUs, this.#nowUs)
    if (exposureUs !== undefined) totals.sensorTimed++
    this.#events.onJpeg(data, width, height, exposureUs ?? arrivedUs)
  }

  #end(exit: Exit): void {
    this.#lines.close()
    this.#trouble.close()
    if (this.#isOver) this.#splitter.reset()
    else {
      this.#splitter.end()
      this.#fail(failureOf(this.#label, exit, this.#lines.last))
    }
  }

  /** It is ended at once: it may go on for ever without a picture, and holds the camera. */
  #fail(error: Error): void {
    if (this.#isOver) return
    void this.stop()
    this.#events.onFail(error)
  }
}
