import {
  type Controls,
  type Counters,
  Lifecycle,
  type Logger,
  type Source,
  type SourceRun
} from '@streamer/core/plugin'
import { noCounts } from '@streamer/jpeg-splitter'
import type { LibcameraConfig } from '../config.js'
import type { Setup } from './child.js'
import { RpicamControls } from './controls.js'
import { part, refuseUnsupported } from './program.js'
import { RpicamRun } from './run.js'

/**
 * A Raspberry Pi camera through `rpicam-vid`, where the helper cannot be built. Each JPEG on its standard output is a frame. It takes settings at its start only, so changing a
 * control starts it again: clients see a gap of a second or two, and the run goes on.
 */
export class RpicamSource implements Source {
  readonly #setup: Setup
  readonly #controls: RpicamControls
  readonly #lifecycle = new Lifecycle(part, () => this.#close())
  #current: RpicamRun | undefined

  /** @param baseDir absolute path that relative ones in the options refer to. */
  constructor(options: LibcameraConfig, baseDir: string, logger: Logger) {
    const totals = { ...noCounts(), starts: 0, bytes: 0, sensorTimed: 0 }
    this.#setup = { options, baseDir, logger, totals }
    this.#controls = new RpicamControls(options.framerate, options.controls)
  }

  /** What rpicam-vid can be told, whatever the camera. A change takes 0.3 s and a restart; several within that time cost one. */
  get controls(): Controls {
    return this.#controls
  }

  /**
   * Resolves when rpicam-vid runs.
   * @throws StreamerError `ERR_SOURCE_NOT_FOUND` without rpicam-vid, `ERR_SOURCE_FAILED` when the system refuses to start it,
   *   `ERR_CAMERA_UNSUPPORTED` for options that it cannot fulfil, `ERR_CONTROL_INVALID` for configured controls that cannot be,
   *   `ERR_CAMERA_NOT_FOUND` and `ERR_CAMERA_TIMEOUT` when a camera is looked for by its name; the reason of `run.signal` when that is aborted first.
   */
  start(run: SourceRun): Promise<void> {
    return this.#lifecycle.start(run, async (signal) => {
      refuseUnsupported(this.#setup.options)
      const current = new RpicamRun(run, this.#setup)
      const settings = this.#controls.begin((changed) => current.apply(changed))
      this.#current = current
      await current.start(settings, signal)
    })
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /**
   * `frames`, `bytes` of standard output, `garbageBytes` outside of JPEGs, `truncated` and `oversized` JPEGs, `droppedBytes` of these,
   * `starts` of rpicam-vid, `sensorTimed` frames whose time is the sensor's.
   */
  stats(): Counters {
    const { frames, bytes, garbageBytes, truncated, oversized, droppedBytes, starts, sensorTimed } = this.#setup.totals
    return { frames, bytes, garbageBytes, truncated, oversized, droppedBytes, starts, sensorTimed }
  }

  async #close(): Promise<void> {
    this.#controls.end()
    await this.#current?.stop()
    this.#current = undefined
  }
}
