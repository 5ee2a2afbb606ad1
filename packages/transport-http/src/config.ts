import { anyHost } from '@streamer/core/plugin'
import { z } from 'zod'

/** Options of the HTTP transport. */
export const configSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .default(anyHost)
    .meta({ description: 'Address or name to listen on; the default is every interface, IPv6 and IPv4.' }),
  port: z.int().min(0).max(65535).default(8080).meta({ description: 'TCP port to listen on; 0 takes a free one.' }),
  maxClients: z.int().min(1).max(10_000).default(64).meta({
    description: 'Streams served at once; more are answered with 503. Snapshots have a limit of the same size.'
  }),
  maxFramerate: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .meta({ description: 'Frames per second that one client gets at most; `?fps=` can only lower it. Default: all.' }),
  maxAgeMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .meta({ description: 'A frame older than this is dropped instead of sent late. Default: no limit.' }),
  stallTimeoutMs: z
    .int()
    .min(50)
    .max(3_600_000)
    .default(30_000)
    .meta({ description: 'A client that takes no byte of what waits for it for this long is cut.' }),
  headTimeoutMs: z
    .int()
    .min(50)
    .max(3_600_000)
    .default(10_000)
    .meta({ description: 'Time for a whole request to come in, from the connection or the first byte on.' }),
  snapshotTimeoutMs: z
    .int()
    .min(50)
    .max(3_600_000)
    .default(5000)
    .meta({ description: 'How long a snapshot waits for a fresh frame before it is answered with 503.' }),
  corsOrigin: z
    .string()
    // Printable ASCII, which is all that a header field takes and all that browsers send.
    .regex(
      /^(?=[!-~]+$)(\*|https?:\/\/[^/,]+)$/,
      'expected "*" or an origin such as "http://mainsail.local" (a name beyond ASCII in its "xn--" form)'
    )
    .optional()
    .meta({
      description:
        'Web origin whose scripts may read pictures and state, or "*" for any. Default: none but our own page.'
    })
})

/** Options of the HTTP transport after validation, defaults filled in. */
export type HttpOptions = z.output<typeof configSchema>
