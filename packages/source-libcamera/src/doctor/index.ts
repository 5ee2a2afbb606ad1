/**
 * Finds out what is wrong with a camera and how to mend it.
 *
 * ```ts
 * import { diagnose, gatherFacts } from '@streamer/source-libcamera/doctor'
 *
 * for (const { level, message, remedy } of diagnose(await gatherFacts({ logger }))) console.log(level, message, remedy)
 * ```
 * @packageDocumentation
 */
export { diagnose } from './diagnose.js'
export type * from './facts.js'
export { type GatherOptions, gatherFacts, type TryCapture } from './gather.js'
export { tryCapture } from './try-capture.js'
