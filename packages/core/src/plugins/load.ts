import { shown } from '../border/shown.js'
import { importForeign } from '../module-loading.js'
import {
  isStreamerError,
  messageOf,
  type OptionsSchema,
  type Plugin,
  type PluginKind,
  pluginApiVersion,
  type SourcePlugin,
  StreamerError
} from '../plugin/index.js'
import { checkSupports } from './check-supports.js'
import { type ResolvedPlugin, resolvePlugin } from './resolve.js'

/** A plugin that was loaded and found to be one. */
export interface LoadedPlugin extends ResolvedPlugin {
  readonly use: string
  readonly plugin: Plugin
}

/**
 * Finds, imports and checks the plugin after `use`.
 * @throws StreamerError `ERR_PLUGIN_NOT_FOUND`, `ERR_PLUGIN_LOAD`, `ERR_PLUGIN_INVALID` or `ERR_PLUGIN_API_VERSION`.
 */
export async function loadPlugin(
  kind: PluginKind,
  use: string,
  baseDir: string,
  fallbacks: readonly string[]
): Promise<LoadedPlugin> {
  const resolved = resolvePlugin(kind, use, baseDir, fallbacks)
  const where = `${kind} plugin "${use}" (${resolved.packageName})`
  let module: { default?: unknown }
  try {
    module = await importForeign(resolved.url)
  } catch (error) {
    throw new StreamerError('ERR_PLUGIN_LOAD', `${where} could not be loaded: ${messageOf(error)}`, {
      cause: error
    })
  }
  return { ...resolved, use, plugin: checkPlugin(kind, module.default, where) }
}

/**
 * `value` as a plugin of `kind`, or an error that tells what is wrong with it.
 * @param where begins the message: `source plugin "x" (package)`.
 * @throws StreamerError `ERR_PLUGIN_INVALID` or `ERR_PLUGIN_API_VERSION`.
 */
export function checkPlugin(kind: PluginKind, value: unknown, where: string): Plugin {
  const invalid = (what: string) => new StreamerError('ERR_PLUGIN_INVALID', `${where} ${what}`)
  try {
    checkApiVersion(kind, value, where)
    const fault = pluginFault(kind, value as LookedAt)
    if (fault !== undefined) throw invalid(fault)
  } catch (error) {
    if (isStreamerError(error)) throw error
    throw invalid(`threw when it was looked at: ${messageOf(error)}`)
  }
  return value as Plugin
}

/** Before anything else is looked at, for another version may look quite different. */
function checkApiVersion(kind: PluginKind, value: unknown, where: string): void {
  const maker = `define${kind[0]?.toUpperCase()}${kind.slice(1)}`
  const invalid = (what: string) => new StreamerError('ERR_PLUGIN_INVALID', `${where} ${what}`)
  if (typeof value !== 'object' || value === null)
    throw invalid(`has no plugin as its default export; make one with ${maker}()`)
  const { apiVersion } = value as { apiVersion?: unknown }
  if (apiVersion === undefined) throw invalid(`is not a plugin; its default export must be made by ${maker}()`)
  if (apiVersion === pluginApiVersion) return
  if (typeof apiVersion !== 'number' || !Number.isInteger(apiVersion))
    throw invalid(`has the apiVersion ${shown(apiVersion)}, which is no whole number; make it with ${maker}()`)
  const side = apiVersion < pluginApiVersion ? 'the plugin' : 'Streamer'
  const versions = `was made for plugin API ${apiVersion}, and this Streamer has ${pluginApiVersion}`
  throw new StreamerError('ERR_PLUGIN_API_VERSION', `${where} ${versions}: update ${side}`)
}

/** A plugin's fields, of which nothing is known. */
type LookedAt = Readonly<Partial<Record<keyof Plugin | keyof SourcePlugin, unknown>>>

function pluginFault(kind: PluginKind, plugin: LookedAt): string | undefined {
  if (plugin.kind !== kind)
    return `is ${withArticle(String(plugin.kind))} plugin and cannot be used as ${withArticle(kind)}`
  if (typeof plugin.name !== 'string' || plugin.name === '') return 'has no name'
  if (typeof plugin.create !== 'function') return 'has no create() function'
  if (plugin.detect !== undefined && typeof plugin.detect !== 'function') return 'has a detect that is not a function'
  const schema = plugin.configSchema as Partial<OptionsSchema> | undefined
  if (typeof schema?.['~standard']?.validate !== 'function') return 'has a configSchema that is not a Standard Schema'
  const [fault] = checkSupports(kind, plugin.supports).faults
  if (!fault) return undefined
  const { subject, value, reason } = fault
  return `has ${subject === 'supports' ? 'the supports' : subject} ${value}${reason}`
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}
