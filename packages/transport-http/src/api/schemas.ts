import { delayBoundsMs } from '@streamer/core/plugin'
import { z } from 'zod'

const count = (description: string) => z.int().min(0).meta({ description })
const failure = z
  .strictObject({
    code: z.string().meta({ description: 'One of the codes in docs/errors.md.' }),
    message: z.string(),
    atMs: z.number().meta({ description: 'Milliseconds since 1970.' })
  })
  .meta({ description: 'The last failure, when there was one.' })

const histogram = z.strictObject({
  counts: z.array(z.int().min(0)).meta({
    description: `How many were up to each of ${delayBoundsMs.join(', ')} ms and above the one before, and as the last number those above all of them.`
  }),
  sumMs: z.number()
})

/** One stream. */
export const streamSchema = z.strictObject({
  name: z.string(),
  codec: z.string(),
  state: z.enum(['idle', 'starting', 'live', 'recovering']),
  width: count('Pixels of the newest frame, 0 before the first.'),
  height: count('Pixels of the newest frame, 0 before the first.'),
  framerate: z.number().meta({ description: 'Frames per second from the source, over about the last second.' }),
  captured: count('Frames that came from the source.'),
  published: count('Frames given to the clients.'),
  starts: count('Times that the source was started.'),
  failures: count('Times that it failed.'),
  lastFailure: failure.optional(),
  clients: count('Open clients of all transports.'),
  hasControls: z.boolean(),
  delays: z.strictObject({
    captureToPublish: histogram,
    publishToDelivery: histogram,
    captureToDelivery: histogram
  }),
  paths: z
    .strictObject({ page: z.string(), stream: z.string(), snapshot: z.string() })
    .nullable()
    .meta({ description: 'Where it is to be had on this server; null when it is not.' })
})

/** One client of any transport. */
export const clientSchema = z.strictObject({
  id: z.string().meta({ description: 'Holds as long as the client stays; no other one ever has it.' }),
  label: z.string().meta({ description: 'Address and port.' }),
  transport: z.string(),
  stream: z.string(),
  ageMs: count('Milliseconds since it came.'),
  framerate: z.number().meta({ description: 'Frames delivered in the last second.' }),
  bitrateBps: z.number().meta({ description: 'Bits per second of those frames.' }),
  delivered: count('Frames delivered to it.'),
  bytes: count('Bytes of those frames.'),
  dropped: count('Frames that it did not get because it was busy.'),
  skipped: count('Frames left out to hold its frame rate.'),
  expired: count('Frames that were too old when it was ready.')
})

const value = z.union([z.number(), z.boolean(), z.string()])
const common = {
  name: z.string(),
  description: z.string(),
  unit: z.string().optional(),
  value: value.optional().meta({ description: 'The value in force.' })
}

/** One setting of a stream with its range and its value. */
export const controlSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.enum(['integer', 'number']),
    minimum: z.number(),
    maximum: z.number(),
    default: z.number()
  }),
  z.strictObject({ ...common, type: z.literal('boolean'), default: z.boolean() }),
  z.strictObject({ ...common, type: z.literal('enum'), values: z.array(z.string()), default: z.string() })
])

/** All settings of a stream. */
export const controlsSchema = z.strictObject({ controls: z.array(controlSchema) })

/** Values to set, by name. */
export const valuesSchema = z
  .record(z.string(), value)
  .meta({ description: 'New values by the names of the controls; all of them are set, or none.' })

/** One transport. */
export const transportSchema = z.strictObject({
  name: z.string(),
  use: z.string(),
  state: z.enum(['stopped', 'starting', 'up', 'failed']),
  urls: z.array(z.string()),
  counters: z.record(z.string(), z.number()),
  lastFailure: failure.optional()
})

/** An error (RFC 9457). */
export const problemSchema = z.strictObject({
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'What is wrong, and what would be right.' })
})

/** All streams. */
export const streamsSchema = z.strictObject({ streams: z.array(streamSchema) })
/** All clients. */
export const clientsSchema = z.strictObject({ clients: z.array(clientSchema) })
/** All transports. */
export const transportsSchema = z.strictObject({ transports: z.array(transportSchema) })

/** By their names in the document. */
export const schemas = {
  Stream: streamSchema,
  Streams: streamsSchema,
  Clients: clientsSchema,
  Controls: controlsSchema,
  Values: valuesSchema,
  Transports: transportsSchema,
  Problem: problemSchema
} as const

/** An answer of the API. */
export type Answer = z.output<
  typeof streamsSchema | typeof streamSchema | typeof clientsSchema | typeof controlsSchema | typeof transportsSchema
>
