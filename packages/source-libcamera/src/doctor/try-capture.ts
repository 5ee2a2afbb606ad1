import { type SourceRun, StreamerError, silentLogger } from '@streamer/core/plugin'
import { configSchema } from '../config.js'
import { HelperSource } from '../helper-source.js'
import type { TryCapture } from './gather.js'

/** From the start of the camera to the last frame that is waited for. */
const framesLimitMs = 5000
const framesWanted = 3

/**
 * Takes a few frames as the server would, and drops them.
 * @throws what the camera gives, `ERR_CAMERA_TIMEOUT` when no frames come; the reason of `signal`.
 */
export const tryCapture: TryCapture = async (camera, helper, signal) => {
  signal?.throwIfAborted()
  const source = new HelperSource(
    configSchema.parse({ camera: camera.id, helper: [...helper] }),
    process.cwd(),
    silentLogger
  )
  const abort = new AbortController()
  const stop = () => abort.abort(signal?.reason)
  signal?.addEventListener('abort', stop)
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      let frames = 0
      const run: SourceRun = {
        signal: abort.signal,
        fail: reject,
        push: () => {
          if (++frames === framesWanted) resolve()
        }
      }
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason))
      source.start(run).then(() => {
        const text = `${frames} of ${framesWanted} frames came within ${framesLimitMs / 1000} s`
        timer = setTimeout(() => reject(new StreamerError('ERR_CAMERA_TIMEOUT', text)), framesLimitMs)
      }, reject)
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    await source.stop()
  }
}
