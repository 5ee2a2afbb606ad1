// @ts-check
import { z } from 'zod'

/** Pictures per second, as an option and as a live control. */
export const framerateRange = { minimum: 0.001, maximum: 120 }

/** The options of `use: picture-folder`. */
export const configSchema = z.strictObject({
  folder: z.string().min(1).meta({
    description: 'Folder with the pictures (.jpg, .jpeg), relative to the folder of the configuration file.'
  }),
  framerate: z.number().min(framerateRange.minimum).max(framerateRange.maximum).default(10).meta({
    description: 'Pictures per second; 0.2 is one every five seconds. Programs can change it while it runs.'
  }),
  order: z.enum(['name', 'mtime']).default('name').meta({
    description: 'By name (img-9 before img-10), or by the time at which they were last changed.'
  }),
  loop: z.boolean().default(true).meta({
    description: 'Begin again after the last picture. Otherwise that one stays until newer ones follow.'
  }),
  maxFrameBytes: z
    .int()
    .min(1024)
    .max(256 * 1024 * 1024)
    .default(32 * 1024 * 1024)
    .meta({ description: 'A picture with more bytes than this is left out.' })
})

/** @typedef {z.output<typeof configSchema>} PictureFolderOptions the options with their defaults. */
