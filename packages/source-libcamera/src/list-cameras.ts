import { type Control, isStreamerError, type Logger, StreamerError } from '@streamer/core/plugin'
import { z } from 'zod'
import { ensureHelper } from './build/index.js'
import { lastLine, runProgram } from './build/run-program.js'
import { describeControl } from './control-words.js'
import { helperError, type OfferedControl } from './helper-events.js'

/** A size that a camera can take pictures in. */
export interface CameraMode {
  /** FFmpeg's name: `nv12`, `yuv420p`. Undefined for sizes of the sensor itself, which is what rpicam-vid lists. */
  readonly pixelFormat?: string
  readonly width: number
  readonly height: number
}

/** A camera as it is listed. */
export interface CameraInfo {
  /** The same whenever the camera is at the same place. */
  readonly id: string
  readonly model: string
  /** `front`, `back` or `external`. */
  readonly location?: string | undefined
  /** How it is mounted, in degrees. */
  readonly rotation?: number | undefined
  readonly modes: readonly CameraMode[]
  /** What can be set while it runs. */
  readonly controls: readonly Control[]
}

/** What runs cameras: our own program, or rpicam-vid. */
export type BackEnd = 'helper' | 'rpicam'

export interface CameraList {
  readonly backEnd: BackEnd
  /** Version of libcamera, as far as it is known. */
  readonly libcamera?: string
  /** In the order of their numbers. */
  readonly cameras: readonly CameraInfo[]
}

export interface ListOptions {
  /** A program (and arguments) in place of the helper that was built. */
  readonly helper?: readonly string[] | undefined
  /** The rpicam-vid to run. */
  readonly rpicam?: string | undefined
  readonly logger: Logger
  readonly signal?: AbortSignal | undefined
  /** Whether the helper may be built when there is none. Default: false. */
  readonly build?: boolean
  /** Which of them to ask. Default: the helper, else rpicam-vid. */
  readonly backEnd?: BackEnd | undefined
  /** In place of our own, for tests. */
  readonly find?: typeof ensureHelper
  /** In place of our own, for tests. */
  readonly listRpicam?: RpicamLister
}

/** Lists cameras by rpicam-vid; rejects when there is none. */
export type RpicamLister = (
  rpicam: string | undefined,
  signal?: AbortSignal
) => Promise<ReadonlyArray<Pick<CameraInfo, 'id' | 'model' | 'modes'>>>

/** A camera stack that hangs does so for ever. */
const listLimitMs = 10_000
const maxListBytes = 4 * 1024 * 1024

const controlSchema = z.object({
  name: z.string(),
  type: z.enum(['integer', 'number', 'boolean', 'enum']),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  default: z.union([z.number(), z.boolean(), z.string()]),
  values: z.array(z.string()).optional()
})
const listSchema = z.object({
  libcamera: z.string(),
  cameras: z.array(
    z.object({
      id: z.string(),
      model: z.string(),
      location: z.string().optional(),
      rotation: z.number().optional(),
      modes: z.array(z.object({ pixelFormat: z.string(), width: z.number(), height: z.number() })),
      controls: z.array(controlSchema)
    })
  )
})
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/**
 * The cameras there are, with what each of them can do. Asks the helper; where there is none and none can be built, rpicam-vid.
 * @returns an empty list when there is no camera.
 * @throws StreamerError `ERR_CAMERA_HELPER_MISSING` or `ERR_CAMERA_HELPER_BUILD` when there is neither, `ERR_CAMERA_TIMEOUT`,
 * `ERR_CAMERA_PERMISSION`, `ERR_CAMERA_FAILED`; the reason of `signal`.
 */
export async function listCameras(options: ListOptions): Promise<CameraList> {
  const { helper, logger, signal, build = false, backEnd, find = ensureHelper } = options
  if (backEnd === 'rpicam') return listByRpicam(options)
  if (helper) return listByHelper(helper, signal)
  let path: string
  try {
    path = await find({ logger, signal, build })
  } catch (error) {
    if (!isStreamerError(error) || !/^ERR_CAMERA_HELPER_/.test(error.code) || backEnd === 'helper') throw error
    logger.debug(`no camera helper, so rpicam-vid is asked: ${error.message}`)
    return listByRpicam(options).catch((failure: unknown) => {
      signal?.throwIfAborted()
      // Most people have neither, and the helper is what they want.
      logger.debug(`rpicam-vid lists no cameras: ${(failure as Error).message}`)
      throw error
    })
  }
  return listByHelper([path], signal)
}

async function listByHelper(command: readonly string[], signal: AbortSignal | undefined): Promise<CameraList> {
  const result = await runProgram([...command, 'list'], {
    timeLimitMs: listLimitMs,
    maxOutputBytes: maxListBytes,
    ...(signal && { signal })
  })
  const { startError, cut, exitCode, stdout, stderr } = result
  const said = lastLine(stderr)
  const failure = (code: string, text: string) =>
    new StreamerError(code, `cannot list the cameras: ${text}${said ? ` (${said})` : ''}`)
  if (startError) {
    const reason = startError.code === 'ENOENT' ? 'no such program' : startError.message
    throw failure('ERR_CAMERA_HELPER_MISSING', `cannot run "${command[0]}": ${reason}`)
  }
  if (cut === 'time')
    throw failure('ERR_CAMERA_TIMEOUT', `no answer for ${listLimitMs / 1000} s; the camera stack hangs`)
  if (cut === 'output') throw failure('ERR_CAMERA_FAILED', `the camera helper wrote more than ${maxListBytes} bytes`)
  // Of the dynamic linker: the libcamera that it was built for is gone.
  if (exitCode === 127 && /shared librar/.test(stderr))
    throw failure('ERR_CAMERA_HELPER_MISSING', 'the camera helper does not fit the installed libcamera')
  if (exitCode === null) throw failure('ERR_CAMERA_FAILED', `the camera helper was ended by ${result.signal}`)
  const answer = parsed(stdout)
  const refused = errorSchema.safeParse(answer)
  if (refused.success) {
    const { code, message } = refused.data.error
    throw helperError({ code, message: `cannot list the cameras: ${message}` })
  }
  if (exitCode !== 0) throw failure('ERR_CAMERA_FAILED', `the camera helper ended with exit code ${exitCode}`)
  const list = listSchema.safeParse(answer)
  if (!list.success) {
    const shown = JSON.stringify(stdout.trim().slice(0, 60))
    throw failure('ERR_CAMERA_FAILED', `the camera helper gave no list: ${stdout === '' ? 'it wrote nothing' : shown}`)
  }
  const { libcamera, cameras } = list.data
  return { backEnd: 'helper', libcamera, cameras: cameras.map(described) }
}

/** The words for people are ours. */
function described(camera: z.output<typeof listSchema>['cameras'][number]): CameraInfo {
  const controls = camera.controls.flatMap((control) => describeControl(control as OfferedControl) ?? [])
  return { ...camera, controls }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function listByRpicam(options: ListOptions): Promise<CameraList> {
  const { rpicam, signal, listRpicam = (await import('./rpicam/index.js')).listRpicamCameras } = options
  const cameras = await listRpicam(rpicam, signal)
  // What they can be told, only libcamera itself knows.
  return { backEnd: 'rpicam', cameras: cameras.map(({ id, model, modes }) => ({ id, model, modes, controls: [] })) }
}
