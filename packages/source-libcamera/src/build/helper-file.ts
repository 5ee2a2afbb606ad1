import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSafe } from './cache-folder.js'
import { runProgram } from './run-program.js'

/** Version of what the helper and this package say to each other; `<helper> version` tells its own. */
export const helperProtocol = 1

/** What the names of our files in the cache folder begin with. */
export const namePrefix = 'libcamera-helper-'

/** Where the sources of the helper are, in the repository and in the package. */
export const shippedSources = fileURLToPath(new URL('../../helper/', import.meta.url))

/** What makes one built helper different from another. */
export interface HelperIdentity {
  readonly folder: string
  /** Of its sources. */
  readonly sourceHash: string
  /** Version of the libcamera that it was built for. */
  readonly libcamera: string
  /** As Node names processors. Default: of this process. */
  readonly architecture?: string
}

/** Where a helper lies once it is built: its name tells all that it depends on, so that one for another libcamera is never run. */
export function helperPath({ folder, sourceHash, libcamera, architecture = process.arch }: HelperIdentity): string {
  return join(folder, `${namePrefix}${sourceHash}-${architecture}-${libcamera}`)
}

/** The sources of the helper and a hash of them. */
export interface HelperSources {
  /** Files to compile, absolute. */
  readonly files: readonly string[]
  readonly hash: string
}

/** Ours do not change while we run, and whoever looks for a camera asks for them again and again. */
let shipped: Promise<HelperSources> | undefined

/**
 * @param folder with the sources.
 * @throws as reading files does.
 */
export function readSources(folder: string): Promise<HelperSources> {
  if (folder !== shippedSources) return readFolder(folder)
  shipped ??= readFolder(folder).catch((error: unknown) => {
    shipped = undefined
    throw error
  })
  return shipped
}

async function readFolder(folder: string): Promise<HelperSources> {
  const names = (await readdir(folder)).filter((name) => /\.(cpp|h)$/.test(name)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name))))
  const hash = createHash('sha256')
  for (const [index, name] of names.entries())
    hash.update(`${name}\0${texts[index]?.length}\0`).update(texts[index] ?? '')
  return {
    files: names.filter((name) => name.endsWith('.cpp')).map((name) => join(folder, name)),
    hash: hash.digest('hex').slice(0, 12)
  }
}

/** What `<helper> version` says. */
export interface HelperVersion {
  readonly libcamera: string
  readonly protocol: number
}

/** A helper that cannot be used, and why. */
export interface Unusable {
  readonly problem: string
}

const versionLimitMs = 10_000

/** Starts a helper to see whether it runs here and understands us. */
export async function askVersion(path: string, signal?: AbortSignal): Promise<HelperVersion | Unusable> {
  const result = await runProgram([path, 'version'], { timeLimitMs: versionLimitMs, ...(signal && { signal }) })
  if (result.startError) return { problem: result.startError.message }
  if (result.exitCode !== 0) {
    const end = result.cut ? 'gave no answer' : (result.signal ?? `exit code ${result.exitCode}`)
    return { problem: `${end}${result.stderr === '' ? '' : `: ${result.stderr.trim().split('\n').at(-1)}`}` }
  }
  try {
    const { libcamera, protocol } = JSON.parse(result.stdout) as Partial<HelperVersion>
    if (protocol === helperProtocol) return { libcamera: String(libcamera), protocol }
    return { problem: `speaks version ${protocol} of our protocol, not ${helperProtocol}` }
  } catch {
    return { problem: `does not tell its version: ${result.stdout.slice(0, 80).trim() || 'it says nothing'}` }
  }
}

export interface FindOptions {
  readonly folder: string
  readonly sourceHash: string
  /** As pkg-config tells it; undefined when that cannot tell. */
  readonly libcamera: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A built helper for the installed libcamera. When nobody can tell the version of that (its development files were removed after the build),
 * it is one that starts: it needs the very library it was built for, because the name of that changes with every minor release.
 */
export async function findBuilt(options: FindOptions): Promise<string | undefined> {
  const { folder, sourceHash, libcamera, signal } = options
  if (!(await isSafe(folder))) return undefined
  if (libcamera !== undefined) {
    const path = helperPath({ folder, sourceHash, libcamera })
    return (await isFile(path)) ? path : undefined
  }
  const prefix = `${namePrefix}${sourceHash}-${process.arch}-`
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix) && !isSideFile(name))
  for (const { path } of await newestFirst(names.map((name) => join(folder, name))))
    if ('protocol' in (await askVersion(path, signal))) return path
  return undefined
}

/** Files beside the helpers: one that is being written, a note about a failed build. */
export function isSideFile(name: string): boolean {
  return /\.(tmp|failed)$/.test(name)
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false
  )
}

async function newestFirst(paths: readonly string[]) {
  const found = await Promise.all(
    paths.map(async (path) => ({ path, mtimeMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 }))
  )
  return found.sort((one, other) => other.mtimeMs - one.mtimeMs)
}
