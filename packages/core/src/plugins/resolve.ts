import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { moduleResolve } from 'import-meta-resolve'
import { nearestKey } from '../config/problems.js'
import { type PluginKind, StreamerError } from '../plugin/index.js'

/** Where a plugin was found. */
export interface ResolvedPlugin {
  /** `file:` URL of the module. */
  readonly url: string
  /** Name of its package, or the path as written when it is in none. */
  readonly packageName: string
  readonly version: string | undefined
}

/** The plugins that come with Streamer, by kind; `auto` is in the core, see `loadAuto`. */
export const shippedPlugins: Readonly<Record<PluginKind, readonly string[]>> = {
  source: ['auto', 'libcamera', 'fake', 'command'],
  encoder: ['jpeg'],
  transport: ['http', 'tcp', 'udp']
}

/** Our own packages and the naming of third-party ones: `use: udp` is `@streamer/transport-udp`, or else `streamer-transport-udp`. */
export function packageNames(kind: PluginKind, use: string): readonly string[] {
  if (use.startsWith('@') || use.includes('/') || use.startsWith('streamer-')) return [use]
  return [`@streamer/${kind}-${use}`, `streamer-${kind}-${use}`, use]
}

/** Whether what stands after `use` is a path, or a `file:` URL, and no name of a package. */
export function isPath(use: string): boolean {
  return /^(\.{1,2}$|\.{0,2}\/)/.test(use) || isAbsolute(use) || use.startsWith('file:')
}

/**
 * Finds the module after `use`.
 * @param baseDir folder of the configuration file; paths refer to it and packages are looked for there first.
 * @param fallbacks `file:` URLs of modules from which packages are looked for next.
 * @throws StreamerError `ERR_PLUGIN_NOT_FOUND` that tells what was looked for and where.
 */
export function resolvePlugin(
  kind: PluginKind,
  use: string,
  baseDir: string,
  fallbacks: readonly string[]
): ResolvedPlugin {
  if (isPath(use)) return resolvePath(kind, use, baseDir)
  const bases = [pathToFileURL(join(baseDir, 'streamer.config.js')).href, ...fallbacks]
  const names = packageNames(kind, use)
  for (const name of names) {
    for (const base of bases) {
      const url = resolveFrom(name, base)
      if (url !== undefined) return { url, ...packageOf(url, name) }
    }
  }
  const nearest = nearestKey(use, shippedPlugins[kind])
  const guess = nearest === undefined ? ':' : `; did you mean "${nearest}"?`
  const looked = names.map((name) => `"${name}"`).join(', ')
  // No line to copy that installs whatever has the mistyped name: anybody could have registered it.
  throw new StreamerError(
    'ERR_PLUGIN_NOT_FOUND',
    `no ${kind} plugin "${use}"${guess} looked for the packages ${looked} from ${baseDir} and beside this program; ` +
      'install the one you mean there with npm install, or write a path that begins with ./'
  )
}

function resolvePath(kind: PluginKind, use: string, baseDir: string): ResolvedPlugin {
  const path = use.startsWith('file:') ? fileURLToPath(use) : resolve(baseDir, use)
  const candidates = [path, `${path}.js`, `${path}.mjs`, `${path}.ts`, ...entriesOf(path)]
  const found = candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile())
  if (found === undefined)
    throw new StreamerError('ERR_PLUGIN_NOT_FOUND', `no ${kind} plugin "${use}": there is no file ${path}`)
  const url = pathToFileURL(found).href
  return { url, ...packageOf(url, use) }
}

/** A folder with a package.json is a package: its entry is what its own `exports` say. */
function entriesOf(path: string): string[] {
  const manifest = readManifest(join(path, 'package.json'))
  const entry =
    manifest?.name === undefined
      ? undefined
      : resolveFrom(manifest.name, pathToFileURL(join(path, 'package.json')).href)
  return [...(entry ? [fileURLToPath(entry)] : []), join(path, manifest?.main ?? 'index.js'), join(path, 'index.js')]
}

/** import-meta-resolve does not know the conditions that Node was started with (`--conditions`, `-C`); these do count here. */
const conditions = new Set(['node', 'import', ...startConditions()])

function startConditions(): string[] {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  return words.flatMap((word, index) => {
    if (word === '-C' || word === '--conditions') return words[index + 1] ?? []
    return /^(?:-C|--conditions=)(.+)$/.exec(word)?.[1] ?? []
  })
}

/** The module that `name` means when it is imported from `base`; undefined when there is none. */
function resolveFrom(name: string, base: string): string | undefined {
  try {
    const { href } = moduleResolve(name, new URL(base), conditions)
    // `http` and its like are modules of Node's own, whatever is installed.
    return href.startsWith('file:') ? href : undefined
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_INVALID_MODULE_SPECIFIER') return undefined
    // A broken package.json beside the configuration, which may be any folder, is none of ours; one of the plugin's is told.
    const beside = fileURLToPath(new URL('package.json', base))
    if (code === 'ERR_INVALID_PACKAGE_CONFIG' && (error as Error).message.includes(beside)) return undefined
    throw new StreamerError(
      'ERR_PLUGIN_NOT_FOUND',
      `the package "${name}" cannot be imported: ${(error as Error).message}`,
      { cause: error }
    )
  }
}

/** Name and version from the nearest package.json that has a name. */
function packageOf(url: string, fallbackName: string): { packageName: string; version: string | undefined } {
  for (let dir = dirname(fileURLToPath(url)); dir !== dirname(dir); dir = dirname(dir)) {
    const manifest = readManifest(join(dir, 'package.json'))
    if (manifest?.name !== undefined) return { packageName: manifest.name, version: manifest.version }
  }
  return { packageName: fallbackName, version: undefined }
}

function readManifest(path: string): { name?: string; version?: string; main?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string; main?: string }
  } catch {
    return undefined
  }
}
