import type { Logger } from './logger.js'
import type { Counters, Encoder, Source, Transport } from './parts.js'
import type { Stream } from './stream.js'
import type { EncoderSupports, SourceSupports, TransportSupports } from './supports.js'

/** The version of everything in `@streamer/core/plugin`; a plugin made for another one is refused. */
export const pluginApiVersion = 1

/** What the core needs of an options schema: the Standard Schema interface (version 1), which zod, valibot, arktype and others have. */
export interface OptionsSchema<Options = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => ValidationResult<Options> | Promise<ValidationResult<Options>>
    readonly types?: { readonly input: unknown; readonly output: Options } | undefined
    /** Where the library offers it, unknown keys get the nearest known one named and `streamer schema` knows the options. */
    readonly jsonSchema?: { readonly input: (options: { target: 'draft-2020-12' }) => Record<string, unknown> }
  }
}

/** What a schema says: the options, or what is wrong with them. */
export type ValidationResult<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | {
      readonly issues: ReadonlyArray<{
        readonly message: string
        readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
      }>
    }

/** `failed`: it is started again after a pause. */
export type TransportState = 'stopped' | 'starting' | 'up' | 'failed'

/** A transport at one moment. */
export interface TransportStatus {
  /** Unique in the process: `http`, or `http-2` for a second one. */
  readonly name: string
  readonly use: string
  readonly state: TransportState
  /** Where it listens; addresses may be wildcards (`0.0.0.0`, `[::]`). */
  readonly urls: readonly string[]
  readonly counters: Counters
  readonly lastFailure?: { readonly code: string; readonly message: string; readonly atMs: number }
}

/** A read-only view of the whole program, for state pages. */
export interface HostView {
  /** Version of the core. */
  readonly version: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number
  readonly streams: ReadonlyMap<string, Stream>
  transports(): readonly TransportStatus[]
  /**
   * Lets one client go, of whatever transport, which cuts it as it cuts one whose subscription is revoked. Nothing keeps the client from coming again.
   * @param id as in `SubscriptionStats`.
   * @returns whether there was such a client; in an isolated plugin, whether there was one a moment ago.
   */
  disconnect(id: string): boolean
}

/** What a plugin gets besides its options. */
export interface PluginContext {
  /** Unique name of this part in the process, as it stands in logs and statistics. */
  readonly name: string
  readonly logger: Logger
  readonly host: HostView
  /** Absolute path of the folder of the configuration file (the working directory without one): what relative paths in options refer to. */
  readonly baseDir: string
}

/** What a plugin makes. */
export type PluginKind = 'source' | 'encoder' | 'transport'

/** What every plugin says of itself. */
export interface PluginDefinition<Part, Options = unknown> {
  /** As in `use:`, without prefix: `udp`. */
  readonly name: string
  /** One sentence for `streamer plugins`. */
  readonly description?: string
  readonly configSchema: OptionsSchema<Options>
  /** Makes the part of validated options. Does no I/O; `start` does. */
  create(options: Options, context: PluginContext): Part
}

/** What `define*` make: a definition with its kind and the version of the interface that it was made for. */
export interface Plugin<Part = unknown, Options = unknown> extends PluginDefinition<Part, Options> {
  readonly kind: PluginKind
  readonly apiVersion: number
}

/** What a source found when it was asked whether there is something to capture from. */
export type Detection =
  | {
      readonly found: true
      /** What it will capture from, as people should read it: `imx708 (Camera Module 3)`. */
      readonly what: string
    }
  | {
      readonly found: false
      /** Why not, as people should read it: `no camera is connected`. */
      readonly reason: string
    }

/** What a source gets besides its options when it is asked. */
export interface DetectContext extends PluginContext {
  /** Aborted after 10 s, or when nobody wants to know any more; whatever is still awaited must end then. */
  readonly signal: AbortSignal
}

/** What `defineEncoder` takes. */
export interface EncoderDefinition<Options = unknown> extends PluginDefinition<Encoder, Options> {
  /** What it can do; checked by `encoderContract`. */
  readonly supports?: EncoderSupports
}

/** What `defineTransport` takes. */
export interface TransportDefinition<Options = unknown> extends PluginDefinition<Transport, Options> {
  /** What it can do; checked by `transportContract`. */
  readonly supports?: TransportSupports
}

/** What `defineSource` takes. */
export interface SourceDefinition<Options = unknown> extends PluginDefinition<Source, Options> {
  /** What it can do; checked by `sourceContract`. */
  readonly supports?: SourceSupports
  /**
   * For `use: auto`: whether there is something to capture from. Asked before `start`, and again every 30 s while the test camera stands in, so it
   * must be cheap, bounded in time and leave nothing running. What it throws counts as not found, with the message as the reason.
   * A source without it is taken to be there.
   */
  detect?(options: Options, context: DetectContext): Promise<Detection>
}

/** The default export of a package with a source. */
export interface SourcePlugin<Options = never> extends Plugin<Source, Options>, SourceDefinition<Options> {
  readonly kind: 'source'
}
/** The default export of a package with an encoder. */
export interface EncoderPlugin<Options = never> extends Plugin<Encoder, Options>, EncoderDefinition<Options> {
  readonly kind: 'encoder'
}
/** The default export of a package with a transport. */
export interface TransportPlugin<Options = never> extends Plugin<Transport, Options>, TransportDefinition<Options> {
  readonly kind: 'transport'
}

/** Marks the default export of a package as a source plugin of this API version. */
export function defineSource<Options>(definition: SourceDefinition<Options>): SourcePlugin<Options> {
  return { ...definition, kind: 'source', apiVersion: pluginApiVersion }
}

/** Marks the default export of a package as an encoder plugin of this API version. */
export function defineEncoder<Options>(definition: EncoderDefinition<Options>): EncoderPlugin<Options> {
  return { ...definition, kind: 'encoder', apiVersion: pluginApiVersion }
}

/** Marks the default export of a package as a transport plugin of this API version. */
export function defineTransport<Options>(definition: TransportDefinition<Options>): TransportPlugin<Options> {
  return { ...definition, kind: 'transport', apiVersion: pluginApiVersion }
}
