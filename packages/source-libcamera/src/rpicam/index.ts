/**
 * Cameras through `rpicam-vid`, where the helper cannot be built.
 *
 * ```ts
 * const [camera] = await listRpicamCameras(undefined)
 * const source = new RpicamSource(configSchema.parse({ camera: camera?.id }), process.cwd(), logger)
 * ```
 * @packageDocumentation
 */
export { listRpicamCameras, type RpicamCamera } from './cameras.js'
export { settingsFor } from './settings.js'
export { RpicamSource } from './source.js'
