/**
 * For those who write plugins, and for tests that need a camera and a server.
 *
 * ```ts
 * import { describe, it } from 'vitest'
 * import { transportContract } from '@streamer/testkit'
 * import plugin from '../src/index.js'
 *
 * transportContract({ describe, it }, { plugin, options: (port) => ({ host: '127.0.0.1', port }), connect })
 * ```
 * @packageDocumentation
 */
export type {
  ContractClient,
  ContractLimits,
  EncoderFixture,
  SourceFixture,
  TransportFixture,
  WrittenOptions
} from './fixtures.js'
export type { TestRunner } from './runner.js'
