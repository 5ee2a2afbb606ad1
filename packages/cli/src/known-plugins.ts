import {
  autoSources,
  baseDirOf,
  defaultEncoder,
  defaultSource,
  defaultTransports,
  isAuto,
  isStreamerError,
  type LeftOut,
  type LoadedPlugin,
  loadAuto,
  loadPlugin,
  type PluginKind,
  readConfigFile
} from '@streamer/core'
import type { CommandSettings } from './settings.js'
import { resolveFrom, shippedPlugins } from './shipped.js'

/** A plugin that was found: one of ours, or one that the configuration names. */
export interface KnownPlugin extends LoadedPlugin {
  readonly kind: PluginKind
  /** The configuration, or its defaults, has it run. */
  readonly isUsed: boolean
  /** `auto` may choose it, and is in use. */
  readonly usedBy?: 'auto'
  /** Of `auto`: what it cannot choose. */
  readonly leftOut?: readonly LeftOut[]
}

/**
 * Loads the shipped plugins and those that the configuration and the settings name, whether or not their options are right.
 * @returns with a message for each one that cannot be loaded.
 */
export async function knownPlugins({
  settings,
  file
}: CommandSettings): Promise<{ readonly plugins: readonly KnownPlugin[]; readonly problems: readonly string[] }> {
  const cwd = process.cwd()
  const found = await readConfigFile(cwd, file)
  const used = usedPlugins(found?.value, settings)
  const wanted = [...shippedPlugins, ...used].filter(
    ({ kind, use }, index, all) => index === all.findIndex((other) => other.kind === kind && other.use === use)
  )
  const isNamed = (kind: PluginKind, use: string) => used.some((other) => other.kind === kind && other.use === use)
  const baseDir = baseDirOf(found, cwd)
  const plugins: KnownPlugin[] = []
  const problems: string[] = []
  for (const { kind, use } of wanted) {
    const isUsed = isNamed(kind, use)
    const isCandidate = kind === 'source' && autoSources.includes(use)
    try {
      const { leftOut, ...loaded } = isAuto(kind, use)
        ? await loadAuto(baseDir, resolveFrom)
        : { leftOut: undefined, ...(await loadPlugin(kind, use, baseDir, resolveFrom)) }
      plugins.push({
        ...loaded,
        kind,
        isUsed,
        ...(leftOut && { leftOut }),
        ...(isCandidate && isNamed('source', 'auto') && { usedBy: 'auto' as const })
      })
    } catch (error) {
      if (!isStreamerError(error)) throw error
      // What only `auto` would choose is told with `auto`, and is no reason to fail.
      if (!isCandidate || isUsed) problems.push(error.message)
    }
  }
  const order: readonly PluginKind[] = ['source', 'encoder', 'transport']
  plugins.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
  return { plugins, problems }
}

type Named = { readonly kind: PluginKind; readonly use: string }

function usedPlugins(config: unknown, settings: CommandSettings['settings']): Named[] {
  const root = asObject(config)
  const streams = Object.values(asObject(root.streams)).map(asObject)
  const owners = streams.length > 0 ? streams : [root]
  const named = (kind: PluginKind, uses: readonly unknown[]): Named[] =>
    uses.flatMap((use) => (typeof use === 'string' && use !== '' ? [{ kind, use }] : []))
  const transports = settings.transport?.value ?? root.transports ?? defaultTransports
  return [
    ...named(
      'source',
      owners.map(({ source }) => settings.source?.value ?? asObject(source ?? defaultSource).use)
    ),
    ...named(
      'encoder',
      owners.map(({ encoder }) => asObject(encoder ?? root.encoder ?? defaultEncoder).use)
    ),
    ...named(
      'transport',
      (Array.isArray(transports) ? transports : []).map((part: unknown) =>
        typeof part === 'string' ? part : asObject(part).use
      )
    )
  ]
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
