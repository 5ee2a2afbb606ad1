import type { OptionsSchema, PluginKind } from '../plugin/index.js'
import { baseDirOf, type ConfigFile, readConfigFile } from './file.js'
import { type Inherited, type LoadedPart, PartLoader } from './part-loader.js'
import { ConfigError, type Origin, type Path, type Problem, problemText, validate } from './problems.js'
import {
  configSchema,
  defaultEncoder,
  defaultLinger,
  defaultSource,
  defaultStreamName,
  defaultTransports,
  defaultWatchdog,
  type PartConfig,
  type StreamerConfig
} from './schema.js'
import { LayeredConfig, type Settings } from './settings.js'

/** A stream of a configuration, with its plugins. */
export interface LoadedStream {
  readonly name: string
  /** Undefined when it was said that it will be replaced. */
  readonly source: LoadedPart | undefined
  readonly encoder: LoadedPart | undefined
  readonly linger: number | 'always'
  readonly watchdog: number
}

/** A transport of a configuration, with its plugin. */
export interface LoadedTransport extends LoadedPart {
  readonly name: string
  readonly optional: boolean
}

/** A configuration that has been read, checked and whose plugins are loaded: what `compose` makes a program of. */
export interface LoadedConfig {
  readonly file: ConfigFile | undefined
  /** Absolute path of the folder that relative paths refer to. */
  readonly baseDir: string
  readonly host: string | undefined
  readonly log: {
    readonly level?: 'error' | 'warn' | 'info' | 'debug'
    readonly file?: string
    readonly format?: 'pretty' | 'json'
  }
  readonly streams: readonly LoadedStream[]
  /** Undefined when it was said that they will be replaced. */
  readonly transports: readonly LoadedTransport[] | undefined
  /** What was set without an effect, for people. */
  readonly warnings: readonly string[]
  /** Where the value at a path was set. */
  originOf(path: Path): Origin
}

/** Where a configuration comes from. */
export interface LoadOptions {
  /** Absolute path. Default: the working directory. */
  readonly cwd?: string
  /** A configuration in place of a file. */
  readonly config?: StreamerConfig
  /** A file to read instead of looking for one. */
  readonly file?: string
  /** Flags and environment. */
  readonly settings?: Settings
  /** `file:` URLs of modules from which plugins are looked for after the configuration's folder. Default: the core itself. */
  readonly resolveFrom?: readonly string[]
  /** What `use: auto` chooses from, in the order in which it asks; the last one stands in while there is no camera. Default: `autoSources`. */
  readonly autoSources?: readonly string[]
  /** Parts that will be replaced, so that their plugins are not needed. */
  readonly replaced?: ReadonlySet<PluginKind>
}

/**
 * Reads, merges and checks the configuration and loads its plugins. Nothing is started.
 * @throws ConfigError with every problem at once, or StreamerError `ERR_CONFIG_NOT_FOUND` or `ERR_CONFIG_PARSE`.
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const { cwd = process.cwd(), settings = {}, replaced = new Set(), resolveFrom = [] } = options
  const file = options.config ? undefined : await readConfigFile(cwd, options.file)
  const value: unknown = options.config ?? file?.value ?? {}
  const base: Origin = options.config ? { kind: 'program' } : { kind: 'default' }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError([
      { path: [], message: 'the configuration must be keys with values', origin: file?.locate([]) ?? base }
    ])
  }
  const layers = new LayeredConfig(value as Record<string, unknown>)
  layers.apply(settings)
  const place = (path: Path): Origin => layers.originOf(path) ?? file?.locate(layers.filePath(path)) ?? base
  // An option that nobody wrote is a default, also where a flag chose the plugin that it belongs to.
  const originOf = (path: Path): Origin => (isSet(layers.value, path) ? place(path) : { kind: 'default' })

  const checked = await validate(configSchema as unknown as OptionsSchema<StreamerConfig>, layers.value)
  const problems: Problem[] = layers.problems.slice()
  if ('problems' in checked) problems.push(...checked.problems)
  const loader = new PartLoader(
    { baseDir: baseDirOf(file, cwd), fallbacks: [...resolveFrom, import.meta.url], autoSources: options.autoSources },
    problems,
    layers
  )
  // With wrong shapes around them, parts are still checked as far as they can be, so that all is told at once.
  const config = ('value' in checked ? checked.value : layers.value) as StreamerConfig
  const streams = await loadStreams(config, loader, replaced, problems)
  const transports = replaced.has('transport') ? undefined : await loadTransports(config, loader)
  if (problems.length > 0) throw new ConfigError(withPlaces(problems, place))
  return {
    file,
    baseDir: loader.baseDir,
    host: config.host,
    log: (config.log ?? {}) as LoadedConfig['log'],
    streams,
    transports,
    warnings: layers.warnings,
    originOf
  }
}

/** Every problem once: an encoder that several streams share is checked for each of them. */
function withPlaces(problems: readonly Problem[], place: (path: Path) => Origin): Problem[] {
  const placed = problems.map((problem) => ({ ...problem, origin: problem.origin ?? place(problem.path) }))
  return [...new Map(placed.map((problem) => [problemText(problem), problem])).values()]
}

async function loadStreams(
  config: StreamerConfig,
  loader: PartLoader,
  replaced: ReadonlySet<PluginKind>,
  problems: Problem[]
): Promise<LoadedStream[]> {
  const { streams } = config
  const named: Array<[string, StreamerConfig, Path]> =
    typeof streams === 'object' && streams !== null
      ? Object.entries(streams).map(([name, stream]) => [name, stream as StreamerConfig, ['streams', name]])
      : [[defaultStreamName, config, []]]
  if (streams && config.source)
    problems.push({ path: ['source'], message: 'stands beside "streams"; put it into one of them' })
  if (named.length === 0) problems.push({ path: ['streams'], message: 'is empty; name at least one stream' })
  const loaded: LoadedStream[] = []
  for (const [name, stream, path] of named) {
    const encoderPath: Path = stream?.encoder || !config.encoder ? [...path, 'encoder'] : ['encoder']
    const encoder = replaced.has('encoder')
      ? undefined
      : await loader.load('encoder', stream?.encoder ?? config.encoder ?? defaultEncoder, encoderPath)
    const source = replaced.has('source')
      ? undefined
      : await loader.load('source', stream?.source ?? defaultSource, [...path, 'source'], [], qualityOf(encoder))
    loaded.push({
      name,
      source,
      encoder,
      linger: stream?.linger ?? config.linger ?? defaultLinger,
      watchdog: longEnough(stream?.watchdog ?? config.watchdog ?? defaultWatchdog, source)
    })
  }
  return loaded
}

/** One number holds for cameras that encode themselves, too. */
function qualityOf(encoder: LoadedPart | undefined): Readonly<Record<string, Inherited>> {
  const { quality } = (encoder?.options ?? {}) as { quality?: unknown }
  if (!encoder || typeof quality !== 'number') return {}
  return { quality: { value: quality, from: [...encoder.path, 'quality'], mayBeRefused: true } }
}

/** Two frames of a slow camera are further apart than the default. */
function longEnough(watchdog: number, source: LoadedPart | undefined): number {
  const { framerate } = (source?.options ?? {}) as { framerate?: unknown }
  return watchdog > 0 && typeof framerate === 'number' && framerate > 0 ? Math.max(watchdog, 2 / framerate) : watchdog
}

async function loadTransports(config: StreamerConfig, loader: PartLoader): Promise<LoadedTransport[]> {
  const { transports = defaultTransports } = config
  // Anything but a list has been found wrong already.
  const parts = (Array.isArray(transports) ? transports : []) as ReadonlyArray<
    PartConfig & { optional?: boolean; name?: string }
  >
  const inherited: Record<string, Inherited> =
    typeof config.host === 'string' ? { host: { value: config.host, from: ['host'] } } : {}
  const loaded: LoadedTransport[] = []
  const names = new Set<string>()
  for (const [index, part] of parts.entries()) {
    const transport = await loader.load('transport', part, ['transports', index], ['optional', 'name'], inherited)
    if (!transport) continue
    const name = uniqueName(part.name ?? transport.plugin.name, names)
    loaded.push({ ...transport, name, optional: part.optional ?? false })
  }
  return loaded
}

/** `http`, then `http-2`, `http-3`, … */
function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let count = 2; taken.has(unique); count++) unique = `${name}-${count}`
  taken.add(unique)
  return unique
}

function isSet(value: unknown, path: Path): boolean {
  let at: unknown = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !(key in at)) return false
    at = (at as Record<string | number, unknown>)[key]
  }
  return true
}
