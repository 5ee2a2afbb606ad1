/**
 * The camera helper is a C++ program that is compiled where it runs, because every minor release of libcamera breaks what was linked to the
 * one before. Here it is found, built, and built anew when the installed libcamera or its own sources have changed.
 *
 * ```ts
 * import { ensureHelper } from '@streamer/source-libcamera/build'
 *
 * const path = await ensureHelper({ logger, signal, build: true })
 * ```
 * @packageDocumentation
 */
export { type BuildOptions, type BuiltHelper, buildHelper } from './build-helper.js'
export { cacheFolder } from './cache-folder.js'
export { type EnsureOptions, ensureHelper, findHelper, type HelperState, inspectHelper } from './ensure-helper.js'
export {
  askVersion,
  type HelperIdentity,
  type HelperVersion,
  helperPath,
  helperProtocol,
  type Unusable
} from './helper-file.js'
export {
  inspectToolchain,
  installText,
  missingText,
  type Requirement,
  type Toolchain,
  type ToolchainOptions
} from './toolchain.js'
