import { anyHost } from '@streamer/core/plugin'
import { z } from 'zod'

/** The options of `use: udp`. */
export const configSchema = z
  .strictObject({
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
    headerWidth: z.literal([32, 64]).default(32).meta({
      description: 'Bits of each number in the headers; 64 for clients made for a server on a 64-bit system.'
    }),
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
    legacy: z.enum(['local', 'allow', 'deny']).default('local').meta({
      description:
        'Who is served by version 1, which cannot check that an address is real: clients at private, link-local and loopback addresses, all, or none.'
    }),
    key: z.string().min(16).optional().meta({
      description:
        'A secret of 16 characters or more, also as STREAMER_UDP_KEY. With one, only clients that know it are served, and all is encrypted.'
    }),
    keyFile: z.string().min(1).optional().meta({ description: 'A file that holds the key.' }),
    keys: z
      .record(z.string().min(1).max(255), z.string().min(16))
      .default({})
      .meta({ description: 'Keys of single clients by the names that these say.' }),
    maxDatagram: z.int().min(1200).max(1452).default(1452).meta({
      description: 'Longest datagram of version 2, where the way lets it pass; 1200 passes nearly everywhere. Bytes.'
    }),
    portMapping: z.boolean().default(false).meta({
      description:
        'Ask the home router to let viewers in from outside (PCP, NAT-PMP or UPnP), and print the address for them.'
    }),
    stun: z.string().min(1).optional().meta({
      description: 'A STUN server, host or host:port, that is asked for the public address, to print it.'
    }),
    minQuality: z.int().min(1).max(100).optional().meta({
      description:
        'The JPEG quality of a stream may fall to this, for all its viewers, while the way to one of version 2 is too narrow. Without it: only that one gets fewer frames.'
    }),
    maxBitrateKbps: z.int().min(200).max(10_000_000).optional().meta({
      description: 'To each client of version 2 at most. Kilobits per second. Without it: as much as its way takes.'
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

/** Validated options of `use: udp`. */
export type UdpOptions = z.output<typeof configSchema>
