/**
 * Any command that writes MJPEG (JPEG pictures, one behind the other) to its standard output, as a camera.
 *
 * ```yaml
 * source:
 *   use: command
 *   command: [ffmpeg, -loglevel, warning, -re, -f, lavfi, -i, 'testsrc2=size=640x480:rate=30', -f, mjpeg, -q:v, 5, '-']
 * ```
 *
 * In a program:
 *
 * ```ts
 * import commandPlugin, { configSchema } from '@streamer/source-command'
 *
 * const options = configSchema.parse({ command: ['rpicam-vid', '-t', '0', '-n', '--codec', 'mjpeg', '-o', '-'] })
 * const source = commandPlugin.create(options, context)
 * ```
 * @packageDocumentation
 */
import { defineSource, type SourcePlugin } from '@streamer/core/plugin'
import { type CommandOptions, configSchema } from './config.js'
import { CommandSource } from './source.js'

const plugin: SourcePlugin<CommandOptions> = defineSource({
  name: 'command',
  description: 'Any command that writes MJPEG to its standard output, such as ffmpeg, GStreamer or rpicam-vid.',
  supports: { frames: ['mjpeg'] },
  configSchema,
  create: (options, { baseDir, logger }) => new CommandSource(options, baseDir, logger)
})

export default plugin
export { type CommandOptions, configSchema } from './config.js'
export { CommandSource } from './source.js'
