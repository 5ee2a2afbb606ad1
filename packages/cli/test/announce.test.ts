import { type LoadedConfig, loadConfig, type TransportStatus } from '@streamer/core'
import { expect, it, vi } from 'vitest'
import { announcementOf } from '../src/announce.js'

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  // A machine whose network comes up later.
  networkInterfaces: () => ({ lo: [{ address: '127.0.0.1', family: 'IPv4', internal: true }] })
}))

const status = (...urls: string[]): TransportStatus => ({ name: 'http', use: 'http', state: 'up', urls, counters: {} })

const warningFor = async (...urls: string[]) => {
  const loaded: LoadedConfig = await loadConfig({ config: { source: { use: 'fake' } } })
  return announcementOf(loaded, [status(...urls)]).warning
}

it.each([
  'http://[::]:8080/',
  'udp://0.0.0.0:9999',
  'tcp://192.168.1.20:8888',
  'tcp://[fe80::1]:8888',
  'http://pi.local:80/'
])('who listens on %s is told that anyone can watch, also before the network is up', async (url) => {
  expect(await warningFor('udp://127.0.0.1:1', url)).toContain('Anyone on the network can watch')
})

it('who listens on this machine alone is not', async () => {
  expect(await warningFor('http://127.0.0.1:1/', 'http://[::1]:1/', 'tcp://localhost:1')).toBeUndefined()
})
