import { z } from 'zod'
import type { OptionsSchema, PluginKind } from '../plugin/index.js'
import type { LoadedPlugin } from '../plugins/load.js'
import { type JsonSchema, jsonSchemaOf } from './problems.js'
import { configSchema } from './schema.js'

type Json = Record<string, unknown>

/**
 * The JSON Schema (draft 2020-12) of a configuration with these plugins, for editors.
 * @param plugins each with its kind; a part whose `use` is none of them may have any options.
 */
export function configJsonSchema(plugins: ReadonlyArray<LoadedPlugin & { readonly kind: PluginKind }>): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as Json
  const partOf = (kind: PluginKind, general: unknown): Json => {
    const own = plugins.filter((plugin) => plugin.kind === kind)
    const { properties = {} } = general as { properties?: Json }
    const branches = own.map((plugin) => branch(plugin, properties as Record<string, Json>))
    const others: Json = {
      ...(general as Json),
      properties: { ...properties, use: { type: 'string', not: { enum: own.map(({ use }) => use) } } }
    }
    return { oneOf: [...branches, others] }
  }
  const replaceParts = (properties: Json): void => {
    if (properties.source) properties.source = partOf('source', properties.source)
    if (properties.encoder) properties.encoder = partOf('encoder', properties.encoder)
  }
  const properties = schema.properties as Record<string, Json>
  replaceParts(properties)
  const stream = properties.streams?.additionalProperties as { properties: Json }
  replaceParts(stream.properties)
  const transports = properties.transports as Json
  transports.items = partOf('transport', transports.items)
  return { ...schema, title: 'Streamer configuration' }
}

/** One plugin's options with `use` set to it, beside what the core reads of the part. */
function branch(plugin: LoadedPlugin, own: Record<string, Json>): Json {
  const { $schema: _, ...options } = (jsonSchemaOf(plugin.plugin.configSchema as OptionsSchema) ?? {
    type: 'object'
  }) as Json
  return {
    ...options,
    ...(plugin.plugin.description && { description: plugin.plugin.description }),
    properties: { ...own, use: { const: plugin.use }, ...(options.properties as Json | undefined) },
    required: ['use', ...((options.required as string[] | undefined) ?? [])]
  }
}
