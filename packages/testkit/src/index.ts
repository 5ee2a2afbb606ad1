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

export { fakeCamera, type SteerableFakeCameraOptions } from './camera/fake-camera.js'
export type { SteerableFakeCamera } from './camera/steerable-fake-camera.js'
export { encoderContract } from './contract/encoder-contract.js'
export { sourceContract } from './contract/source-contract.js'
export { transportContract } from './contract/transport-contract.js'
export type {
  ContractClient,
  ContractLimits,
  EncoderFixture,
  SourceFixture,
  TransportFixture,
  WrittenOptions
} from './fixtures.js'
export type { TestRunner } from './runner.js'
export {
  type TestEncoder,
  type TestPart,
  type TestServerOptions,
  type TestSource,
  type TestStream,
  type TestTransport,
  testSupervision
} from './server/options.js'
export { startStreamer } from './server/start-streamer.js'
export type { TestServer } from './server/test-server.js'
export type { Viewer } from './server/viewer.js'
