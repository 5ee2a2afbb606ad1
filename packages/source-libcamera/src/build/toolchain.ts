import { access, constants, readdir } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { runProgram } from './run-program.js'

/** What a build needs, by the name that its package has on Debian. */
export type Requirement = 'g++' | 'pkg-config' | 'libcamera-dev' | 'libjpeg-dev'

/** What there is to build the helper with. */
export interface Toolchain {
  /** The compiler and its first arguments; whether it is there, `missing` tells. */
  readonly compiler: readonly string[]
  readonly pkgConfig: readonly string[]
  /** From `CXXFLAGS`. */
  readonly flags: readonly string[]
  /** Version of the installed libcamera, as far as pkg-config can tell. */
  readonly libcamera: string | undefined
  readonly missing: readonly Requirement[]
}

export interface ToolchainOptions {
  /** `CXX`, `CXXFLAGS`, `PKG_CONFIG` and `PATH` are read. */
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
  /** Folder that stands for `/` where files are looked for. Default: `/`. */
  readonly root?: string
}

const queryLimitMs = 10_000

/** Finds out what there is. Takes some milliseconds: pkg-config is run, the compiler is not. */
export async function inspectToolchain(options: ToolchainOptions = {}): Promise<Toolchain> {
  const { env = process.env, root = '/' } = options
  const compiler = words(env.CXX, 'g++')
  const pkgConfig = words(env.PKG_CONFIG, 'pkg-config')
  const [hasCompiler, hasPkgConfig] = await Promise.all([isProgram(compiler[0], env), isProgram(pkgConfig[0], env)])
  const [libcamera, libjpeg] = hasPkgConfig ? await versionsOf(['libcamera', 'libjpeg'], pkgConfig, options) : []
  const has = async (library: string, version: string | undefined) =>
    hasPkgConfig ? version !== undefined : hasPcFile(library, root)
  const needed: ReadonlyArray<readonly [Requirement, boolean]> = [
    ['g++', hasCompiler],
    ['pkg-config', hasPkgConfig],
    ['libcamera-dev', await has('libcamera', libcamera)],
    ['libjpeg-dev', await has('libjpeg', libjpeg)]
  ]
  const missing = needed.filter(([, isThere]) => !isThere).map(([name]) => name)
  return { compiler, pkgConfig, flags: words(env.CXXFLAGS, ''), libcamera, missing }
}

function words(text: string | undefined, fallback: string): string[] {
  const found = (text ?? '').split(/\s+/).filter((word) => word !== '')
  return found.length > 0 || fallback === '' ? found : [fallback]
}

/** In one run where all are there, which is what is asked most of the time. */
async function versionsOf(
  libraries: readonly string[],
  pkgConfig: readonly string[],
  options: ToolchainOptions
): Promise<Array<string | undefined>> {
  const { env = process.env, signal } = options
  const result = await runProgram([...pkgConfig, '--modversion', ...libraries], {
    env,
    timeLimitMs: queryLimitMs,
    ...(signal && { signal })
  })
  const versions = result.stdout.trim().split('\n')
  // They become part of a file's name.
  const areGood = versions.every((version) => /^[\w.+~-]{1,64}$/.test(version))
  if (result.exitCode === 0 && areGood && versions.length === libraries.length) return versions
  if (libraries.length === 1) return [undefined]
  return (await Promise.all(libraries.map((library) => versionsOf([library], pkgConfig, options)))).flat()
}

/** Whether a program is in the `PATH`, or at its path. */
export async function isProgram(name: string | undefined, env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await findProgram(name, env)) !== undefined
}

/** Where in the `PATH` a program is. */
export async function findProgram(name: string | undefined, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (!name) return undefined
  const places = name.includes('/')
    ? [name]
    : (env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter).map((folder) => join(folder, name))
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false
    )
    if (isThere && (isAbsolute(place) || name.includes('/'))) return place
  }
  return undefined
}

/** For machines without pkg-config, so that all that is missing can be told at once. */
async function hasPcFile(library: string, root: string): Promise<boolean> {
  const lib = join(root, 'usr/lib')
  const perArchitecture = (await readdir(lib).catch(() => [])).map((name) => join(lib, name, 'pkgconfig'))
  const folders = [
    ...perArchitecture,
    ...['usr/lib/pkgconfig', 'usr/lib64/pkgconfig', 'usr/share/pkgconfig', 'usr/local/lib/pkgconfig'].map((name) =>
      join(root, name)
    )
  ]
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, `${library}.pc`)).then(
        () => true,
        () => false
      )
    )
  )
  return found.includes(true)
}

const elsewhere: Readonly<Record<Requirement, string>> = {
  'g++': 'a C++17 compiler',
  'pkg-config': 'pkg-config',
  'libcamera-dev': 'the development files of libcamera',
  'libjpeg-dev': 'the development files of libjpeg'
}

/** `g++ and libcamera-dev are missing`. */
export function missingText(missing: readonly Requirement[]): string {
  const last = missing.at(-1) ?? 'nothing'
  return missing.length < 2 ? `${last} is missing` : `${missing.slice(0, -1).join(', ')} and ${last} are missing`
}

/** What mends it, on Debian a command to copy. */
export async function installText(missing: readonly Requirement[], root = '/'): Promise<string> {
  const isDebian = await access(join(root, 'etc/debian_version')).then(
    () => true,
    () => false
  )
  return isDebian
    ? `sudo apt install ${missing.join(' ')}`
    : `install ${missing.map((name) => elsewhere[name]).join(', ')}`
}
