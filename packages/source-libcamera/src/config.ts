import { z } from 'zod'

/** How the picture can be turned, clockwise, in degrees. */
export const rotations = [0, 90, 180, 270] as const

/** What a camera can be told in the configuration. */
export const configSchema = z.strictObject({
  camera: z
    .union([z.int().min(0), z.string().min(1)])
    .default(0)
    .meta({ description: 'Which camera: its number in `streamer cameras`, its id, or a part of its id or model.' }),
  width: z
    .int()
    .min(16)
    .max(16384)
    .default(640)
    .meta({ description: 'Width of the picture in pixels, before it is turned.' }),
  height: z
    .int()
    .min(16)
    .max(16384)
    .default(480)
    .meta({ description: 'Height of the picture in pixels, before it is turned.' }),
  framerate: z.number().min(0.1).max(1000).default(30).meta({ description: 'Frames per second.' }),
  quality: z.int().min(1).max(100).default(80).meta({
    description: 'JPEG quality. Default: the quality of the encoder, so that one number in the configuration holds.'
  }),
  output: z.enum(['auto', 'jpeg', 'raw']).default('auto').meta({
    description:
      'jpeg is encoded in the camera helper, raw hands planes to the encoder; auto gives JPEG to a stream that carries JPEG.'
  }),
  rotation: z
    .literal(rotations)
    .default(0)
    .meta({ description: 'Turns the picture clockwise by so many degrees: 0, 90, 180 or 270.' }),
  flipHorizontal: z.boolean().default(false).meta({ description: 'Mirrors the picture, left to right.' }),
  flipVertical: z.boolean().default(false).meta({ description: 'Mirrors the picture, top to bottom.' }),
  turnedBy: z.enum(['camera', 'helper']).default('camera').meta({
    description:
      'Who turns by 180 degrees and mirrors: camera costs nothing; helper is for cameras that say they do it and do not.'
  }),
  controls: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'must be the name of a control'),
      z.union([z.number(), z.boolean(), z.string().regex(/^[\w.+-]{1,64}$/, 'must be a value of a control')])
    )
    .default({})
    .meta({
      description: 'Settings of the camera by name, as `streamer cameras` lists them; they can be changed later.'
    }),
  threads: z.int().min(1).max(4).optional().meta({
    description: 'Threads that encode JPEG in the helper, 1 to 4. Default: the processors of the machine, at most 4.'
  }),
  tuningFile: z.string().min(1).optional().meta({
    description: 'Tuning file of a Raspberry Pi camera, relative to the folder of the configuration.'
  }),
  backend: z.enum(['auto', 'helper', 'rpicam']).default('auto').meta({
    description:
      'helper is the program that `streamer setup-camera` builds; rpicam runs rpicam-vid; auto prefers the helper and falls back to rpicam-vid.'
  }),
  helper: z.array(z.string().min(1)).min(1).optional().meta({
    description: 'A program (and arguments) to run in place of the helper that was built, as in a container.'
  }),
  rpicam: z.string().min(1).optional().meta({
    description: 'The rpicam-vid to run. Default: rpicam-vid, else libcamera-vid, from the PATH.'
  })
})

/** Options as people write them, all of them optional. */
export type LibcameraOptions = z.input<typeof configSchema>

/** Validated options with their defaults. */
export type LibcameraConfig = z.output<typeof configSchema>
