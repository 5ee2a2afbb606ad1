import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { configSchema, makeLinkToken } from '../src/index.js'
import { Proxies, withoutBasePath } from '../src/proxy.js'
import { type RawClient, type Served, StandInViewer, serve } from './stand-ins.js'

const running: Served[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const { transport } of running.splice(0)) await transport.stop()
})

async function served(options: object = {}, names?: readonly string[]): Promise<Served> {
  const one = await serve(options, names)
  running.push(one)
  return one
}

function request(remoteAddress: string, headers: Record<string, string | string[]> = {}): IncomingMessage {
  return { socket: { remoteAddress, remotePort: 1234 }, headers } as unknown as IncomingMessage
}

describe('the client behind a proxy', () => {
  const proxies = new Proxies(['10.0.0.1', 'fd00::/64'])

  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['1.1.1.1,203.0.113.7 , 10.0.0.1', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['fd00::5', 'fd00::5'],
    ['1.1.1.1, unix:', 'unknown'],
    ['', '10.0.0.1']
  ])('is, for X-Forwarded-For: %s, %s', (field, address) => {
    expect(proxies.clientOf(request('10.0.0.1', { 'x-forwarded-for': field })).address).toBe(address)
  })

  test('is the last that no client wrote, whatever stands before it', () => {
    const client = proxies.clientOf(request('::ffff:10.0.0.1', { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' }))
    expect(client).toMatchObject({ address: '203.0.113.7', isOfHouse: false, label: '203.0.113.7:1234' })
  })

  test('says its host and scheme through the proxy', () => {
    const headers = { host: 'inner:8080', 'x-forwarded-host': 'cam.example', 'x-forwarded-proto': 'https' }
    expect(proxies.clientOf(request('10.0.0.1', headers))).toMatchObject({ host: 'cam.example', isEncrypted: true })
    expect(proxies.clientOf(request('10.0.0.2', headers))).toMatchObject({ host: 'inner:8080', isEncrypted: false })
  })

  test('is not believed to be another one when the proxy is not ours', () => {
    const client = proxies.clientOf(request('192.168.1.9', { 'x-forwarded-for': '10.0.0.7' }))
    expect(client).toMatchObject({ address: '192.168.1.9', isOfHouse: false })
    expect(proxies.clientOf(request('192.168.1.9'))).toMatchObject({ isOfHouse: true })
  })

  test('is shown in the state', async () => {
    const { port, stream } = await served({ trustedProxies: ['127.0.0.0/8'] })
    clients.push(new StandInViewer(port, '/stream.mjpg HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\nX: '))
    await stream.clients(1)
    expect(stream.stats().clients[0]?.label).toMatch(/^203\.0\.113\.7:\d+$/)
  })
})

describe('basePath', () => {
  test('is taken off what is below it', () => {
    expect(withoutBasePath('/state', '')).toBe('/state')
    expect(withoutBasePath('/camera/state?x', '/camera')).toBe('/state?x')
    expect(withoutBasePath('http://pi/camera/', '/camera')).toBe('/')
    for (const other of ['/state', '/camera', '/camera2/state', '/', '*', '/x/camera/'])
      expect(withoutBasePath(other, '/camera'), other).toBeUndefined()
  })

  test('is a path without a slash at its end', () => {
    for (const right of ['', '/camera', '/a/b.c'])
      expect(configSchema.safeParse({ basePath: right }).success, right).toBe(true)
    for (const wrong of ['/', 'camera', '/camera/', '/a//b', '/..', '/a/../b', '/a?b', '/ä'])
      expect(configSchema.safeParse({ basePath: wrong }).success, wrong).toBe(false)
  })

  test("is where the cookie of a link's page belongs", async () => {
    const key = 'sixteen characters and more'
    const server = await served({ basePath: '/camera', key })
    const token = makeLinkToken({ stream: '*', expiresAtMs: Date.now() + 3_600_000 }, Buffer.from(key))
    const page = await fetch(`${server.base}/camera/?token=${token}`)
    expect(page.headers.get('set-cookie')).toContain('; Path=/camera/; ')
  })

  test('has everything below it', async () => {
    const server = await served({ basePath: '/camera' }, ['front'])
    expect(server.urls).toEqual([`${server.base}/camera/`, `${server.base}/camera/stream.mjpg`])
    expect((await fetch(`${server.base}/camera/state`)).status).toBe(200)
    expect((await fetch(`${server.base}/camera/front/`)).status).toBe(200)
    const above = await fetch(`${server.base}/state`)
    expect(above.status).toBe(404)
    expect(await above.text()).toContain('/camera/')
    // People forget the slash.
    expect((await fetch(`${server.base}/camera`)).url).toBe(`${server.base}/camera/`)
    // A redirect leads below it, too.
    expect((await fetch(`${server.base}/camera/front`)).url).toBe(`${server.base}/camera/front/`)
    // And none loses what was asked, such as a link's token.
    expect((await fetch(`${server.base}/camera?token=a.b&x`)).url).toBe(`${server.base}/camera/?token=a.b&x`)
    expect((await fetch(`${server.base}/camera/front?token=a.b`)).url).toBe(`${server.base}/camera/front/?token=a.b`)
    expect((await fetch(`${server.base}/camera2`)).status).toBe(404)
  })
})
