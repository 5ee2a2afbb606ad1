import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type JsonSchema, jsonSchemaOf, type OptionsSchema, type Plugin, type PluginKind } from '@streamer/core'
import { type Supports, supportsOf } from '../plugin-supports.js'
import { checkDefinition } from './check-definition.js'
import { checkOptions } from './check-options.js'
import { checkPackage } from './check-package.js'
import { checkPart } from './check-part.js'
import { findModule, loadModule, type Manifest, readManifest } from './find-module.js'
import { type Finding, Findings } from './finding.js'

/** What was found out about a plugin. */
export interface CheckedPlugin {
  /** Absolute path of its module; undefined when none was found. */
  readonly path?: string
  /** Undefined when it is in none. */
  readonly packageName?: string
  readonly version?: string
  readonly kind?: PluginKind
  readonly name?: string
  readonly description?: string
  readonly apiVersion?: number
  readonly supports?: Supports
  /** JSON Schema of its options, where its library has one. */
  readonly options?: JsonSchema
  /** Problems first. */
  readonly findings: readonly Finding[]
}

/**
 * Loads a plugin and looks for everything that is wrong with it. It is made with its default options, and not started.
 * @param asked a folder, a file, or the name of a package.
 * @param cwd absolute; where paths and packages are looked for.
 */
export async function checkedPlugin(asked: string, cwd: string): Promise<CheckedPlugin> {
  const list: Finding[] = []
  const about = (subject: string) => new Findings(subject, list)
  const found = findModule(asked, cwd, about('module'))
  if (!found) return { findings: list }
  const { url, packageName, version } = found.resolved
  const path = fileURLToPath(url)
  // Where there is no package, the core has the path in its place.
  const place = {
    path,
    ...(packageName !== url && packageName !== path && { packageName }),
    ...(version && { version })
  }
  const exported = await loadModule(url, about('module'))
  const definition = exported && checkDefinition(exported, about('export'))
  if (!definition) return { ...place, findings: list }
  const { kind, plugin, isRefused } = definition
  const defaults = await checkOptions(plugin.configSchema, kind, about('options'))
  const declared = kind && supportsOf(kind, plugin.supports)
  for (const problem of declared?.problems ?? []) about('supports').problem(problem)
  // It may mean something to a newer Streamer.
  for (const warning of declared?.unknown ?? []) about('supports').warning(warning)
  if (defaults && kind && declared && !isRefused)
    checkPart(kind, plugin as unknown as Plugin, defaults.defaults, declared.supports, {
      create: about('create'),
      supports: about('supports')
    })
  const manifest = found.isPackage ? manifestAbove(path) : undefined
  if (manifest) checkPackage(manifest, kind, String(plugin.name), about('package'))
  const options = plugin.configSchema === undefined ? undefined : jsonSchemaIn(plugin.configSchema)
  const levels = ['problem', 'warning', 'hint']
  return {
    ...place,
    ...(kind && { kind }),
    ...(typeof plugin.name === 'string' && { name: plugin.name }),
    ...(typeof plugin.description === 'string' && { description: plugin.description }),
    ...(typeof plugin.apiVersion === 'number' && { apiVersion: plugin.apiVersion }),
    ...(declared && { supports: declared.supports }),
    ...(options && { options }),
    findings: list.sort((one, other) => levels.indexOf(one.level) - levels.indexOf(other.level))
  }
}

/** Of something that may be no schema. */
function jsonSchemaIn(value: unknown): JsonSchema | undefined {
  return (value as Partial<OptionsSchema> | null)?.['~standard'] ? jsonSchemaOf(value as OptionsSchema) : undefined
}

/** The nearest package.json that has a name. */
function manifestAbove(path: string): Manifest | undefined {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = readManifest(folder)
    if (manifest?.name !== undefined) return manifest
  }
  return undefined
}
