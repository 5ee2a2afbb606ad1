import {
  ConfigError,
  checkPlugin,
  type LoadedPart,
  optionNames,
  type PartConfig,
  type Path,
  pathText,
  validate
} from '@streamer/core'
import type { OptionsSchema, Plugin, PluginKind } from '@streamer/core/plugin'
import type { WrittenOptions } from '../fixtures.js'
import type { TestPart } from './options.js'

/** What a configuration names in the place of a plugin that is given as an object; it is never made. */
const placeholders: Readonly<Record<PluginKind, string>> = { source: 'fake', encoder: 'jpeg', transport: 'http' }

/** Keys of a part with a plugin as an object that are not the plugin's options. */
const ownKeys = new Set(['plugin', 'name', 'optional'])

/** The plugin of a part that has one as an object. */
function pluginOf(part: TestPart<Plugin>): Plugin | undefined {
  return 'plugin' in part && typeof part.use !== 'string' ? (part.plugin as Plugin) : undefined
}

/**
 * A part as the configuration of the core knows it.
 * @throws StreamerError when what is given as a plugin is none, or one of another kind.
 */
export function writtenPart(kind: PluginKind, part: TestPart<Plugin>, path: Path): PartConfig {
  const plugin = pluginOf(part)
  if (plugin === undefined) return part as PartConfig
  checkPlugin(kind, plugin, `${pathText(path)}.plugin`)
  const { name = plugin.name, optional } = part as { name?: unknown; optional?: unknown }
  if (kind !== 'transport') return { use: placeholders[kind] }
  return { use: placeholders.transport, name, ...(optional === undefined ? {} : { optional }) }
}

/**
 * A loaded part with the plugin that was given, if one was, and its options.
 * @param defaults options that it gets when it has and takes them, and nobody wrote them.
 * @throws ConfigError for options that are not allowed.
 */
export async function finishedPart<Loaded extends LoadedPart>(
  loaded: Loaded,
  part: TestPart<Plugin>,
  defaults: WrittenOptions
): Promise<Loaded> {
  const given = pluginOf(part)
  const plugin = given ?? loaded.plugin
  const schema = plugin.configSchema as OptionsSchema
  const names = optionNames(schema)
  const own = Object.fromEntries(Object.entries(part).filter(([key]) => !ownKeys.has(key)))
  const more = Object.entries(defaults).filter(([key]) => names.includes(key) && !(key in part))
  if (given === undefined && more.length === 0) return loaded
  const written = given ? own : loaded.written
  const completed = { ...written, ...Object.fromEntries(more) }
  const result = await validate(schema, completed, loaded.path)
  if ('value' in result) {
    const options = { options: result.value, written: completed }
    return given ? { ...loaded, ...place(given), ...options } : { ...loaded, ...options }
  }
  if (!given) return loaded
  const plain = await validate(schema, written, loaded.path)
  if ('problems' in plain) throw new ConfigError(plain.problems)
  return { ...loaded, ...place(given), options: plain.value, written }
}

/** What is told of a plugin that was given as an object, and was not loaded from anywhere. */
function place(plugin: Plugin) {
  const packageName = `the plugin "${plugin.name}" of the test`
  return { use: plugin.name, plugin, url: `plugin:${plugin.name}`, packageName, version: undefined, inherited: {} }
}
