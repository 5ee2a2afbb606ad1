import { resolve } from 'node:path'
import { isStreamerError, type LoadedConfig, type LoadedPart, type Logger, silentLogger } from '@streamer/core'
import type { BackEnd } from '@streamer/source-libcamera'
import type { CommandLine } from './arguments.js'
import { describeFailure } from './failures.js'
import { load, settingsOf, warnOnStderr } from './load.js'

/** The configuration as far as it matters to cameras. */
export interface CameraSettings {
  /** Undefined when it cannot be used. */
  readonly loaded: LoadedConfig | undefined
  /** Why it cannot be used. */
  readonly problems: readonly string[]
  /** Some stream has a camera of libcamera's, or would take one. */
  readonly wantsCamera: boolean
  /** How cameras are driven. */
  readonly driver: {
    readonly helper: readonly string[] | undefined
    readonly rpicam: string | undefined
    readonly backEnd: BackEnd | undefined
  }
}

/** Reads the configuration; a wrong one keeps nobody from looking for cameras. */
export async function cameraSettings(line: CommandLine): Promise<CameraSettings> {
  const settings = await settingsOf(line)
  warnOnStderr(settings.warnings)
  try {
    const loaded = await load(settings)
    const sources = loaded.streams.flatMap(({ source }) => (source ? [...(source.auto?.candidates ?? []), source] : []))
    const camera = sources.find(({ plugin }) => plugin.name === 'libcamera')
    const driver = camera ? driverOf(camera, loaded.baseDir) : noDriver
    return { loaded, problems: [], wantsCamera: camera !== undefined, driver }
  } catch (error) {
    if (!isStreamerError(error)) throw error
    return { loaded: undefined, problems: describeFailure(error).lines, wantsCamera: true, driver: noDriver }
  }
}

const noDriver = { helper: undefined, rpicam: undefined, backEnd: undefined }

function driverOf({ options }: LoadedPart, baseDir: string): CameraSettings['driver'] {
  const { helper, rpicam, backend } = options as {
    readonly helper?: readonly string[]
    readonly rpicam?: string
    readonly backend?: BackEnd | 'auto'
  }
  const place = (program: string) => (program.includes('/') ? resolve(baseDir, program) : program)
  return {
    helper: helper?.map((word, index) => (index === 0 ? place(word) : word)),
    rpicam: rpicam === undefined ? undefined : place(rpicam),
    backEnd: backend === 'auto' ? undefined : backend
  }
}

/** What takes long, and what is odd, for people at a terminal; standard output is for what was asked for. */
export const stderrLogger: Logger = {
  ...silentLogger,
  info: (message) => warnOnStderr([message]),
  warn: (message) => warnOnStderr([message]),
  error: (message) => warnOnStderr([message]),
  child: () => stderrLogger
}

/** Ends work in time on Ctrl-C, so that a compiler or a camera is not left running; a second one ends us at once. */
export async function untilInterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController()
  const onSignal = () => abort.abort(Object.assign(new Error('interrupted'), { name: 'Interrupted' }))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, onSignal)
  return work(abort.signal)
}

/** Words one behind the other, in lines of at most `width` columns that begin with `indent`, the first one excepted. */
export function wrapped(words: readonly string[], width: number, indent: string): string {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last === undefined || indent.length + last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join(`\n${indent}`)
}
