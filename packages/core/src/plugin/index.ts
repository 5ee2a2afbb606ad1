/**
 * Everything that a plugin sees of the core: the nouns of the frame path, `define*`, errors, the clock and a small drawing kit.
 *
 * ```ts
 * import { defineSource } from '@streamer/core/plugin'
 * ```
 * @packageDocumentation
 */
export * from './clock.js'
export * from './controls.js'
export * from './define.js'
export * from './errors.js'
export * from './frame.js'
export * from './lifecycle.js'
export * from './listen.js'
export * from './logger.js'
export * from './parts.js'
export * from './picture.js'
export * from './secrets.js'
export * from './stream.js'
export * from './supports.js'
export * from './trouble.js'
