/** What the container holds, by token. `compose(config, { override })` replaces any of the first three. */

/** The `Source` of a stream. */
export const SOURCE: unique symbol = Symbol.for('@streamer/core.SOURCE')
/** The `Encoder` of a stream. */
export const ENCODER: unique symbol = Symbol.for('@streamer/core.ENCODER')
/** All transports: `readonly TransportPart[]`. */
export const TRANSPORTS: unique symbol = Symbol.for('@streamer/core.TRANSPORTS')
/** The `Logger` of a pipeline or of the program. */
export const LOGGER: unique symbol = Symbol.for('@streamer/core.LOGGER')
/** `Supervision`: when the core steps in for a part. */
export const SUPERVISION: unique symbol = Symbol.for('@streamer/core.SUPERVISION')
/** `PipelineOptions` of one stream. */
export const PIPELINE_OPTIONS: unique symbol = Symbol.for('@streamer/core.PIPELINE_OPTIONS')
/** All pipelines: `readonly Pipeline[]`. */
export const PIPELINES: unique symbol = Symbol.for('@streamer/core.PIPELINES')
/** The `Host` that state pages read. */
export const HOST: unique symbol = Symbol.for('@streamer/core.HOST')
