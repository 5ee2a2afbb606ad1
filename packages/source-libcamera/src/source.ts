import {
  type Control,
  type Controls,
  type ControlValue,
  type Counters,
  isStreamerError,
  type Logger,
  type Source,
  type SourceRun
} from '@streamer/core/plugin'
import type { LibcameraConfig } from './config.js'
import { HelperSource } from './helper-source.js'
import { listCameras } from './list-cameras.js'
import { pickCamera } from './pick-camera.js'
import { RpicamSource } from './rpicam/index.js'

/** Failures of the helper that rpicam-vid may know nothing of. */
const helperFailures: ReadonlySet<string> = new Set(['ERR_CAMERA_HELPER_MISSING', 'ERR_CAMERA_HELPER_BUILD'])

/** A camera of libcamera's: behind the helper, or behind rpicam-vid where there is no helper and none can be built. */
export class LibcameraSource implements Source {
  readonly controls: Controls
  readonly #options: LibcameraConfig
  readonly #baseDir: string
  readonly #logger: Logger
  readonly #helper: HelperSource
  #rpicam: RpicamSource | undefined
  #current: HelperSource | RpicamSource

  /** @param baseDir absolute path that relative paths in `options` refer to. */
  constructor(options: LibcameraConfig, baseDir: string, logger: Logger) {
    this.#options = options
    this.#baseDir = baseDir
    this.#logger = logger
    this.#helper = new HelperSource(options, baseDir, logger)
    this.#current = this.#helper
    if (options.backend === 'rpicam') this.#current = this.#makeRpicam()
    this.controls = new CurrentControls(() => this.#current.controls)
  }

  /** Builds the helper where that is to be done, and asks the camera for its controls, so that both need not wait for the first viewer. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { helper, camera, backend } = this.#options
    if (backend === 'rpicam') return
    const { cameras } = await listCameras({ helper, logger: this.#logger, signal, backEnd: 'helper', build: true })
    const found = pickCamera(cameras, camera)
    if (found) this.#helper.controls.know(found.controls)
  }

  /**
   * Resolves when the camera captures.
   * @throws as `HelperSource` and `RpicamSource`; of both, the helper's reason when neither is there.
   */
  async start(run: SourceRun): Promise<void> {
    if (this.#options.backend === 'rpicam') return this.#current.start(run)
    try {
      // Looked for each time: it may have been built meanwhile.
      this.#current = this.#helper
      return await this.#helper.start(run)
    } catch (error) {
      const isMissing = isStreamerError(error) && helperFailures.has(error.code)
      if (!isMissing || this.#options.backend === 'helper' || run.signal.aborted) throw error
      return await this.#startRpicam(run, error)
    }
  }

  async #startRpicam(run: SourceRun, reason: Error): Promise<void> {
    const rpicam = this.#makeRpicam()
    this.#current = rpicam
    try {
      await rpicam.start(run)
      this.#logger.warn(`${reason.message}; using rpicam-vid, which must be started anew for each change`)
    } catch (error) {
      this.#current = this.#helper
      const isMissing = isStreamerError(error) && error.code === 'ERR_SOURCE_NOT_FOUND'
      throw isMissing ? reason : error
    }
  }

  /** Resolves when the camera is free. */
  async stop(): Promise<void> {
    await Promise.all([this.#helper.stop(), this.#rpicam?.stop()])
  }

  /** Of the back end in use. */
  stats(): Counters {
    return this.#current.stats()
  }

  #makeRpicam(): RpicamSource {
    this.#rpicam ??= new RpicamSource(this.#options, this.#baseDir, this.#logger)
    return this.#rpicam
  }
}

/** The controls of whichever back end is in use. */
class CurrentControls implements Controls {
  readonly #current: () => Controls

  constructor(current: () => Controls) {
    this.#current = current
  }

  list(): readonly Control[] {
    return this.#current().list()
  }

  values(): Readonly<Record<string, ControlValue>> {
    return this.#current().values()
  }

  set(values: Readonly<Record<string, ControlValue>>): Promise<Readonly<Record<string, ControlValue>>> {
    return this.#current().set(values)
  }
}
