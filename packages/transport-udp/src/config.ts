import { anyHost } from '@streamer/core/plugin'
import { z } from 'zod'

/** The options of `use: udp`. */
export const configSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .default(anyHost)
    .meta({ description: 'Address or host name to listen on; `::` is all interfaces, IPv6 and IPv4.' }),
  port: z.int().min(0).max(65535).default(9999).meta({ description: 'UDP port to listen on; 0 takes a free one.' }),
  chunkSize: z
    .int()
    .min(64)
    .max(65_000)
    .default(1200)
    .meta({ description: 'Bytes of a frame in one datagram. Version-1 clients have 1200 built in.' }),
  headerWidth: z
    .literal([32, 64])
    .default(32)
    .meta({ description: 'Bits of each number in the headers; 64 for clients made for a server on a 64-bit system.' }),
  payload: z
    .enum(['pickle', 'jpeg'])
    .default('pickle')
    .meta({ description: 'What a frame is: a pickled numpy array that holds the JPEG, or the JPEG itself.' }),
  clientTimeoutMs: z
    .int()
    .min(1000)
    .max(3_600_000)
    .default(30_000)
    .meta({ description: 'A client that has sent nothing for so long is forgotten. Milliseconds.' }),
  maxClients: z.int().min(1).max(10_000).default(64).meta({ description: 'Clients served at once.' }),
  registrationsPerSecond: z.int().min(1).max(10_000).default(10).meta({
    description: 'Registrations answered per second and IP address; those beyond get no answer.'
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

/** Validated options of `use: udp`. */
export type UdpOptions = z.output<typeof configSchema>
