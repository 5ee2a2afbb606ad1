import { AutoSource, type Offer } from './auto/source.js'
import { shown } from './border/shown.js'
import { type LoadedConfig, loadConfig } from './config/load.js'
import type { LoadedPart } from './config/part-loader.js'
import type { StreamerConfig } from './config/schema.js'
import { container, type DependencyContainer, instanceCachingFactory } from './di.js'
import { Host } from './host.js'
import { isolated } from './isolate/index.js'
import { type PartOrigin, Pipeline, type PipelineOptions } from './pipeline.js'
import {
  type Encoder,
  type Logger,
  messageOf,
  type PluginContext,
  type PluginKind,
  type Source,
  type SourcePlugin,
  StreamerError,
  silentLogger,
  type Transport
} from './plugin/index.js'
import { makePart } from './plugins/make-part.js'
import { Streamer } from './streamer.js'
import { defaultSupervision, type Supervision } from './supervision.js'
import { ENCODER, HOST, LOGGER, PIPELINE_OPTIONS, PIPELINES, SOURCE, SUPERVISION, TRANSPORTS } from './tokens.js'
import type { TransportPart } from './transport-runner.js'

/**
 * Something else in the place of a part: the part itself (for one stream), or a function that makes it, called once per stream.
 * `SUPERVISION` takes the values that differ from the defaults.
 */
export type Override =
  | readonly [typeof SOURCE, Source | ((context: PluginContext) => Source)]
  | readonly [typeof ENCODER, Encoder | ((context: PluginContext) => Encoder)]
  | readonly [typeof TRANSPORTS, readonly Transport[] | ((context: PluginContext) => readonly Transport[])]
  | readonly [typeof LOGGER, Logger]
  | readonly [typeof SUPERVISION, Partial<Supervision>]

/** What `compose` may be told besides the configuration. */
export interface ComposeOptions {
  readonly override?: readonly Override[]
  /** Default: `silentLogger`. */
  readonly logger?: Logger
  /** For a plain configuration: the folder that its paths refer to, absolute. Default: the working directory. */
  readonly cwd?: string
}

/**
 * Makes a program of a configuration: the only place where the container is asked for anything. Nothing runs before `start()`.
 *
 * ```ts
 * const streamer = await compose({ transports: [{ use: 'http', port: 0 }] }, { override: [[SOURCE, new FakeCamera()]] })
 * await streamer.start()
 * ```
 * @param config as people write it, or one that `loadConfig` gave.
 * @throws ConfigError when the configuration is wrong, StreamerError `ERR_PLUGIN_LOAD` when a plugin throws in `create`.
 */
export async function compose(config: StreamerConfig | LoadedConfig, options: ComposeOptions = {}): Promise<Streamer> {
  const overrides = new Map<symbol, unknown>(options.override)
  const loaded = isLoaded(config)
    ? config
    : await loadConfig({ config, replaced: replacedKinds(overrides), ...(options.cwd && { cwd: options.cwd }) })
  const logger = (overrides.get(LOGGER) as Logger | undefined) ?? options.logger ?? silentLogger
  const supervision = { ...defaultSupervision, ...(overrides.get(SUPERVISION) as Partial<Supervision> | undefined) }
  const host = new Host()

  const root = container.createChildContainer()
  root.register(LOGGER, { useValue: logger })
  root.register(SUPERVISION, { useValue: supervision })
  root.register(HOST, { useValue: host })
  const contextFor = (name: string, part: string): PluginContext => ({
    name,
    host,
    baseDir: loaded.baseDir,
    logger: logger.child(part)
  })

  const several = loaded.streams.length > 1
  const pipelines = loaded.streams.map((stream) => {
    const label = (part: string) => (several ? `${stream.name}/${part}` : part)
    const child = root.createChildContainer()
    child.register(LOGGER, { useValue: logger.child(label('stream')) })
    registerPart(child, SOURCE, () =>
      makeSource(overrides.get(SOURCE), stream.source, contextFor(stream.name, label('source')), supervision)
    )
    registerPart(child, ENCODER, () =>
      makeEncoder(overrides.get(ENCODER), stream.encoder, contextFor(stream.name, label('encoder')), supervision)
    )
    const { name, linger, watchdog } = stream
    const source = overrides.has(SOURCE) ? undefined : originOf(stream.source)
    const encoder = overrides.has(ENCODER) ? undefined : originOf(stream.encoder)
    const pipelineOptions = { name, linger, watchdog, ...(source && { source }), ...(encoder && { encoder }) }
    child.register(PIPELINE_OPTIONS, { useValue: pipelineOptions satisfies PipelineOptions })
    // Parts are made before what they are injected into: the container would hide what a plugin throws behind an error of its own.
    child.resolve(SOURCE)
    child.resolve(ENCODER)
    return child.resolve(Pipeline)
  })
  root.register(PIPELINES, { useValue: pipelines })
  registerPart(root, TRANSPORTS, () => makeTransports(overrides.get(TRANSPORTS), loaded, contextFor, supervision))
  root.resolve(TRANSPORTS)
  return root.resolve(Streamer)
}

function isLoaded(config: StreamerConfig | LoadedConfig): config is LoadedConfig {
  return typeof (config as Partial<LoadedConfig>).originOf === 'function'
}

function replacedKinds(overrides: ReadonlyMap<symbol, unknown>): Set<PluginKind> {
  const kinds: ReadonlyArray<readonly [symbol, PluginKind]> = [
    [SOURCE, 'source'],
    [ENCODER, 'encoder'],
    [TRANSPORTS, 'transport']
  ]
  return new Set(kinds.filter(([token]) => overrides.has(token)).map(([, kind]) => kind))
}

function originOf(part: LoadedPart | undefined): PartOrigin | undefined {
  if (!part) return undefined
  return { use: part.use, modules: (part.auto?.candidates ?? [part]).map(({ url }) => url) }
}

function registerPart(scope: DependencyContainer, token: symbol, make: () => unknown): void {
  scope.register(token, { useFactory: instanceCachingFactory(make) })
}

function partFor<Part>(
  kind: PluginKind,
  override: unknown,
  part: LoadedPart | undefined,
  context: PluginContext,
  supervision: Supervision
): Part {
  if (override !== undefined) return (typeof override === 'function' ? override(context) : override) as Part
  if (part?.isolate) return isolated(part, context, supervision.hangMs) as unknown as Part
  if (!part)
    throw new StreamerError(
      'ERR_PLUGIN_INVALID',
      `${context.name}: there is no ${kind}, and none was given in its place`
    )
  return makePart<Part>(part.plugin, part.options, context, `${kind} plugin "${part.use}"`)
}

/** What an encoder gives must be known before it runs. */
function makeEncoder(
  override: unknown,
  part: LoadedPart | undefined,
  context: PluginContext,
  supervision: Supervision
): Encoder {
  const encoder = partFor<Encoder>('encoder', override, part, context, supervision)
  const who = `encoder plugin "${part?.use ?? 'override'}"`
  let output: unknown
  try {
    output = encoder.output
  } catch (error) {
    const message = `${who} threw when its output was looked at: ${messageOf(error)}`
    throw new StreamerError('ERR_PLUGIN_LOAD', message, { cause: error })
  }
  if (output === 'mjpeg' || output === 'h264') return encoder
  throw new StreamerError('ERR_PLUGIN_INVALID', `${who} has the output ${shown(output)}, not "mjpeg" or "h264"`)
}

function makeSource(
  override: unknown,
  part: LoadedPart | undefined,
  context: PluginContext,
  supervision: Supervision
): Source {
  if (override !== undefined || !part?.auto) return partFor<Source>('source', override, part, context, supervision)
  const { candidates, hasStandIn } = part.auto
  const leftOut = [...part.auto.leftOut]
  const offers: Offer[] = []
  for (const candidate of candidates) {
    const own = { ...context }
    const { detect } = candidate.plugin as SourcePlugin<unknown>
    try {
      const source = partFor<Source>('source', undefined, candidate, own, supervision)
      offers.push({
        use: candidate.use,
        source,
        ...(detect && { detect: async (signal) => detect(candidate.options, { ...own, signal }) })
      })
    } catch (error) {
      // Nothing stands in for the last one.
      if (candidate === candidates.at(-1)) throw error
      leftOut.push({ use: candidate.use, reason: messageOf(error) })
    }
  }
  return new AutoSource({ offers, hasStandIn, leftOut }, context.logger, supervision)
}

function makeTransports(
  override: unknown,
  loaded: LoadedConfig,
  contextFor: (name: string, part: string) => PluginContext,
  supervision: Supervision
): readonly TransportPart[] {
  if (override !== undefined) {
    const context = contextFor('transports', 'transport')
    const transports = (typeof override === 'function' ? override(context) : override) as readonly Transport[]
    return transports.map((transport, index) => ({
      name: `transport-${index + 1}`,
      use: 'override',
      optional: false,
      transport
    }))
  }
  return (loaded.transports ?? []).map((part) => {
    const transport = partFor<Transport>('transport', undefined, part, contextFor(part.name, part.name), supervision)
    return { name: part.name, use: part.use, optional: part.optional, transport, module: part.url }
  })
}
