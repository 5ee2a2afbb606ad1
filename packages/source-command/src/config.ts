import { defaultMaxFrameBytes } from '@streamer/jpeg-splitter'
import { z } from 'zod'

const listExample = '[ffmpeg, -i, video.mp4, -f, mjpeg, pipe:1]'

/** YAML reads `30` as a number, so numbers are taken as the text that they were most likely written as. */
const argument = z
  .union([z.string(), z.number()], { error: 'each argument must be text or a number; put it in quotes' })
  .transform(String)

/** The options of `use: command`. */
export const configSchema = z
  .strictObject({
    command: z
      .array(argument, {
        error: ({ input }) =>
          typeof input === 'string'
            ? `must be a list of the program and its arguments, as in ${listExample}; for a line that a shell reads, use \`shell\``
            : `must be a list of the program and its arguments, as in ${listExample}`
      })
      .min(1, 'must name a program')
      .refine((command) => command[0] !== '', 'must begin with the name of a program')
      .refine((command) => !command.some(hasNul), 'must not contain a NUL character')
      .optional()
      .meta({
        description:
          'Program and arguments that write JPEG pictures, one behind the other, to standard output. No shell reads them. Either this or `shell`.'
      }),
    shell: z
      .string()
      .refine((line) => line.trim() !== '', 'must not be empty')
      .refine((line) => !hasNul(line), 'must not contain a NUL character')
      .optional()
      .meta({
        description: 'A line for /bin/sh that does the same, for pipes and variables. Either this or `command`.'
      }),
    cwd: z
      .string()
      .min(1)
      .default('.')
      .meta({ description: 'Folder in which the command runs, relative to the folder of the configuration file.' }),
    env: z
      .record(z.string().regex(/^[^=\0]+$/, 'must be the name of a variable'), argument)
      .default({})
      .meta({ description: 'Environment variables for the command, besides those of Streamer itself.' }),
    interruptTimeoutMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(800)
      .meta({ description: 'Milliseconds from SIGINT to SIGTERM when the command is stopped; 0 leaves SIGINT out.' }),
    terminateTimeoutMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(400)
      .meta({ description: 'Milliseconds from SIGTERM to SIGKILL when the command is stopped; 0 leaves SIGTERM out.' }),
    maxFrameBytes: z
      .int()
      .min(1024)
      .max(1024 * 1024 * 1024)
      .default(defaultMaxFrameBytes)
      .meta({ description: 'A JPEG with more bytes than this is dropped.' })
  })
  .superRefine((options, context) => {
    if ((options.command === undefined) === (options.shell === undefined)) {
      const which = options.command ? 'has both `command` and `shell`' : 'has neither `command` nor `shell`'
      context.addIssue({
        code: 'custom',
        message: `${which}; give one of them, as in \`command: ${listExample}\``
      })
    }
  })

/** The validated options of `use: command`. */
export type CommandOptions = z.output<typeof configSchema>

function hasNul(text: string): boolean {
  return text.includes('\0')
}
