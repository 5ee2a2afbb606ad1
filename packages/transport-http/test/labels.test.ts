import { expect, onTestFinished, test } from 'vitest'
import { StandInLogger } from '../../../test/support/stand-ins.js'
import { configSchema, HttpTransport } from '../src/index.js'
import { RawClient, StandInStream, standInContext, standInRun } from './stand-ins.js'

test('a connection that is cut is named as everywhere, also where IPv4 comes in by IPv6', async () => {
  const streams = new Map([['camera', new StandInStream('camera')]])
  const logger = new StandInLogger()
  const transport = new HttpTransport(configSchema.parse({ port: 0 }), { ...standInContext(streams), logger })
  onTestFinished(() => transport.stop())
  const [url] = await transport.start(standInRun(), streams)
  const client = new RawClient(Number(new URL(url!).port))
  client.socket.write('GET /snapshot.jpg HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(1000))
  await client.closed
  expect(logger.warnings).toEqual([
    expect.stringMatching(/^cut 127\.0\.0\.1:\d+: more than \d+ requests waited on its connection$/)
  ])
})
