import { randomBytes } from 'node:crypto'
import { chmod, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StreamerError } from '@streamer/core/plugin'
import { cacheFolder, folderError, makeCacheFolder } from './cache-folder.js'
import { compilerFailure, isLasting } from './compiler-failure.js'
import { askVersion, helperPath, namePrefix, readSources, shippedSources } from './helper-file.js'
import { type ProgramResult, type RunOptions, runProgram } from './run-program.js'
import { SharedWork } from './shared-work.js'
import { inspectToolchain, installText, missingText, type Toolchain } from './toolchain.js'

export interface BuildOptions {
  /** Stops the build; when several wait for the same one, the last of them does. */
  readonly signal?: AbortSignal | undefined
  /** Where variables are read: `STREAMER_CACHE_DIR`, `CXX`, `CXXFLAGS`, `PKG_CONFIG` and their like. Default: those of this process. */
  readonly env?: NodeJS.ProcessEnv
  /** Folder with the helper's C++ files. Default: those of this package. */
  readonly sources?: string
  /** Folder that stands for `/` where system files are looked for. Default: `/`. */
  readonly root?: string
}

/** A helper that was built. */
export interface BuiltHelper {
  readonly path: string
  /** Version of the libcamera that it was built for. */
  readonly libcamera: string
}

/** A Raspberry Pi Zero with swap is slow, but not that slow. */
const buildLimitMs = 10 * 60_000
const queryLimitMs = 10_000
/** What was left by a build that was killed is removed after so long. */
const leftoverAgeMs = 60 * 60_000

const builds = new SharedWork<BuiltHelper>()

/**
 * Builds the camera helper, also when there is one, and removes those that it replaces. Within a process one build at a time is done for all
 * who ask; several processes do not disturb each other.
 * @throws StreamerError `ERR_CAMERA_HELPER_BUILD` that says what is missing and which command mends it; the reason of `signal`.
 */
export async function buildHelper(options: BuildOptions = {}): Promise<BuiltHelper> {
  const { env = process.env, sources = shippedSources, signal } = options
  const key = [cacheFolder(env), sources, env.CXX, env.CXXFLAGS, env.PKG_CONFIG].join('\0')
  return builds.run(key, signal, (shared) => build({ ...options, signal: shared }))
}

async function build(options: BuildOptions): Promise<BuiltHelper> {
  const { env = process.env, sources = shippedSources, signal } = options
  const startedAtMs = Date.now()
  const [toolchain, { files, hash }] = await Promise.all([inspectToolchain(options), readSources(sources)])
  const { libcamera } = toolchain
  if (toolchain.missing.length > 0 || libcamera === undefined) throw await missingError(toolchain, options.root)
  const folder = cacheFolder(env)
  await makeCacheFolder(folder)
  const path = helperPath({ folder, sourceHash: hash, libcamera })
  const temporary = join(folder, `${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`)
  const running: RunOptions = { env, timeLimitMs: buildLimitMs, ...(signal && { signal }) }
  try {
    // Not writable is told better by us than by the linker, and before a minute of compiling.
    await writeFile(temporary, '', { flag: 'wx' }).catch((error: unknown) => {
      throw folderError(folder, error)
    })
    const result = await runProgram(
      [
        ...toolchain.compiler,
        ...['-std=c++17', '-O2', ...toolchain.flags, ...files, '-o', temporary],
        ...(await libraryFlags(toolchain, running)),
        '-pthread'
      ],
      running
    )
    if (result.exitCode !== 0) {
      const failure = compilerFailure(toolchain.compiler[0] ?? 'g++', result)
      if (isLasting(result)) await noteFailure(path, failure.message)
      throw failure
    }
    // Some tools keep the rights of the file that they write over.
    await chmod(temporary, 0o755).catch(() => {})
    const version = await askVersion(temporary, signal)
    if ('problem' in version) {
      const message = `cannot build the camera helper: it was built but does not run: ${version.problem}`
      await noteFailure(path, message)
      throw new StreamerError('ERR_CAMERA_HELPER_BUILD', message)
    }
    await rename(temporary, path).catch((error: unknown) => {
      throw folderError(folder, error)
    })
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
  await removeOthers(folder, basename(path), startedAtMs)
  return { path, libcamera }
}

/** Why nothing can be built, with the command that mends it. */
export async function missingError(
  { missing }: Toolchain,
  root: string | undefined,
  code: 'ERR_CAMERA_HELPER_BUILD' | 'ERR_CAMERA_HELPER_MISSING' = 'ERR_CAMERA_HELPER_BUILD'
): Promise<StreamerError> {
  const deed = code === 'ERR_CAMERA_HELPER_BUILD' ? 'cannot build the camera helper' : 'the camera helper is not built'
  return new StreamerError(code, `${deed}: ${missingText(missing)}; ${await installText(missing, root)}`)
}

async function libraryFlags({ pkgConfig }: Toolchain, running: RunOptions): Promise<string[]> {
  const command = [...pkgConfig, '--cflags', '--libs', 'libcamera', 'libjpeg']
  const result: ProgramResult = await runProgram(command, { ...running, timeLimitMs: queryLimitMs })
  if (result.exitCode !== 0) {
    const said = result.stderr.trim().split('\n')[0] ?? ''
    throw new StreamerError(
      'ERR_CAMERA_HELPER_BUILD',
      `cannot build the camera helper: ${command.join(' ')} fails: ${said}`
    )
  }
  // pkg-config writes a blank within a path with a backslash before it.
  return (result.stdout.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\(.)/g, '$1'))
}

/** So that a server that starts again and again does not compile for a minute each time. */
async function noteFailure(path: string, message: string): Promise<void> {
  await writeFile(`${path}.failed`, message).catch(() => {})
}

/** Removes helpers that were there before this build, and what builds that were killed left; not what another one is making just now. */
async function removeOthers(folder: string, own: string, startedAtMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(namePrefix) || name === own) continue
    const path = join(folder, name)
    const { mtimeMs } = (await stat(path).catch(() => undefined)) ?? { mtimeMs: Number.POSITIVE_INFINITY }
    const isOld = name.endsWith('.tmp') ? mtimeMs < Date.now() - leftoverAgeMs : mtimeMs < startedAtMs
    if (isOld || name === `${own}.failed`) await rm(path, { force: true }).catch(() => {})
  }
}
