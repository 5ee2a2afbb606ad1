/**
 * Cameras of a Raspberry Pi, and every other camera that libcamera drives.
 *
 * ```yaml
 * # .streamerrc
 * source: { use: libcamera, width: 1280, height: 720, framerate: 30 }
 * ```
 *
 * ```ts
 * import { listCameras } from '@streamer/source-libcamera'
 * import { silentLogger } from '@streamer/core/plugin'
 *
 * const { cameras } = await listCameras({ logger: silentLogger })
 * for (const { id, model } of cameras) console.log(`${model} at ${id}`)
 * ```
 * @packageDocumentation
 */
import { type Detection, defineSource, isStreamerError } from '@streamer/core/plugin'
import { configSchema, type LibcameraConfig } from './config.js'
import { listCameras } from './list-cameras.js'
import { pickCamera } from './pick-camera.js'
import { LibcameraSource } from './source.js'

/** The plugin behind `use: libcamera`. */
export default defineSource<LibcameraConfig>({
  name: 'libcamera',
  description: 'A Raspberry Pi camera, or any other that libcamera drives.',
  supports: { frames: ['mjpeg', 'raw'], controls: true },
  configSchema,
  create: (options, { baseDir, logger }) => new LibcameraSource(options, baseDir, logger),
  async detect({ camera, helper, rpicam, backend }, { logger, signal }): Promise<Detection> {
    const backEnd = backend === 'auto' ? undefined : backend
    try {
      const { cameras } = await listCameras({ helper, rpicam, logger, signal, backEnd })
      const found = pickCamera(cameras, camera)
      if (found) return { found: true, what: `camera ${found.model} (${found.id})` }
      const reason =
        cameras.length === 0 ? 'libcamera finds none' : `there is no camera "${camera}" among ${cameras.length}`
      return { found: false, reason }
    } catch (error) {
      if (!isStreamerError(error)) throw error
      return { found: false, reason: error.message }
    }
  }
})

export * from './build/index.js'
export { configSchema, type LibcameraConfig, type LibcameraOptions, rotations } from './config.js'
export {
  type BackEnd,
  type CameraInfo,
  type CameraList,
  type CameraMode,
  type ListOptions,
  listCameras
} from './list-cameras.js'
export { LibcameraSource } from './source.js'
