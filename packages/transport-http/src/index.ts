/**
 * MJPEG over HTTP, snapshots, a viewer page and the state as JSON.
 *
 * ```ts
 * import http from '@streamer/transport-http'
 *
 * const transport = http.create(configSchema.parse({ port: 8080 }), context)
 * const [page] = await transport.start(run, streams) // http://[::]:8080/
 * ```
 * @packageDocumentation
 */
import { defineTransport } from '@streamer/core/plugin'
import { configSchema, type HttpOptions } from './config.js'
import { HttpTransport } from './transport.js'

export { readLinkKey } from './access/access.js'
export { type Link, makeLinkToken } from './access/links.js'
export { hashPassword } from './access/passwords.js'
export { configSchema, type HttpOptions } from './config.js'
export type { HttpState, HttpStreamState } from './state.js'
export { HttpTransport } from './transport.js'

export default defineTransport<HttpOptions>({
  name: 'http',
  description: 'MJPEG over HTTP for browsers, VLC, FFmpeg, OctoPrint, Home Assistant; snapshots, a page and the state.',
  configSchema,
  create: (options, context) => new HttpTransport(options, context)
})
