import { z } from 'zod'

/** What the encoder can be told in the configuration. */
export const configSchema = z.strictObject({
  quality: z.int().min(1).max(100).default(80).meta({
    description:
      'JPEG quality; higher looks better and is larger. Programs can change it while running, through `stream.controls`.'
  }),
  subsampling: z
    .enum(['420', '422', '444'])
    .default('420')
    .meta({ description: 'How finely colour is kept: 420 for a quarter of the pixels, 422 for half, 444 for all.' }),
  maxInFlight: z
    .int()
    .min(1)
    .max(4)
    .default(2)
    .meta({ description: 'Frames that are encoded at the same time when one core cannot keep up.' })
})

/** Validated options. */
export type JpegEncoderOptions = z.output<typeof configSchema>
