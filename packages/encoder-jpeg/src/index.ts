/**
 * Raw frames to JPEG with libjpeg-turbo, off the main thread.
 *
 * ```ts
 * import { JpegEncoder } from '@streamer/encoder-jpeg'
 *
 * const encoder = new JpegEncoder({ quality: 90 })
 * await encoder.start({
 *   signal: new AbortController().signal,
 *   fail: (error) => console.error(error.message),
 *   push: (frame) => console.log(`frame ${frame.sequence}: ${frame.data.length} bytes`)
 * })
 * const planes = [{ data: new Uint8Array(640 * 480), stride: 640 }]
 * encoder.push({ kind: 'raw', pixelFormat: 'gray', planes, sequence: 0, timestampUs: 0, width: 640, height: 480 })
 * await encoder.controls.set({ quality: 50 })
 * ```
 * @packageDocumentation
 */
import { defineEncoder } from '@streamer/core/plugin'
import { configSchema, type JpegEncoderOptions } from './config.js'
import { JpegEncoder } from './encoder.js'

/** The plugin behind `use: jpeg`. */
export default defineEncoder<JpegEncoderOptions>({
  name: 'jpeg',
  description: 'Raw frames to JPEG with libjpeg-turbo; JPEG frames pass untouched.',
  supports: { pixelFormats: ['rgb24', 'bgr24', 'rgba', 'bgra', 'gray'], controls: true },
  configSchema,
  create: (options, { logger }) => new JpegEncoder(options, logger)
})

export { configSchema, type JpegEncoderOptions } from './config.js'
export { JpegEncoder } from './encoder.js'
