import { jsonSchemaOf } from '../config/problems.js'
import { coreVersion } from '../host.js'
import {
  isStreamerError,
  type OptionsSchema,
  pluginApiVersion,
  type SourcePlugin,
  StreamerError
} from '../plugin/index.js'
import { type LoadedPlugin, loadPlugin } from '../plugins/load.js'

/** What `use: auto` takes the first of that is there. The last one needs no camera: it stands in while there is none. */
export const autoSources: readonly string[] = ['libcamera', 'fake']

/** A candidate that cannot be taken. */
export interface LeftOut {
  readonly use: string
  /** As people should read it. */
  readonly reason: string
}

/** `use: auto`: a source made of those that it chooses from. */
export interface LoadedAuto extends LoadedPlugin {
  /** In the order in which they are asked. */
  readonly candidates: readonly LoadedPlugin[]
  readonly leftOut: readonly LeftOut[]
  /** The last name of the list: what is shown while there is no camera. */
  readonly standIn: string | undefined
}

/** Whether `use` is the source that chooses. */
export function isAuto(kind: string, use: unknown): boolean {
  return kind === 'source' && use === 'auto'
}

/**
 * Loads what `use: auto` chooses from. One that is not installed or cannot be loaded is left out.
 * @param names in the order in which they are asked.
 * @throws StreamerError `ERR_PLUGIN_NOT_FOUND` when none of them can be loaded.
 */
export async function loadAuto(
  baseDir: string,
  fallbacks: readonly string[],
  names: readonly string[] = autoSources
): Promise<LoadedAuto> {
  const candidates: LoadedPlugin[] = []
  const leftOut: LeftOut[] = []
  for (const use of names) {
    try {
      candidates.push(await loadPlugin('source', use, baseDir, fallbacks))
    } catch (error) {
      if (!isStreamerError(error)) throw error
      const isAbsent = error.code === 'ERR_PLUGIN_NOT_FOUND'
      leftOut.push({ use, reason: isAbsent ? `the source plugin "${use}" is not installed` : error.message })
    }
  }
  if (candidates.length === 0) {
    const reasons = leftOut.map(({ reason }) => reason).join('; ')
    throw new StreamerError('ERR_PLUGIN_NOT_FOUND', `source plugin "auto" has nothing to choose from: ${reasons}`)
  }
  return {
    use: 'auto',
    url: import.meta.url,
    packageName: '@streamer/core',
    version: coreVersion,
    plugin: autoPlugin(names, candidates),
    candidates,
    leftOut,
    standIn: names.at(-1)
  }
}

/** Describes `auto` as if it were a plugin; `compose` makes it of its candidates. */
function autoPlugin(names: readonly string[], candidates: readonly LoadedPlugin[]): SourcePlugin<unknown> {
  const jsonSchema = unionOf(candidates)
  return {
    kind: 'source',
    apiVersion: pluginApiVersion,
    name: 'auto',
    description: `The first of these that there is: ${names.join(', ')}. Each gets those of the options that it has.`,
    configSchema: {
      '~standard': {
        version: 1,
        vendor: 'streamer',
        // Each candidate checks what is its own.
        validate: (value) => ({ value }),
        ...(jsonSchema && { jsonSchema: { input: () => jsonSchema } })
      }
    },
    create() {
      throw new TypeError('source "auto" is made of its candidates by compose()')
    }
  }
}

type Json = Record<string, unknown>

/** The JSON Schema of all candidates' options together; undefined when one of them does not say what it has. */
function unionOf(candidates: readonly LoadedPlugin[]): Json | undefined {
  const properties: Record<string, Json> = {}
  for (const { plugin } of candidates) {
    const schema = jsonSchemaOf(plugin.configSchema as OptionsSchema) as
      | { properties?: Record<string, Json> }
      | undefined
    if (!schema) return undefined
    for (const [name, option] of Object.entries(schema.properties ?? {}))
      properties[name] = Object.hasOwn(properties, name) ? eitherOf(properties[name] as Json, option) : option
  }
  return { type: 'object', additionalProperties: false, properties }
}

/** What either of two options takes, with the description and the default of the first. */
function eitherOf(one: Json, other: Json): Json {
  const { description, default: fallback, ...values } = one
  const { description: _, default: __, ...otherValues } = other
  if (JSON.stringify(values) === JSON.stringify(otherValues)) return one
  const known = (values.anyOf as Json[] | undefined) ?? [values]
  return {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [...known, otherValues]
  }
}
