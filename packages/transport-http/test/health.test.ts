import { monotonicUs, wallClockMs } from '@streamer/core/plugin'
import { afterEach, expect, test } from 'vitest'
import { type Served, serve, standInPicture } from './stand-ins.js'

let served: Served
afterEach(() => served.transport.stop())

async function ready(): Promise<readonly [number, string]> {
  const response = await fetch(`${served.base}/health/ready`)
  return [response.status, await response.text()]
}

const failure = (atMs: number) => ({ code: 'ERR_SOURCE_FAILED', message: 'source: the cable is loose', atMs })

test('it is alive as long as it serves, and no question wakes a camera', async () => {
  served = await serve()
  served.stream.state = 'recovering'
  for (const path of ['/health', '/health/live', '/health/live?probe=1']) {
    const response = await fetch(served.base + path)
    expect([path, response.status, await response.text()]).toEqual([path, 200, 'alive\n'])
  }
  expect((await fetch(`${served.base}/health/live`, { method: 'HEAD' })).status).toBe(200)
  await ready()
  expect(served.stream.subscribed).toBe(0)
  expect((await fetch(`${served.base}/health/live`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${served.base}/health/other`)).status).toBe(404)
})

test('it is ready with cameras that are off, starting or live', async () => {
  served = await serve({}, ['front', 'back', 'door'])
  served.streams.get('front')!.state = 'idle'
  served.streams.get('back')!.state = 'starting'
  expect(await ready()).toEqual([200, 'ready\n'])
})

test('it is not ready while one of them fails, and says which and why', async () => {
  served = await serve({}, ['front', 'back'])
  const back = served.streams.get('back')!
  back.state = 'recovering'
  back.lastFailure = failure(Date.now())
  const reason = 'gives no pictures just now: it is recovering; its last failure: source: the cable is loose'
  expect(await ready()).toEqual([503, `"back" ${reason}\n`])
  back.state = 'live'
  expect(await ready()).toEqual([200, 'ready\n'])
})

test('a failure stands for a camera that was turned off meanwhile, until it gave a frame again', async () => {
  served = await serve()
  const { stream } = served
  stream.publish(standInPicture(0, 10))
  stream.state = 'idle'
  stream.lastFailure = failure(wallClockMs(monotonicUs()) + 1)
  expect((await ready())[0]).toBe(503)
  stream.publish(standInPicture(1, 10), { timestampUs: monotonicUs() + 1_000_000 })
  expect((await ready())[0]).toBe(200)
})
