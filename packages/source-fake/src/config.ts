import { z } from 'zod'

/** What can be drawn behind the moving parts. */
export const patterns = ['bars', 'gradient', 'black'] as const

/** One of `patterns`. */
export type Pattern = (typeof patterns)[number]

const frames = z.int().min(0)

const faultsSchema = z.strictObject({
  stallAfter: frames
    .optional()
    .meta({ description: 'After this many frames of a run no more come, and no error is reported.' }),
  crashAfter: frames.optional().meta({ description: 'After this many frames of a run the camera fails.' }),
  truncateAfter: frames
    .optional()
    .meta({ description: 'After this many frames of a run every JPEG is cut in half; needs `output: jpeg`.' }),
  failStarts: z.int().min(0).default(0).meta({ description: 'The first starts of the camera that are refused.' }),
  runs: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'Only the first runs stall, crash or truncate; refused starts are no runs. Default: all.' })
})

/** What the camera can be told in the configuration. */
export const configSchema = z
  .strictObject({
    width: z.int().min(16).max(3840).default(640).meta({ description: 'Width of the picture in pixels.' }),
    height: z.int().min(16).max(2160).default(480).meta({ description: 'Height of the picture in pixels.' }),
    framerate: z.number().positive().max(240).default(30).meta({ description: 'Frames per second.' }),
    output: z
      .enum(['raw', 'jpeg'])
      .default('raw')
      .meta({ description: 'raw gives rgb24 to an encoder; jpeg encodes like a camera that has its own encoder.' }),
    quality: z.int().min(1).max(100).default(80).meta({ description: 'JPEG quality with `output: jpeg`.' }),
    pattern: z.enum(patterns).default('bars').meta({
      description:
        'What is drawn behind the moving parts. Programs can change it while running, through `stream.controls`.'
    }),
    brightness: z.number().min(-1).max(1).default(0).meta({
      description:
        'Brightness of the pattern, 0 as it is. Programs can change it while running, through `stream.controls`.'
    }),
    faults: faultsSchema.prefault({}).meta({ description: 'Faults on purpose, to test everything else.' })
  })
  .refine(({ output, faults }) => output === 'jpeg' || faults.truncateAfter === undefined, {
    path: ['faults', 'truncateAfter'],
    error: 'Only a JPEG can be truncated: set `output: jpeg`'
  })

/** Options as people write them, all of them optional. */
export type FakeCameraOptions = z.input<typeof configSchema>

/** Validated options with their defaults. */
export type FakeCameraConfig = z.output<typeof configSchema>
