import { isAuto, type LeftOut, loadAuto } from '../auto/candidates.js'
import { firstOfEach, judgeShares, type Share, shareOf } from '../auto/options.js'
import { isStreamerError, messageOf, type OptionsSchema, type PluginKind, StreamerError } from '../plugin/index.js'
import { type LoadedPlugin, loadPlugin } from '../plugins/load.js'
import { jsonSchemaOf, type Path, type Problem, unknownKeys, validate } from './problems.js'
import type { PartConfig } from './schema.js'
import type { LayeredConfig } from './settings.js'

/** A part of the configuration with its plugin and its validated options. */
export interface LoadedPart extends LoadedPlugin {
  readonly kind: PluginKind
  /** Where it stands in the configuration. */
  readonly path: Path
  /** Validated, defaults filled in. */
  readonly options: unknown
  /** Not validated, as they were written or inherited. */
  readonly written: Readonly<Record<string, unknown>>
  /** It runs in a thread of its own. */
  readonly isolate: boolean
  /** Options that nobody wrote here and that have their value from elsewhere in the configuration: from where. */
  readonly inherited: Readonly<Record<string, Path>>
  /** Of `use: auto`, whose `options` are those of its candidates together. */
  readonly auto?: AutoParts
}

/** What `use: auto` chooses from. */
export interface AutoParts {
  /** In the order in which they are asked, one or more; each with its share of the options. */
  readonly candidates: readonly LoadedPart[]
  /** Those that cannot be taken. */
  readonly leftOut: readonly LeftOut[]
  /** Whether the last candidate only stands in while there is no camera. */
  readonly hasStandIn: boolean
}

/** A value from elsewhere in the configuration, for a part that has such an option and does not set it. */
export interface Inherited {
  readonly value: unknown
  /** Where it stands. */
  readonly from: Path
  /** A part that does not take this value goes without it; otherwise it is an error. */
  readonly mayBeRefused?: true
}

export interface PartPlaces {
  /** Absolute path of the folder that relative paths refer to. */
  readonly baseDir: string
  /** `file:` URLs of modules from which packages are looked for after that folder. */
  readonly fallbacks: readonly string[]
  readonly autoSources: readonly string[] | undefined
}

type Options = Record<string, unknown>

/** Validated options. */
interface Checked {
  readonly value: unknown
  readonly written: Options
  readonly inherited: Readonly<Record<string, Path>>
}

/** Loads plugins and validates their options; what is wrong is kept, not thrown. */
export class PartLoader {
  readonly baseDir: string
  readonly #places: PartPlaces
  readonly #problems: Problem[]
  readonly #layers: LayeredConfig

  constructor(places: PartPlaces, problems: Problem[], layers: LayeredConfig) {
    this.baseDir = places.baseDir
    this.#places = places
    this.#problems = problems
    this.#layers = layers
  }

  /**
   * @param own keys that the core reads, which are not options of the plugin.
   * @param inherited by name of the option.
   */
  async load(
    kind: PluginKind,
    part: unknown,
    path: Path,
    own: readonly string[] = [],
    inherited: Readonly<Record<string, Inherited>> = {}
  ): Promise<LoadedPart | undefined> {
    if (typeof part !== 'object' || part === null || typeof (part as PartConfig).use !== 'string') return undefined
    const { use, isolate: asked, ...rest } = part as PartConfig
    const isolate = asked === true
    const options: Options = { ...rest }
    for (const key of own) delete options[key]
    try {
      if (isAuto(kind, use)) {
        if (isolate)
          this.#problems.push({
            path: [...path, 'isolate'],
            message: 'is for one plugin; "auto" is a choice of several'
          })
        return await this.#loadAuto(options, path, inherited)
      }
      const loaded = await loadPlugin(kind, use, this.baseDir, this.#places.fallbacks)
      const known = optionNames(loaded.plugin.configSchema as OptionsSchema)
      this.#dropStrayVariables(options, path, known, `${kind} "${use}"`)
      const result = await this.#check(loaded, options, path, inherited)
      if ('value' in result) {
        const { value, written } = result
        return { ...loaded, kind, path, options: value, written, isolate, inherited: result.inherited }
      }
      this.#problems.push(...result.problems)
    } catch (error) {
      if (!isStreamerError(error)) throw error
      this.#problems.push({ path: [...path, 'use'], message: error.message, code: error.code })
    }
    return undefined
  }

  /** Each candidate gets the options that it has; a value that only some of them take leaves the others out. */
  async #loadAuto(
    options: Options,
    path: Path,
    inherited: Readonly<Record<string, Inherited>>
  ): Promise<LoadedPart | undefined> {
    const { baseDir, fallbacks, autoSources } = this.#places
    const { candidates, leftOut, standIn, ...loaded } = await loadAuto(baseDir, fallbacks, autoSources)
    const schema = loaded.plugin.configSchema as OptionsSchema
    const jsonSchema = jsonSchemaOf(schema)
    this.#dropStrayVariables(options, path, optionNames(schema), 'source "auto"')
    const unknown = jsonSchema ? unknownKeys(options, jsonSchema, path) : []
    const shares: Array<Share<Checked>> = []
    for (const candidate of candidates) {
      const candidateSchema = candidate.plugin.configSchema as OptionsSchema
      const known = jsonSchemaOf(candidateSchema) && optionNames(candidateSchema)
      const result = await this.#check(candidate, shareOf(options, known), path, inherited).catch((error: unknown) => {
        if (!isStreamerError(error)) throw error
        return { problems: [{ path: [...path, 'use'], message: error.message, code: error.code }] }
      })
      shares.push({ candidate, known, result })
    }
    const { accepted, leftOut: refusing, problems } = judgeShares(shares, path, options)
    this.#problems.push(...unknown, ...problems)
    if (unknown.length + problems.length > 0) return undefined
    for (const { use, reason } of refusing) this.#layers.warnings.push(`source "auto" goes without "${use}": ${reason}`)
    const parts = accepted.map(
      ({ candidate, result }): LoadedPart => ({
        ...candidate,
        kind: 'source',
        path,
        options: result.value,
        written: result.written,
        isolate: false,
        inherited: result.inherited
      })
    )
    return {
      ...loaded,
      kind: 'source',
      path,
      written: options,
      isolate: false,
      options: firstOfEach(parts.map((part) => part.options)),
      inherited: firstOfEach(parts.map((part) => part.inherited)) as Record<string, Path>,
      auto: {
        candidates: parts,
        leftOut: [...leftOut, ...refusing],
        hasStandIn: parts.at(-1)?.use === standIn
      }
    }
  }

  /** Checks options with the plugin's schema, together with what it inherits. */
  async #check(
    { plugin, use }: LoadedPlugin,
    options: Options,
    path: Path,
    inherited: Readonly<Record<string, Inherited>>
  ): Promise<Checked | { problems: Problem[] }> {
    const schema = plugin.configSchema as OptionsSchema
    const known = optionNames(schema)
    const taken = Object.entries(inherited).filter(([key]) => known.includes(key) && !(key in options))
    const check = async (more: typeof taken) => {
      const values = Object.fromEntries(more.map(([key, { value }]) => [key, value]))
      const written = { ...options, ...values }
      const result = await this.#validate(schema, written, path, use)
      if ('problems' in result) return result
      return { ...result, written, inherited: Object.fromEntries(more.map(([key, { from }]) => [key, from])) }
    }
    const result = await check(taken)
    if (!('problems' in result)) return result
    const isRefused = (key: string) => result.problems.some((problem) => problem.path[path.length] === key)
    const kept = taken.filter(([key, { mayBeRefused }]) => !(mayBeRefused && isRefused(key)))
    return kept.length === taken.length ? result : check(kept)
  }

  /** A variable such as STREAMER_WIDTH may be set for good; a part that has no such option is no reason to refuse it. */
  #dropStrayVariables(options: Options, path: Path, known: readonly string[], part: string): void {
    if (known.length === 0) return
    for (const key of Object.keys(options)) {
      const origin = this.#layers.originOf([...path, key])
      if (known.includes(key) || origin?.kind !== 'environment') continue
      delete options[key]
      this.#layers.warnings.push(`${origin.name} has no effect: ${part} has no option "${key}"`)
    }
  }

  async #validate(schema: OptionsSchema, options: unknown, path: Path, use: string): ReturnType<typeof validate> {
    try {
      return await validate(schema, options, path)
    } catch (error) {
      const message = `the options of "${use}" cannot be checked, its schema threw: ${messageOf(error)}`
      throw new StreamerError('ERR_PLUGIN_LOAD', message, { cause: error })
    }
  }
}

/** Names of the options that a plugin has, as far as its schema tells. */
export function optionNames(schema: OptionsSchema): readonly string[] {
  const { properties } = (jsonSchemaOf(schema) ?? {}) as { properties?: Record<string, unknown> }
  return Object.keys(properties ?? {})
}
