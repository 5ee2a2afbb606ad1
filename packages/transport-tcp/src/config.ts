import { anyHost } from '@streamer/core/plugin'
import { z } from 'zod'
import { sharedPorts } from './ports.js'

/** The options of `use: tcp`. */
export const configSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default(anyHost)
      .meta({ description: 'Address or host name to listen on; `::` is all interfaces, IPv6 and IPv4.' }),
    port: z.int().min(0).max(65535).default(8888).meta({
      description:
        'TCP port of the first stream that has none in `ports`; the next ones take the numbers above it that `ports` gives to none. 0 takes a free one for each.'
    }),
    ports: z
      .record(z.string(), z.int().min(0).max(65535))
      .superRefine((ports, { addIssue }) => {
        for (const [first, second, port] of sharedPorts(ports)) {
          addIssue({ code: 'custom', path: [second], message: `"${first}" has it already`, input: port })
        }
      })
      .default({})
      .meta({ description: 'Ports of streams by name, for those that shall not take the next one above `port`.' }),
    payload: z
      .enum(['pickle', 'jpeg'])
      .default('pickle')
      .meta({ description: 'What a frame is: a pickled numpy array that holds the JPEG, or the JPEG itself.' }),
    maxClients: z.int().min(1).max(10_000).default(64).meta({ description: 'Connections at once, over all streams.' }),
    stallTimeoutMs: z.int().min(100).max(3_600_000).default(30_000).meta({
      description: 'A client that takes not one byte of what waits for it for so long is cut. Milliseconds.'
    }),
    maxFramerate: z
      .number()
      .min(0.1)
      .max(240)
      .optional()
      .meta({ description: 'Frames per second to each client at most. Without it: all.' }),
    maxAgeMs: z.int().min(1).max(60_000).optional().meta({
      description:
        'A frame older than this when its client is ready is dropped. Milliseconds. Without it: no limit, but never another than the newest.'
    }),
    legacy: z.enum(['local', 'allow', 'deny']).optional().meta({
      description:
        'Who is served by version 1: clients at private, link-local and loopback addresses, all, or none. Without it: all, but nobody where there is a key. With tls, allow also serves clients that come without TLS.'
    }),
    key: z.string().min(16).optional().meta({
      description:
        'A secret of 16 characters or more, also as STREAMER_TCP_KEY. With one, only clients that know it are served, and all is encrypted.'
    }),
    keyFile: z.string().min(1).optional().meta({ description: 'A file that holds the key.' }),
    keys: z
      .record(z.string().min(1).max(255), z.string().min(16))
      .default({})
      .meta({ description: 'Keys of single clients by the names that these say.' }),
    tls: z
      .strictObject({
        cert: z.string().min(1).meta({ description: 'A file with the certificate and those above it, in PEM.' }),
        key: z.string().min(1).meta({ description: 'A file with its private key, in PEM.' })
      })
      .optional()
      .meta({ description: 'With a certificate, clients are served over TLS alone, unless legacy is allow.' })
  })
  .superRefine(({ key, keyFile, keys, legacy }, { addIssue }) => {
    const secret = key === undefined ? (keyFile === undefined ? undefined : 'keyFile') : 'key'
    if (key !== undefined && keyFile !== undefined) {
      addIssue({ code: 'custom', path: ['keyFile'], message: 'there is a key already', input: keyFile })
    }
    if (legacy === 'allow' && (secret !== undefined || Object.keys(keys).length > 0)) {
      const message = `version 1 knows no keys, so nobody can be served by it beside ${secret ?? 'keys'}`
      addIssue({ code: 'custom', path: ['legacy'], message, input: legacy })
    }
  })

/** Validated options of `use: tcp`. */
export type TcpOptions = z.output<typeof configSchema>
