/**
 * A test camera: a moving picture with frame number and time, of any size and rate, with faults on request.
 *
 * ```ts
 * import { FakeCamera } from '@streamer/source-fake'
 *
 * const camera = new FakeCamera({ width: 320, height: 240, framerate: 10 })
 * await camera.start({
 *   signal: new AbortController().signal,
 *   fail: (error) => console.error(error.message),
 *   push: (frame) => console.log(`frame ${frame.sequence}: ${frame.width}x${frame.height}`)
 * })
 * setTimeout(() => camera.stop(), 1000)
 * ```
 * @packageDocumentation
 */
import { defineSource } from '@streamer/core/plugin'
import { FakeCamera } from './camera.js'
import { configSchema, type FakeCameraConfig } from './config.js'

/** The plugin behind `use: fake`. */
export default defineSource<FakeCameraConfig>({
  name: 'fake',
  description: 'A test camera: a moving picture with frame number and time.',
  supports: { frames: ['raw', 'mjpeg'], controls: true, alwaysStarts: true },
  configSchema,
  create: (options) => new FakeCamera(options)
})

export { FakeCamera } from './camera.js'
export { configSchema, type FakeCameraConfig, type FakeCameraOptions, type Pattern, patterns } from './config.js'
export type { Clock } from './schedule.js'
