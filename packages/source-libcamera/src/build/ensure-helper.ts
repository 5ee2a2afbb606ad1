import { readFile, stat } from 'node:fs/promises'
import { type Logger, StreamerError } from '@streamer/core/plugin'
import { type BuildOptions, buildHelper, missingError } from './build-helper.js'
import { cacheFolder } from './cache-folder.js'
import { findBuilt, helperPath, readSources, shippedSources } from './helper-file.js'
import { inspectToolchain, type Toolchain } from './toolchain.js'

/** A failed build is tried again by itself after so long. */
const retryAfterMs = 24 * 60 * 60_000

/** What there is of the helper, and what there is to build it with. */
export interface HelperState {
  /** The helper to run. */
  readonly path: string | undefined
  /** Where helpers are kept. */
  readonly folder: string
  readonly toolchain: Toolchain
  /** Why the last build with these sources and this libcamera failed. */
  readonly failed: string | undefined
}

/** Finds a helper that can be run, and out what is missing for one. Builds nothing. */
export async function inspectHelper(options: BuildOptions = {}): Promise<HelperState> {
  const { env = process.env, sources = shippedSources, signal } = options
  const folder = cacheFolder(env)
  const [toolchain, { hash }] = await Promise.all([inspectToolchain(options), readSources(sources)])
  signal?.throwIfAborted()
  const { libcamera } = toolchain
  const path = await findBuilt({ folder, sourceHash: hash, libcamera, signal })
  const failed =
    path === undefined && libcamera !== undefined
      ? await recentFailure(helperPath({ folder, sourceHash: hash, libcamera }))
      : undefined
  return { path, folder, toolchain, failed }
}

async function recentFailure(path: string): Promise<string | undefined> {
  const note = `${path}.failed`
  const found = await stat(note).catch(() => undefined)
  if (!found || found.mtimeMs < Date.now() - retryAfterMs) return undefined
  return readFile(note, 'utf8').catch(() => undefined)
}

/** The path of a helper for the installed libcamera, or undefined when none is built. */
export async function findHelper(options: BuildOptions = {}): Promise<string | undefined> {
  return (await inspectHelper(options)).path
}

export interface EnsureOptions extends BuildOptions {
  readonly logger: Logger
  /** Whether it may be built now. */
  readonly build: boolean
}

/**
 * The path of a helper that can be run, built first when there is none, what that takes is there, and `build` says so.
 * @throws StreamerError `ERR_CAMERA_HELPER_MISSING` when there is none and it was not tried, with what is missing; `ERR_CAMERA_HELPER_BUILD`
 * when building failed, now or within the last day (`buildHelper` tries in any case); the reason of `signal`.
 */
export async function ensureHelper(options: EnsureOptions): Promise<string> {
  const { logger, build, root } = options
  const { path, toolchain, failed } = await inspectHelper(options)
  if (path !== undefined) return path
  if (toolchain.missing.length > 0) throw await missingError(toolchain, root, 'ERR_CAMERA_HELPER_MISSING')
  if (!build)
    throw new StreamerError(
      'ERR_CAMERA_HELPER_MISSING',
      'the camera helper is not built; `streamer setup-camera` builds it'
    )
  if (failed !== undefined)
    throw new StreamerError('ERR_CAMERA_HELPER_BUILD', `${failed} (\`streamer setup-camera\` tries again)`)
  logger.info(
    `building the camera helper for libcamera ${toolchain.libcamera}; this is done once and takes up to a minute`
  )
  return (await buildHelper(options)).path
}
