import { isAbsolute, resolve } from 'node:path'
import { isStreamerError, StreamerError } from '@streamer/core/plugin'
import { type Launch, planLaunch } from '@streamer/subprocess'
import type { LibcameraConfig } from '../config.js'
import { type Settings, settingArguments } from './settings.js'

/** Whose messages these are. */
export const part = 'source-libcamera'

/** Its name today, and until 2024. */
const names = ['rpicam-vid', 'libcamera-vid']

/**
 * From SIGINT to SIGTERM and from there to SIGKILL, milliseconds. A stalled rpicam-vid ignores SIGINT; with the wait after SIGKILL
 * this stays below the 1500 ms of the core.
 */
export const ladder = { interruptTimeoutMs: 800, terminateTimeoutMs: 300 } as const

/**
 * Finds rpicam-vid.
 * @param rpicam the one to run, a name or a path relative to `cwd`; otherwise it is looked for.
 * @throws StreamerError `ERR_SOURCE_NOT_FOUND` with the package to install.
 */
export async function planRpicam(rpicam: string | undefined, cwd: string, args: readonly string[]): Promise<Launch> {
  let refused: unknown
  for (const name of rpicam === undefined ? names : [rpicam]) {
    try {
      return await planLaunch({ part, command: [name, ...args], cwd })
    } catch (error) {
      if (!isStreamerError(error) || error.code !== 'ERR_SOURCE_NOT_FOUND') throw error
      refused ??= error
    }
  }
  const what =
    rpicam === undefined ? 'there is neither rpicam-vid nor libcamera-vid' : `there is no program "${rpicam}"`
  const text = `${part}: ${what}; install the package rpicam-apps (or rpicam-apps-lite) of Raspberry Pi OS`
  throw new StreamerError('ERR_SOURCE_NOT_FOUND', text, { cause: refused })
}

/**
 * The arguments of one run.
 * @param camera its number.
 * @param metadata the descriptor that metadata go to, where there is one. Never to standard output, where the pictures are.
 */
export function rpicamArguments(
  options: LibcameraConfig,
  baseDir: string,
  camera: number,
  settings: Settings,
  metadata: number | undefined
): string[] {
  const { width, height, framerate, quality, rotation, flipHorizontal, flipVertical, tuningFile } = options
  return [
    ...['-n', '-t', '0', '--codec', 'mjpeg', '--flush', '-o', '-'],
    ...['--width', String(width), '--height', String(height), '--framerate', String(framerate)],
    ...['-q', String(quality), '--camera', String(camera)],
    ...(rotation === 180 ? ['--rotation', '180'] : []),
    ...(flipHorizontal ? ['--hflip'] : []),
    ...(flipVertical ? ['--vflip'] : []),
    ...(tuningFile === undefined
      ? []
      : ['--tuning-file', isAbsolute(tuningFile) ? tuningFile : resolve(baseDir, tuningFile)]),
    ...(metadata === undefined ? [] : ['--metadata', `/dev/fd/${metadata}`, '--metadata-format', 'txt']),
    ...settingArguments(settings)
  ]
}

/**
 * Refuses what rpicam-vid cannot do, instead of doing something else.
 * @throws StreamerError `ERR_CAMERA_UNSUPPORTED`
 */
export function refuseUnsupported({ rotation, output }: LibcameraConfig): void {
  const helper = 'the camera helper can (`streamer setup-camera` builds it)'
  if (rotation === 90 || rotation === 270) {
    throw new StreamerError(
      'ERR_CAMERA_UNSUPPORTED',
      `${part}: rpicam-vid cannot rotate by ${rotation} degrees; ${helper}`
    )
  }
  if (output === 'raw') {
    const text = `${part}: rpicam-vid gives JPEG only, not \`output: raw\`; ${helper}`
    throw new StreamerError('ERR_CAMERA_UNSUPPORTED', text)
  }
}
