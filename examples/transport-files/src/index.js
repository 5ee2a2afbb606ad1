// @ts-check
/**
 * Writes the pictures of every stream into files: one for each picture, or clips. The oldest ones go when there are too many.
 *
 * ```yaml
 * transports:
 *   - { use: ./examples/transport-files, folder: recorded, every: 30 }
 * ```
 * @packageDocumentation
 */
import { defineTransport } from '@streamer/core/plugin'
import { configSchema } from './config.js'
import { FilesTransport } from './transport.js'

/** The plugin behind `use: files`. */
export default defineTransport({
  name: 'files',
  description: 'Pictures or MJPEG clips in files, the oldest ones deleted.',
  supports: { clients: false },
  configSchema,
  create: (options, context) => new FilesTransport(options, context)
})
