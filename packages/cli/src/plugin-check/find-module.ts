import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  isPath,
  isStreamerError,
  loadPlugin,
  messageOf,
  type PluginKind,
  type ResolvedPlugin,
  resolvePlugin
} from '@streamer/core'
import { resolveFrom } from '../shipped.js'
import type { Findings } from './finding.js'

const kinds: readonly PluginKind[] = ['transport', 'source', 'encoder']

/** A module that may be a plugin. */
export interface FoundModule {
  readonly resolved: ResolvedPlugin
  /** It was found as a package, by its name or its folder, so that its package.json is that of the plugin. */
  readonly isPackage: boolean
}

/**
 * Finds what was asked for: a folder, a file, or a package that is installed here or beside this command.
 * @param cwd absolute.
 * @returns undefined when there is none, which has been told then.
 */
export function findModule(asked: string, cwd: string, findings: Findings): FoundModule | undefined {
  const path = resolve(cwd, asked)
  const isThere = existsSync(path)
  if (!isThere && !isPath(asked)) return findPackage(asked, cwd, findings)
  try {
    const isPackage = isThere && statSync(path).isDirectory()
    const resolved = resolvePlugin('transport', asked.startsWith('file:') ? asked : path, cwd, resolveFrom)
    return { resolved, isPackage }
  } catch (error) {
    if (!isStreamerError(error)) throw error
    if (isThere) tellEmptyFolder(path, findings)
    // `./my-transport` without its ending is a file, too, so that this comes last.
    else findings.problem(`there is no file or folder ${path}`)
    return undefined
  }
}

function findPackage(name: string, cwd: string, findings: Findings): FoundModule | undefined {
  for (const kind of kinds) {
    try {
      return { resolved: resolvePlugin(kind, name, cwd, resolveFrom), isPackage: true }
    } catch (error) {
      if (!isStreamerError(error)) throw error
      // A package that is there and cannot be imported is told; one that is not there may be one of another kind.
      if (!error.message.startsWith(`no ${kind} plugin`)) {
        findings.problem(error.message)
        return undefined
      }
    }
  }
  findings.problem(
    `there is no file or folder "${name}" in ${cwd}, and no package of that name is installed there`,
    'write the path of its folder or file, or install it in this folder first'
  )
  return undefined
}

function tellEmptyFolder(folder: string, findings: Findings): void {
  const manifest = readManifest(folder)
  if (manifest === undefined) {
    findings.problem(`the folder ${folder} has no package.json and no index.js`)
    return
  }
  const entry = entryOf(manifest.exports) ?? (typeof manifest.main === 'string' ? manifest.main : 'index.js')
  findings.problem(
    `${join(folder, 'package.json')} leads to ${entry}, which is not there`,
    'build it first: npm run build'
  )
}

/** The module that `exports` leads to, for a message. */
function entryOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return undefined
  const { '.': main, import: imported, default: fallback } = exports as Record<string, unknown>
  return entryOf(main) ?? entryOf(imported) ?? entryOf(fallback)
}

/** A package.json, of which nothing is known. */
export type Manifest = Readonly<Record<string, unknown>>

/** The package.json of a folder; undefined when there is none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return typeof manifest === 'object' && manifest !== null ? (manifest as Manifest) : undefined
  } catch {
    return undefined
  }
}

/**
 * Loads a module.
 * @returns what it exports; undefined when it cannot be loaded, which has been told then.
 */
export async function loadModule(
  url: string,
  findings: Findings
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    // The core's own way of loading, which tells the place of a mistake and does not wait for ever. What it finds of the export is looked at here.
    await loadPlugin('transport', url, process.cwd(), [])
  } catch (error) {
    if (!isStreamerError(error)) throw error
    if (error.code === 'ERR_PLUGIN_LOAD') {
      tellLoadError(error.cause, findings)
      return undefined
    }
  }
  return (await import(url)) as Record<string, unknown>
}

function tellLoadError(cause: unknown, findings: Findings): void {
  const { code } = (cause ?? {}) as { code?: unknown }
  const remedies: Readonly<Record<string, string>> = {
    ERR_UNKNOWN_FILE_EXTENSION: 'compile it to JavaScript first; this Node cannot read it',
    ERR_MODULE_NOT_FOUND: 'install what it imports: npm install in its folder'
  }
  findings.problem(`it could not be loaded: ${messageOf(cause)}`, remedies[String(code)])
}
