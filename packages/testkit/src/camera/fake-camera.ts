import type { EncodedFrame, RawFrame } from '@streamer/core/plugin'
import type { FakeCameraOptions } from '@streamer/source-fake'
import { SteerableFakeCamera } from './steerable-fake-camera.js'

/** What `fakeCamera` may be told; all of it optional. */
export interface SteerableFakeCameraOptions
  extends Pick<FakeCameraOptions, 'width' | 'height' | 'framerate' | 'quality' | 'pattern' | 'brightness'> {
  /** Width of the picture in pixels, 16 to 3840. Default 320. */
  readonly width?: number
  /** Height of the picture in pixels, 16 to 2160. Default 240. */
  readonly height?: number
  /** Frames per second. Default 30. Without effect when it is `manual`. */
  readonly framerate?: number
  /**
   * `jpeg`: it encodes like a camera with an encoder of its own, and each frame goes straight to the clients. `raw`: rgb24 for the stream's encoder, which
   * loses what comes while it starts. Default `jpeg`.
   */
  readonly output?: 'jpeg' | 'raw'
  /** No frame comes by itself, only by `step()`. Default false. */
  readonly manual?: boolean
}

/**
 * A camera for tests: real pictures, each with its number in it, when the test wants them, with faults when the test wants those. A `Source` to put
 * anywhere: `startStreamer({ camera })`, or `compose(config, { override: [[SOURCE, camera]] })`. It is for one stream.
 *
 * ```ts
 * const camera = fakeCamera({ manual: true })
 * await using server = await startStreamer({ camera })
 * const viewer = await server.watch()
 * const frame = await camera.step()
 * assert.deepEqual(await viewer.next(), frame.data)
 * ```
 * @throws ZodError for options that are not allowed.
 */
export function fakeCamera(
  options?: SteerableFakeCameraOptions & { readonly output?: 'jpeg' }
): SteerableFakeCamera<EncodedFrame>
/** One that gives raw frames. */
export function fakeCamera(
  options: SteerableFakeCameraOptions & { readonly output: 'raw' }
): SteerableFakeCamera<RawFrame>
export function fakeCamera(options: SteerableFakeCameraOptions = {}): SteerableFakeCamera<EncodedFrame | RawFrame> {
  const { manual = false, ...picture } = options
  return new SteerableFakeCamera({ width: 320, height: 240, output: 'jpeg', ...picture }, manual)
}
