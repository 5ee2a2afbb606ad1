import { anyHost } from '@streamer/core/plugin'
import { z } from 'zod'
import { sharedPorts } from './ports.js'

/** The options of `use: tcp`. */
export const configSchema = z.strictObject({
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
    description: 'A frame older than this when its client is ready is dropped. Milliseconds. Without it: no limit.'
  })
})

/** Validated options of `use: tcp`. */
export type TcpOptions = z.output<typeof configSchema>
