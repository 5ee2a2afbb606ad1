import type { EncodedFrame, SourceRun } from '@streamer/core/plugin'
import { cameraNumber } from './cameras.js'
import { RpicamChild, type Setup } from './child.js'
import { part } from './program.js'
import { type Settings, settingArguments } from './settings.js'

/** From one start of the source to its stop: rpicam-vid, started again for every change of its settings. */
export class RpicamRun {
  readonly #run: SourceRun
  readonly #setup: Setup
  #child: RpicamChild | undefined
  #camera = 0
  /** Of the child, for its settings. */
  #arguments: readonly string[] = []
  #sequence = 0
  #lastUs = 0
  #isOver = false
  /** Starts and restarts come one after the other. */
  #queue: Promise<void> = Promise.resolve()

  constructor(run: SourceRun, setup: Setup) {
    this.#run = run
    this.#setup = setup
  }

  /** Resolves when rpicam-vid runs. */
  start(settings: Settings, signal: AbortSignal): Promise<void> {
    return this.#enqueue(async () => {
      const { options, baseDir, logger } = this.#setup
      this.#camera = await cameraNumber(options, baseDir, logger, signal)
      await this.#launch(settings)
    })
  }

  /** Resolves when rpicam-vid runs with these settings, or the run is over. */
  apply(settings: Settings): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#isOver || isSame(settingArguments(settings), this.#arguments)) return
      this.#setup.logger.info(`${part}: starting rpicam-vid again for changed settings`)
      // The camera is free, and the last picture complete, when it has ended.
      await this.#child?.stop()
      try {
        await this.#launch(settings)
      } catch (error) {
        this.#fail(error as Error)
        throw error
      }
    })
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#child?.stop()
    await this.#queue
    await this.#child?.stop()
  }

  #enqueue(job: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(job)
    this.#queue = done.catch(() => {})
    return done
  }

  async #launch(settings: Settings): Promise<void> {
    if (this.#isOver) return
    const child = new RpicamChild(this.#setup, {
      onJpeg: (data, width, height, timestampUs) => this.#push(data, width, height, timestampUs),
      onFail: (error) => this.#fail(error)
    })
    this.#child = child
    this.#arguments = settingArguments(settings)
    await child.start(this.#camera, settings)
  }

  #push(data: Buffer, width: number, height: number, timestampUs: number): void {
    if (this.#isOver) return
    // Arrival, the time of the first frames, is later than exposure, that of the others.
    this.#lastUs = Math.max(this.#lastUs, timestampUs)
    const frame: EncodedFrame = {
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: this.#sequence++,
      timestampUs: this.#lastUs,
      width,
      height,
      data
    }
    this.#run.push(frame)
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#run.fail(error)
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((argument, i) => argument === others[i])
}
