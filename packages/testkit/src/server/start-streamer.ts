import { compose, LOGGER, type Override, SOURCE, SUPERVISION } from '@streamer/core'
import type { Source } from '@streamer/core/plugin'
import { SteerableFakeCamera } from '../camera/steerable-fake-camera.js'
import { testConfiguration } from './configuration.js'
import { LogKeeper } from './log-keeper.js'
import { manualRepeatMs, type TestServerOptions, testSupervision } from './options.js'
import { TestServer } from './test-server.js'

/**
 * Starts a real server within the process of the test: the core, the plugins and their sockets, on the loopback interface and free ports.
 *
 * ```ts
 * const server = await startStreamer()
 * const answer = await fetch(new URL('snapshot.jpg', server.url('http')))
 * await server.stop()
 * ```
 * `await using server = await startStreamer()` stops it when the block is left. A plugin under development is given as it is, or by its path:
 *
 * ```ts
 * await startStreamer({ transports: [{ plugin: myTransport }] })
 * await startStreamer({ transports: [{ use: 'http' }, { use: './dist/index.js' }] })
 * ```
 * @param options a configuration as in `.streamerrc`, with cameras, and with pauses that suit tests.
 * @returns when every transport listens.
 * @throws ConfigError or StreamerError for a wrong configuration, and for a transport that cannot start; TypeError when it is not clear which camera is
 *   for which stream. Nothing is left open then.
 */
export async function startStreamer(options: TestServerOptions = {}): Promise<TestServer> {
  const { camera, cameras } = options
  const given = [...(camera ? [camera] : []), ...Object.values(cameras ?? {})]
  const isManual = given.some((one) => one instanceof SteerableFakeCamera && one.isManual)
  const config = await testConfiguration(options, isManual)
  const log = new LogKeeper()
  const repeatMs = isManual ? manualRepeatMs : testSupervision.repeatMs
  const override: Override[] = [
    [LOGGER, log],
    [SUPERVISION, { ...testSupervision, repeatMs, ...options.supervision }]
  ]
  if (given.length > 0) override.push([SOURCE, ({ name }): Source => (cameras ? cameras[name]! : camera!)])
  const streamer = await compose(config, { override })
  await streamer.start()
  return new TestServer(streamer, log.lines)
}
