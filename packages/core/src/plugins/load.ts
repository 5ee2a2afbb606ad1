import { importForeign } from '../module-loading.js'
import {
  messageOf,
  type Plugin,
  type PluginKind,
  pluginApiVersion,
  type SourcePlugin,
  StreamerError
} from '../plugin/index.js'
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

/** `value` as a plugin of `kind`, or an error that tells what is wrong with it. */
export function checkPlugin(kind: PluginKind, value: unknown, where: string): Plugin {
  const maker = `define${kind[0]?.toUpperCase()}${kind.slice(1)}`
  const invalid = (what: string) => new StreamerError('ERR_PLUGIN_INVALID', `${where} ${what}`)
  if (typeof value !== 'object' || value === null)
    throw invalid(`has no plugin as its default export; make one with ${maker}()`)
  const plugin = value as Partial<Plugin>
  if (plugin.apiVersion === undefined) throw invalid(`is not a plugin; its default export must be made by ${maker}()`)
  if (plugin.apiVersion !== pluginApiVersion) {
    const older = Number(plugin.apiVersion) < pluginApiVersion
    throw new StreamerError(
      'ERR_PLUGIN_API_VERSION',
      `${where} was made for plugin API ${plugin.apiVersion}, and this Streamer has ${pluginApiVersion}: update ${older ? 'the plugin' : 'Streamer'}`
    )
  }
  if (plugin.kind !== kind)
    throw invalid(`is ${withArticle(String(plugin.kind))} plugin and cannot be used as ${withArticle(kind)}`)
  if (typeof plugin.create !== 'function') throw invalid('has no create() function')
  const { detect } = plugin as Partial<SourcePlugin>
  if (detect !== undefined && typeof detect !== 'function') throw invalid('has a detect that is not a function')
  if (typeof plugin.configSchema?.['~standard']?.validate !== 'function')
    throw invalid('has a configSchema that is not a Standard Schema')
  return plugin as Plugin
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}
