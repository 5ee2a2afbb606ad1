import { anyHost } from '@streamer/core/plugin'
import { z } from 'zod'
import { isSubnet } from './access/addresses.js'
import { parsePasswordHash } from './access/passwords.js'

const originSchema = z
  .string()
  // Printable ASCII, which is all that a header field takes and all that browsers send.
  .regex(
    /^(?=[!-~]+$)(\*|https?:\/\/[^/,]+)$/,
    'expected "*" or an origin such as "http://mainsail.local" (a name beyond ASCII in its "xn--" form)'
  )

const plainSchema = z.strictObject({
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
  maxAgeMs: z.int().min(1).max(3_600_000).default(1000).meta({
    description: 'A frame older than this when its client is ready is dropped instead of sent late.'
  }),
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
    .union([originSchema, z.array(originSchema).min(1).max(100)])
    .optional()
    .meta({
      description:
        'Web origins whose scripts may read pictures and state, one or a list, or "*" for any. Default: none but our own page.'
    }),
  users: z
    .record(
      z.string().regex(/^[^:\p{Cc}]{1,64}$/u, 'expected a name of 1 to 64 characters without a colon'),
      z.strictObject({
        password: z
          .string()
          .refine((text) => parsePasswordHash(text) !== undefined, 'expected what `streamer password` prints')
          .meta({ description: 'What `streamer password` prints for the password.' }),
        role: z
          .enum(['viewer', 'admin'])
          .default('viewer')
          .meta({ description: 'A viewer reads, an admin also changes things.' })
      })
    )
    .default({})
    .meta({ description: 'Who may come in with which password, by name.' }),
  anonymous: z.enum(['none', 'viewer', 'admin']).optional().meta({
    description:
      'What clients without a name may do. Default: none where there are users or a key; else admin from loopback, private and link-local addresses, viewer from others.'
  }),
  key: z.string().min(16).optional().meta({
    description:
      'A secret of 16 characters or more that signs the links of `streamer link`; may be that of tcp and udp.'
  }),
  keyFile: z.string().min(1).optional().meta({ description: 'A file that holds the key.' }),
  allowedHosts: z
    .array(
      z
        .string()
        .regex(
          /^(?=.{1,253}$)[\w-]+(\.[\w-]+)*$/,
          'expected a name such as "camera.example", without scheme, port and "*"'
        )
    )
    .max(100)
    .optional()
    .meta({
      description:
        'Further names by which browsers reach this server. When it is given, pages and pictures are checked for them too.'
    }),
  tls: z
    .strictObject({
      cert: z.string().min(1).meta({ description: 'A file with the certificate and those above it, in PEM.' }),
      key: z.string().min(1).meta({ description: 'A file with its private key, in PEM.' })
    })
    .optional()
    .meta({
      description: 'With a certificate, HTTPS is served instead of HTTP. The files are read again when they change.'
    }),
  basePath: z
    .string()
    .regex(/^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/, 'expected a path such as "/camera", without a slash at its end')
    .max(200)
    .default('')
    .meta({ description: 'The folder under which a proxy shows this server: "/camera". Default: none.' }),
  trustedProxies: z
    .array(z.string().refine(isSubnet, 'expected an address or a subnet such as "10.0.0.0/8"'))
    .max(100)
    .default([])
    .meta({ description: 'Addresses and subnets of proxies whose X-Forwarded-For, -Proto and -Host are believed.' }),
  maxConnectionsPerAddress: z.int().min(1).max(100_000).default(64).meta({
    description:
      'Connections of one address at once; IPv6 by /64. This machine and trusted proxies may have any number.'
  })
})

/** Options of the HTTP transport. */
export const configSchema = plainSchema.superRefine(({ key, keyFile, users, anonymous }, { addIssue }) => {
  if (key !== undefined && keyFile !== undefined) {
    addIssue({ code: 'custom', path: ['keyFile'], message: 'there is a key already', input: keyFile })
  }
  if (anonymous === 'none' && key === undefined && keyFile === undefined && Object.keys(users).length === 0) {
    const message = 'nobody could come in: there are no users, and no key for links'
    addIssue({ code: 'custom', path: ['anonymous'], message, input: anonymous })
  }
})

/** Options of the HTTP transport after validation, defaults filled in. */
export type HttpOptions = z.output<typeof configSchema>
