import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { routedNetwork } from '../support/network/topologies.js'

let network: Awaited<ReturnType<typeof routedNetwork>>['network'] | undefined
afterEach(() => network?.close())

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

it('a client on a link of 200 kB/s sees no frame that is older than maxAgeMs and the time that it takes to come', async () => {
  const { network: made, client, router, server } = await routedNetwork()
  network = made
  const frameBytes = 40_000
  const bytesPerSecond = 200_000
  await router.limit(client, { rateBps: 8 * bytesPerSecond, queueMs: 50 })
  const transport = { use: 'http', host: '0.0.0.0', port: 8080 }
  // More than five seconds of them, at five times what the link can take.
  const settings = { transport, frames: 200, framerate: 30, frameBytes }
  const serving = server.spawn([pathOf('../../bench/loss/server.mjs'), JSON.stringify(settings)])
  await serving.next('listening')
  const watching = client.spawn([pathOf('./http-age-client.mjs'), server.addressFor(router), '8080'])
  await serving.next('finished')
  const { ages } = (await watching.ask('report')) as { ages: number[] }
  expect(ages.length).toBeGreaterThan(10)
  // None came at the rate of the camera.
  expect(ages.length).toBeLessThan(100)
  expect(Math.max(...ages)).toBeLessThan(1000 + (1000 * frameBytes) / bytesPerSecond)
})
