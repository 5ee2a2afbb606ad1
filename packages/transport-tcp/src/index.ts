/**
 * Frames over TCP, each with its length before it: to clients that ask for it in version 2, with keys and TLS (`docs/protocols/tcp-v2.md`), to others in
 * the form that version-1 clients read (`docs/protocols/tcp.md`).
 *
 * ```ts
 * import tcp, { configSchema } from '@streamer/transport-tcp'
 *
 * const transport = tcp.create(configSchema.parse({ port: 8888 }), context)
 * const [url] = await transport.start(run, streams)
 * ```
 * @packageDocumentation
 */
import { defineTransport } from '@streamer/core/plugin'
import { configSchema } from './config.js'
import { TcpTransport } from './transport.js'

export { configSchema, type TcpOptions } from './config.js'
export { TcpTransport } from './transport.js'

export default defineTransport({
  name: 'tcp',
  description: 'Frames over TCP connections, each with its length before it.',
  configSchema,
  create: (options, context) => new TcpTransport(options, context)
})
