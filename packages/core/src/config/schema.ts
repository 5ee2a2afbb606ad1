import { z } from 'zod'

/** Names of streams stand in URLs and in registrations. */
export const streamName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/)
  .meta({ description: 'letters, digits, - and _, at most 32, a letter or digit first' })

/** A part: the plugin after `use`, and that plugin's own options beside it. */
const part = (kind: string, example: string) =>
  z.looseObject({
    use: z
      .string()
      .min(1)
      .meta({ description: `The ${kind} plugin: ${example}, a package name, or a path that begins with ./` }),
    isolate: z
      .boolean()
      .default(false)
      .meta({ description: 'Run this plugin in a thread of its own, which is ended when it hangs.' })
  })

const source = part('source', 'auto, libcamera, fake, command')
const encoder = part('encoder', 'jpeg')
const transport = part('transport', 'udp, tcp, http').extend({
  optional: z
    .boolean()
    .default(false)
    .meta({ description: 'Go on without this transport when it cannot start and another one can.' }),
  name: streamName.optional().meta({ description: 'Its name in logs and statistics. Default: the plugin’s own.' })
})
const linger = z.union([z.number().min(0).max(3600), z.literal('always')]).meta({
  description: 'Seconds that a camera goes on after its last viewer left; `always` keeps it running.',
  default: 15
})
const watchdog = z.number().min(0).max(3600).meta({
  description: 'Seconds without a frame after which a camera that has started is started again; 0 switches it off.',
  default: 5
})

const stream = z.strictObject({
  source: source.optional(),
  encoder: encoder.optional(),
  linger: linger.optional(),
  watchdog: watchdog.optional()
})

/** From the fewest lines to the most. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const
/** `pretty` for people, `json` for programs. */
export const logFormats = ['pretty', 'json'] as const

/** What may stand in a configuration file; options of plugins are checked by the plugins. */
export const configSchema = z.strictObject({
  $schema: z
    .string()
    .optional()
    .meta({ description: 'Where an editor finds the schema that `streamer schema` prints.' }),
  source: source.optional().meta({ description: 'The camera, when there is one stream. Default: auto.' }),
  encoder: encoder.optional().meta({ description: 'What makes JPEG of raw frames. Default: jpeg.' }),
  linger: linger.optional(),
  watchdog: watchdog.optional(),
  streams: z.record(streamName, stream).optional().meta({ description: 'Several cameras, by name.' }),
  transports: z
    .array(transport)
    .min(1)
    .optional()
    .meta({ description: 'How frames go out. Default: http, tcp and udp.' }),
  host: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Address that every transport listens on. Default: all interfaces.' }),
  log: z
    .strictObject({
      level: z
        .enum(logLevels)
        .optional()
        .meta({ description: 'What is logged: this and what is graver.', default: 'info' }),
      file: z.string().min(1).optional().meta({ description: 'A file to log to as well, relative to this file.' }),
      format: z
        .enum(logFormats)
        .optional()
        .meta({ description: 'How lines look: pretty for people, json for programs.', default: 'pretty' })
    })
    .optional()
    .meta({ description: 'What is logged, and where.' })
})

/** The configuration as people write it. */
export type StreamerConfig = z.input<typeof configSchema>

/** A part as people write it. */
export type PartConfig = { readonly use: string } & Readonly<Record<string, unknown>>

/** Seconds that a source goes on after the last viewer left. */
export const defaultLinger = 15
/** Seconds without a frame after which a source counts as failed. */
export const defaultWatchdog = 5
/** Name of the only stream where `streams` is not written. */
export const defaultStreamName = 'main'
/** The source where none is written. */
export const defaultSource: PartConfig = { use: 'auto' }
/** The encoder where none is written. */
export const defaultEncoder: PartConfig = { use: 'jpeg' }
/** The transports where none are written. */
export const defaultTransports: readonly PartConfig[] = [{ use: 'http' }, { use: 'tcp' }, { use: 'udp' }]
