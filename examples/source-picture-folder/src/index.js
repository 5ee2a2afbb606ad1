// @ts-check
/**
 * A folder of JPEG pictures as a camera: a time-lapse, or what a camera or a cron job writes there.
 *
 * ```yaml
 * source: { use: ./examples/source-picture-folder, folder: pictures, framerate: 10 }
 * ```
 * @packageDocumentation
 */
import { defineSource } from '@streamer/core/plugin'
import { configSchema } from './config.js'
import { PictureFolderSource } from './source.js'

/** The plugin behind `use: picture-folder`. */
export default defineSource({
  name: 'picture-folder',
  description: 'A folder of JPEG pictures, one after the other.',
  supports: { frames: ['mjpeg'], controls: true },
  configSchema,
  create: (options, context) => new PictureFolderSource(options, context)
})
