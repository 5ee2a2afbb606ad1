/**
 * For programs that host streams: read a configuration, load its plugins, compose and run.
 *
 * ```ts
 * import { compose } from '@streamer/core'
 *
 * const streamer = await compose({ source: { use: 'fake' }, transports: [{ use: 'http', port: 0 }] })
 * await streamer.start()
 * console.log(streamer.urls)
 * await streamer.stop()
 * ```
 * Plugins import `@streamer/core/plugin` instead.
 * @packageDocumentation
 */
export { autoSources, isAuto, type LeftOut, type LoadedAuto, loadAuto } from './auto/candidates.js'
export type { Border } from './border/border.js'
export * from './compose.js'
export * from './config/file.js'
export * from './config/json-schema.js'
export * from './config/load.js'
export { type AutoParts, type LoadedPart, optionNames } from './config/part-loader.js'
export * from './config/problems.js'
export * from './config/schema.js'
export type { Setting, SettingName, Settings } from './config/settings.js'
export { coreVersion, Host } from './host.js'
export { FrameHub } from './hub.js'
export { type PartOrigin, Pipeline, type PipelineOptions } from './pipeline.js'
export * from './plugin/index.js'
export * from './plugins/check-supports.js'
export * from './plugins/load.js'
export * from './plugins/resolve.js'
export type { StreamView } from './stream-view.js'
export { Streamer } from './streamer.js'
export { defaultSupervision, type Supervision } from './supervision.js'
export * from './tokens.js'
export type { TransportPart } from './transport-runner.js'
