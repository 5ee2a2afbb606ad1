import { type Logger, StreamerError, silentLogger } from '@streamer/core/plugin'
import { CommandProcess, type Exit, type Launch, LineLog } from '@streamer/subprocess'
import type { LibcameraConfig } from '../config.js'
import { pickCamera } from '../pick-camera.js'
import { failureOf } from './failures.js'
import { ladder, part, planRpicam } from './program.js'

/** A camera as rpicam-vid lists it. */
export interface RpicamCamera {
  /** What `--camera` wants. */
  readonly index: number
  /** libcamera's, which stays the same: the place where it is connected. */
  readonly id: string
  /** Of the sensor: `imx708`. */
  readonly model: string
  /** Sizes in pixels that the sensor itself has; any other can be asked for. */
  readonly modes: ReadonlyArray<{ readonly width: number; readonly height: number }>
}

/** Looking for cameras takes a second or two on a Raspberry Pi. */
const listTimeoutMs = 10_000
/** More is no list. */
const maxListLength = 1024 * 1024

/**
 * The cameras that rpicam-vid finds.
 * @param rpicam the program, default: rpicam-vid, else libcamera-vid, from the PATH.
 * @param signal ends it early.
 * @throws StreamerError `ERR_SOURCE_NOT_FOUND` without such a program, `ERR_CAMERA_TIMEOUT` when it does not end, others when it fails;
 *   the reason of `signal` when that is aborted.
 */
export async function listRpicamCameras(
  rpicam: string | undefined,
  signal?: AbortSignal,
  timeoutMs = listTimeoutMs
): Promise<RpicamCamera[]> {
  const launch = await planRpicam(rpicam, process.cwd(), ['--list-cameras'])
  return parseCameras(await outputOf(launch, silentLogger, signal, timeoutMs))
}

/**
 * The number of the camera that is meant: `wanted` itself, or that of the one with this id, or with this in its id or model.
 * @throws StreamerError `ERR_CAMERA_NOT_FOUND`, and as `listRpicamCameras`.
 */
export async function cameraNumber(
  options: LibcameraConfig,
  baseDir: string,
  logger: Logger,
  signal: AbortSignal
): Promise<number> {
  const { camera: wanted, rpicam } = options
  if (typeof wanted === 'number') return wanted
  if (/^\d+$/.test(wanted)) return Number(wanted)
  const launch = await planRpicam(rpicam, baseDir, ['--list-cameras'])
  const cameras = parseCameras(await outputOf(launch, logger, signal, listTimeoutMs))
  const found = pickCamera(cameras, wanted)
  if (found) return found.index
  const known = cameras.map(({ id, model }) => `${model} (${id})`).join(', ')
  const text = `${part}: there is no camera "${wanted}", ${known === '' ? 'nor any other' : `only ${known}`}`
  throw new StreamerError('ERR_CAMERA_NOT_FOUND', text)
}

/** Reads what `--list-cameras` prints. */
export function parseCameras(text: string): RpicamCamera[] {
  const cameras: Array<RpicamCamera & { modes: Array<{ width: number; height: number }> }> = []
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*(\d+) : (.+) \(([^()]+)\)\s*$/.exec(line)
    if (head) {
      const [, index, name = '', id = ''] = head
      // Behind the model stands in brackets what is known of the sensor; where that is nothing, the closing one alone.
      cameras.push({ index: Number(index), id, model: name.replace(/ (\[[^\]]*)?\]$/, ''), modes: [] })
      continue
    }
    const modes = cameras.at(-1)?.modes
    // Sizes after the first format, or below it; in brackets behind each are its frame rate and crop.
    for (const [, width, height] of line.replace(/\[[^\]]*\]/g, '').matchAll(/(?<=\s)(\d+)x(\d+)(?=\s|$)/g)) {
      const mode = { width: Number(width), height: Number(height) }
      if (!modes?.some((known) => known.width === mode.width && known.height === mode.height)) modes?.push(mode)
    }
  }
  return cameras
}

/** Runs it to its end. */
async function outputOf(
  launch: Launch,
  logger: Logger,
  signal: AbortSignal | undefined,
  timeoutMs: number
): Promise<string> {
  signal?.throwIfAborted()
  let text = ''
  const lines = new LineLog(logger)
  const { promise: ended, resolve: onEnd } = withResolvers<Exit>()
  const child = new CommandProcess(launch, {
    ...ladder,
    // There is no camera to be left in order.
    interruptTimeoutMs: 0,
    output: (chunk) => {
      if (text.length < maxListLength) text += chunk.toString('latin1')
    },
    onError: (chunk) => lines.push(chunk),
    onEnd
  })
  let isLate = false
  const stop = (): void => void child.stop().then(() => onEnd({ code: null, signal: null }))
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, timeoutMs)
  signal?.addEventListener('abort', stop)
  try {
    await child.start()
    if (signal?.aborted) stop()
    const exit = await ended
    lines.close()
    signal?.throwIfAborted()
    if (isLate) {
      const why = `${launch.label} did not list the cameras within ${timeoutMs / 1000} s`
      throw new StreamerError('ERR_CAMERA_TIMEOUT', `${part}: ${why}`)
    }
    if (exit.code !== 0) throw failureOf(launch.label, exit, lines.last)
    return text
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((yes) => {
    resolve = yes
  })
  return { promise, resolve }
}
