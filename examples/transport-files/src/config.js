// @ts-check
import { z } from 'zod'

/** The options of `use: files`. */
export const configSchema = z.strictObject({
  folder: z.string().min(1).meta({
    description:
      'Where the files go, relative to the folder of the configuration file; each stream gets a folder in it.'
  }),
  mode: z.enum(['pictures', 'clips']).default('pictures').meta({
    description: 'A file (.jpg) for each picture, or files (.mjpeg) with many, one behind the other.'
  }),
  every: z.int().min(1).max(1_000_000).default(1).meta({ description: 'Keep one of so many pictures.' }),
  framerate: z.number().min(0.001).max(1000).optional().meta({
    description: 'Pictures per second at most, before `every`; 0.1 is one every ten seconds. Default: all.'
  }),
  clipSeconds: z.number().min(1).max(86_400).default(60).meta({
    description: 'How long a clip is. It ends sooner when it has a tenth of `maxBytes`.'
  }),
  keep: z.int().min(1).max(1_000_000).default(1000).meta({
    description: 'Files of each stream at most; the oldest one is deleted for the next.'
  }),
  maxBytes: z
    .int()
    .min(1_000_000)
    .default(1_000_000_000)
    .meta({ description: 'Bytes in the files of each stream at most; the oldest ones are deleted for the next.' })
})

/** @typedef {z.output<typeof configSchema>} FilesOptions the options with their defaults. */
