/**
 * Frames as datagrams, in the form that version-1 clients of the UDP protocol read (`docs/protocols/udp.md`).
 *
 * ```ts
 * import udp, { configSchema } from '@streamer/transport-udp'
 *
 * const transport = udp.create(configSchema.parse({ port: 9999 }), context)
 * const [url] = await transport.start(run, streams)
 * ```
 * @packageDocumentation
 */
import { defineTransport } from '@streamer/core/plugin'
import { configSchema } from './config.js'
import { UdpTransport } from './transport.js'

export { configSchema, type UdpOptions } from './config.js'
export { UdpTransport } from './transport.js'

export default defineTransport({
  name: 'udp',
  description: 'Frames in datagrams to clients that register, for viewers on the local network.',
  supports: { reliable: false },
  configSchema,
  create: (options, context) => new UdpTransport(options, context)
})
