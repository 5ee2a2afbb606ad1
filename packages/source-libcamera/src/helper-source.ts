import { access, constants, readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import {
  type Counters,
  isStreamerError,
  Lifecycle,
  type Logger,
  type Source,
  type SourceRun,
  StreamerError
} from '@streamer/core/plugin'
import { planLaunch } from '@streamer/subprocess'
import { ensureHelper } from './build/index.js'
import type { LibcameraConfig } from './config.js'
import { configuredValues, HelperControls } from './helper-controls.js'
import type { HelperEvent } from './helper-events.js'
import { HelperRun, type HelperTotals, pairsOf } from './helper-run.js'

/** More threads than this do not make a picture sooner. */
const maxThreads = 4

/** A camera behind the helper program. */
export class HelperSource implements Source {
  readonly controls: HelperControls
  readonly #options: LibcameraConfig
  readonly #baseDir: string
  readonly #logger: Logger
  readonly #lifecycle = new Lifecycle('source-libcamera', () => this.#close())
  readonly #totals: HelperTotals = { starts: 0, frames: 0, bytes: 0, dropped: 0, garbage: 0 }
  #active: HelperRun | undefined
  #saidSize = ''

  /** @param baseDir absolute path that relative paths in `options` refer to. */
  constructor(options: LibcameraConfig, baseDir: string, logger: Logger) {
    this.#options = options
    this.#baseDir = baseDir
    this.#logger = logger
    this.controls = new HelperControls(configuredValues(options))
  }

  /**
   * Builds the helper first where there is none for the installed libcamera. Resolves when the camera captures.
   * @throws StreamerError `ERR_CAMERA_HELPER_MISSING`, `ERR_CAMERA_HELPER_BUILD`, `ERR_CAMERA_NOT_FOUND`, `ERR_CAMERA_BUSY`,
   *   `ERR_CAMERA_PERMISSION`, `ERR_CAMERA_UNSUPPORTED`, `ERR_CAMERA_TIMEOUT`, `ERR_CAMERA_FAILED`; the reason of `run.signal`.
   */
  start(run: SourceRun): Promise<void> {
    return this.#lifecycle.start(run, (signal) => this.#open(run, signal))
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /** `frames` and `bytes` of them, `dropped` by the helper because it was not read in time, `garbage` lines of it, `starts` of it. */
  stats(): Counters {
    return { ...this.#totals }
  }

  async #open(run: SourceRun, signal: AbortSignal): Promise<void> {
    const { helper, tuningFile, threads, camera, output, turnedBy } = this.#options
    const command = helper ?? [await ensureHelper({ logger: this.#logger, signal, build: true })]
    signal.throwIfAborted()
    const isJpeg = output === 'jpeg' || (output === 'auto' && (run.codec ?? 'mjpeg') === 'mjpeg')
    const settings = {
      camera,
      turnedBy,
      output: isJpeg ? 'jpeg' : 'raw',
      threads: threads ?? Math.min(maxThreads, availableParallelism())
    }
    const launch = await planLaunch({
      part: 'source-libcamera',
      command: [...command, 'stream', ...pairsOf(Object.entries(settings)), ...pairsOf(this.controls.wanted)],
      cwd: this.#baseDir,
      env: {
        LIBCAMERA_LOG_LEVELS: process.env.LIBCAMERA_LOG_LEVELS ?? '*:WARN',
        LIBCAMERA_LOG_NO_COLOR: '1',
        ...(tuningFile !== undefined && { LIBCAMERA_RPI_TUNING_FILE: resolve(this.#baseDir, tuningFile) })
      }
    })
    signal.throwIfAborted()
    const active = new HelperRun({
      launch,
      run,
      logger: this.#logger,
      totals: this.#totals,
      onEvent: (event) => this.#hear(event, active)
    })
    this.#active = active
    // A start that is given up ends the helper, which ends what is awaited here.
    signal.addEventListener('abort', () => void active.stop(), { once: true })
    try {
      await active.start()
    } catch (error) {
      throw await withPermission(error)
    }
  }

  async #close(): Promise<void> {
    this.controls.disconnect()
    await this.#active?.stop()
    this.#active = undefined
  }

  #hear(event: HelperEvent, active: HelperRun): void {
    if (event.event === 'metadata') this.controls.observe(event.values)
    // What the configuration asks for, and the camera does not have.
    if (event.event === 'refused') this.#logger.warn(`source-libcamera: ${event.message}`)
    if (event.event !== 'ready') return
    this.controls.connect(event.controls, event.values, (values) => active.send(values))
    this.#saySize(event)
  }

  #saySize({ camera, width, height, pixelFormat, libcamera }: HelperEvent & { event: 'ready' }): void {
    const { wanted } = this.controls
    const size = `${width}x${height}`
    const asked = `${wanted.get('width')}x${wanted.get('height')}`
    const text = `camera ${camera.model} gives ${size} (${pixelFormat}, libcamera ${libcamera})`
    if (text === this.#saidSize) return
    this.#saidSize = text
    if (asked === size) this.#logger.info(text)
    else this.#logger.warn(`${text}; it does not have the ${asked} that was asked for`)
  }
}

/** libcamera sees no camera where it may not open the devices, so that is looked at before a cable is blamed. */
async function withPermission(error: unknown): Promise<unknown> {
  if (!isStreamerError(error) || error.code !== 'ERR_CAMERA_NOT_FOUND') return error
  const devices = (await readdir('/dev').catch(() => [])).filter((name) => /^(media|video)\d+$/.test(name))
  const denied: string[] = []
  for (const device of devices) {
    const isOpen = await access(`/dev/${device}`, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false
    )
    if (!isOpen) denied.push(device)
  }
  if (denied.length === 0) return error
  const text = `source-libcamera: /dev/${denied[0]} may not be opened by this user; add it to the group "video": sudo usermod -aG video $USER`
  return new StreamerError('ERR_CAMERA_PERMISSION', text, { cause: error })
}
