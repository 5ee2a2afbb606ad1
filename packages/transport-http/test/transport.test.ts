import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, Socket } from 'node:net'
import { isStreamerError, monotonicUs } from '@streamer/core/plugin'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Connections } from '../src/connections.js'
import http, { type HttpState } from '../src/index.js'
import {
  createTransport,
  RawClient,
  type Served,
  StandInStream,
  serve,
  standInContext,
  standInPicture,
  standInRun
} from './stand-ins.js'

const running: Served[] = []
const clients: RawClient[] = []

async function served(options: object = {}, names?: readonly string[]): Promise<Served> {
  const one = await serve(options, names)
  running.push(one)
  return one
}

function raw(port: number, request?: string): RawClient {
  const client = new RawClient(port, request)
  clients.push(client)
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const { transport } of running.splice(0)) await transport.stop()
})

const get = (target: string, version = '1.1') => `GET ${target} HTTP/${version}\r\nHost: test\r\n\r\n`
const jpeg = (...bytes: number[]) => Uint8Array.of(0xff, 0xd8, ...bytes, 0xff, 0xd9)

describe('a stream', () => {
  for (const version of ['1.0', '1.1']) {
    test(`has exactly these bytes for an HTTP/${version} client`, async () => {
      const { port, stream } = await served()
      const client = raw(port, get('/stream.mjpg', version))
      await client.until('--streamerframe\r\n')
      expect(client.text.replace(/^Date: .*$/m, 'Date: now')).toBe(
        [
          'HTTP/1.1 200 OK',
          'Content-Type: multipart/x-mixed-replace; boundary=streamerframe',
          'Cache-Control: no-store',
          'Pragma: no-cache',
          'X-Accel-Buffering: no',
          'X-Content-Type-Options: nosniff',
          'Connection: close',
          'Date: now',
          '',
          '--streamerframe',
          ''
        ].join('\r\n')
      )
      const headLength = client.bytes.length
      await stream.clients(1)
      const before = Date.now()
      const first = stream.publish(jpeg(1, 2, 3)).data
      await client.until(headLength + 105)
      const second = stream.publish(jpeg(0x0d, 0x0a, 0x2d, 0x2d)).data
      await client.until(headLength + 211)
      const body = client.text.slice(headLength)
      const [one, two] = Array.from(body.matchAll(/X-Timestamp: (\d+\.\d{6})\r\n/g), (match) => match[1])
      expect(body).toBe(
        `Content-Type: image/jpeg\r\nContent-Length: 7\r\nX-Timestamp: ${one}\r\n\r\n${Buffer.from(first).toString('latin1')}` +
          `\r\n--streamerframe\r\nContent-Type: image/jpeg\r\nContent-Length: 8\r\nX-Timestamp: ${two}\r\n\r\n` +
          `${Buffer.from(second).toString('latin1')}\r\n--streamerframe\r\n`
      )
      // Of the capture, so the first is not from before it nor the second from before the first; no claim on speed.
      expect(Number(one) * 1000).toBeGreaterThan(before - 1000)
      expect(Number(two)).toBeGreaterThanOrEqual(Number(one))
    })
  }

  for (const target of [
    '/stream',
    '/video_feed',
    '/?action=stream',
    '/?action=stream_0&dummy=1',
    '/camera/stream.mjpg?1700000'
  ]) {
    test(`is served at ${target} too`, async () => {
      const { port, stream } = await served()
      const client = raw(port, get(target))
      await stream.clients(1)
      stream.publish(jpeg(7))
      await client.until('\xff\xd8\x07\xff\xd9\r\n--streamerframe\r\n')
    })
  }

  test('is subscribed under the address of the client, and unsubscribed when that has gone', async () => {
    const { port, stream } = await served()
    const client = raw(port, get('/stream.mjpg'))
    await stream.clients(1)
    expect(stream.stats().clients[0]?.label).toBe(`127.0.0.1:${client.socket.localPort}`)
    client.socket.end()
    await stream.clients(0)
    await client.closed
  })

  test('takes no notice of what its client sends', async () => {
    const { port, stream, transport } = await served()
    const client = raw(port, `${get('/stream.mjpg')}${get('/state')}`)
    await stream.clients(1)
    client.socket.write(`\0\0garbage\r\n\r\n${get('/nothing')}`)
    client.socket.write('x'.repeat(100_000))
    stream.publish(jpeg(1))
    await client.until('\xff\xd8\x01\xff\xd9\r\n--streamerframe\r\n')
    const other = raw(port, get('/state'))
    await other.until('"version"')
    stream.publish(jpeg(2))
    await client.until('\xff\xd8\x02\xff\xd9\r\n--streamerframe\r\n')
    expect(client.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(transport.stats()).toMatchObject({ requests: 2, badRequests: 0, notFound: 0 })
  })

  test('can be asked for behind another request on the same connection', async () => {
    const { port, stream } = await served()
    const client = raw(port, get('/state') + get('/stream.mjpg'))
    await stream.clients(1)
    stream.publish(jpeg(5))
    await client.until('\xff\xd8\x05\xff\xd9\r\n--streamerframe\r\n')
    expect(client.text).toContain('"version"')
    expect(client.text).not.toContain('chunked')
  })

  test('comes at the frame rate that the client asks for', async () => {
    const { port, stream } = await served({ maxFramerate: 1 })
    raw(port, get('/stream.mjpg?fps=500'))
    await stream.clients(1)
    for (let count = 0; count < 20; count++) stream.publish(jpeg(count))
    expect(stream.stats().clients[0]).toMatchObject({ offered: 20, delivered: 1, skipped: 19 })
  })

  test('ends for clients beyond maxClients before it begins, with 503 and a reason', async () => {
    const { port, stream, base, transport } = await served({ maxClients: 1 })
    const first = raw(port, get('/stream.mjpg'))
    await stream.clients(1)
    const refused = await fetch(`${base}/stream.mjpg`)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.text()).toContain('all 1 places')
    expect(transport.stats().refusedClients).toBe(1)
    first.close()
    await stream.clients(0)
    raw(port, get('/stream.mjpg'))
    await stream.clients(1)
  })

  test('of each name goes to those who asked for it', async () => {
    const { port, streams } = await served({}, ['front', 'back door'])
    const front = raw(port, get('/front/?action=stream'))
    const door = raw(port, get('/back%20door/stream'))
    await streams.get('front')!.clients(1)
    await streams.get('back door')!.clients(1)
    streams.get('front')!.publish(jpeg(1))
    streams.get('back door')!.publish(jpeg(2))
    await front.until('\xff\xd8\x01\xff\xd9')
    await door.until('\xff\xd8\x02\xff\xd9')
    expect(front.text).not.toContain('\xff\xd8\x02\xff\xd9')
  })
})

describe('extra_headers', () => {
  test('tell when each frame was taken, encoded and sent, one client at a time', async () => {
    const { port, stream, base } = await served()
    const plain = raw(port, get('/stream.mjpg?extra_headers=0'))
    const timed = raw(port, get('/stream.mjpg?extra_headers=1&fps=1000'))
    await stream.clients(2)
    const { timestampUs } = stream.publish(jpeg(1), { timestampUs: monotonicUs() - 50_000 })
    await plain.until('\xff\xd9\r\n--streamerframe\r\n')
    await timed.until('\xff\xd9\r\n--streamerframe\r\n')
    const part = /--streamerframe\r\n((?:.+\r\n)+)\r\n(\xff\xd8[\s\S]*?\xff\xd9)\r\n--streamerframe\r\n$/
    const [, plainHead, plainPicture] = part.exec(plain.text)!
    const [, head, picture] = part.exec(timed.text)!
    expect(picture).toBe(plainPicture)
    expect(head!.startsWith(plainHead!)).toBe(true)
    const [captured, encoded, sent] = ['X-Timestamp', 'X-Encoded', 'X-Sent'].map((name) =>
      Number(new RegExp(`^${name}: (\\d+\\.\\d{6})\r$`, 'm').exec(head!)![1])
    ) as [number, number, number]
    expect(plainHead).not.toContain('X-Sent')
    // The clocks of the wall and of the machine are compared anew for each, to some microseconds.
    expect(encoded - captured).toBeGreaterThan(0.049)
    expect(encoded - captured).toBeLessThan((monotonicUs() - timestampUs) / 1e6)
    expect(sent).toBeGreaterThan(encoded - 0.001)
    const state = (await (await fetch(`${base}/state`)).json()) as {
      result: { stream: { clients_stat: Record<string, { extra_headers: boolean }> } }
    }
    const flags = Object.values(state.result.stream.clients_stat).map((client) => client.extra_headers)
    expect(flags.sort()).toEqual([false, true])
  })
})

describe('a snapshot', () => {
  test('may be a picture that is a little older, when that is asked for', async () => {
    const { base, stream } = await served({ snapshotTimeoutMs: 60 })
    const now = monotonicUs()
    stream.publish(jpeg(1), { timestampUs: now - 3_600_000_000 })
    const recent = await fetch(`${base}/snapshot.jpg?max_age=9999999`)
    expect(recent.status).toBe(200)
    expect(new Uint8Array(await recent.arrayBuffer())).toEqual(jpeg(1))
    expect(Number(recent.headers.get('x-timestamp'))).toBeLessThan(Date.now() / 1000 - 3000)
    expect(stream.subscribed).toBe(0)
    for (const query of ['max_age=1000000', 'max_age=0', 'max_age=', 'max_age']) {
      expect((await fetch(`${base}/snapshot.jpg?${query}`)).status, query).toBe(503)
    }
    stream.publish(jpeg(2), { placeholder: true })
    expect((await fetch(`${base}/snapshot.jpg?max_age=9999999`)).status).toBe(503)
    const bad = await fetch(`${base}/?action=snapshot&max_age=soon`)
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('max_age="soon"')])
  })

  for (const path of ['/snapshot.jpg', '/snapshot', '/?action=snapshot', '/camera/?action=snapshot_0']) {
    test(`at ${path} is the first frame taken after the request, byte for byte`, async () => {
      const { base, stream, transport } = await served()
      stream.publish(jpeg(1))
      const beforeUs = monotonicUs()
      const answer = fetch(base + path)
      await stream.clients(1)
      stream.publish(jpeg(2), { timestampUs: beforeUs - 1 })
      stream.publish(jpeg(3), { placeholder: true })
      await new Promise((resolve) => setImmediate(resolve))
      stream.publish(jpeg(4))
      const response = await answer
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('image/jpeg')
      expect(response.headers.get('content-length')).toBe('5')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('x-timestamp')).toMatch(/^\d+\.\d{6}$/)
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(jpeg(4))
      await stream.clients(0)
      expect(transport.stats()).toMatchObject({ snapshots: 1, snapshotsWithoutFrame: 0 })
    })
  }

  test('is 503 with the reason when no fresh frame comes in time', async () => {
    const { base, stream, transport } = await served({ snapshotTimeoutMs: 60 })
    stream.state = 'recovering'
    stream.lastFailure = { code: 'ERR_SOURCE_ENDED', message: 'the cable is out', atMs: 1 }
    const response = await fetch(`${base}/snapshot.jpg`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.text()).toBe(
      'no fresh picture of "camera" came within 60 ms; the stream is recovering; its last failure: the cable is out\n'
    )
    await stream.clients(0)
    expect(transport.stats().snapshotsWithoutFrame).toBe(1)
  })

  test('is no longer wanted when its client has gone', async () => {
    const { port, stream } = await served()
    const client = raw(port, get('/snapshot.jpg'))
    await stream.clients(1)
    client.close()
    await stream.clients(0)
  })

  test('is waited for by maxClients clients at most, and once per connection', async () => {
    const { port, stream, base, transport } = await served({ maxClients: 1 })
    const first = raw(port, get('/snapshot.jpg') + get('/snapshot.jpg'))
    await stream.clients(1)
    expect((await fetch(`${base}/snapshot.jpg`)).status).toBe(503)
    stream.publish(jpeg(1))
    await first.until('waits for another snapshot')
    expect(transport.stats()).toMatchObject({ snapshots: 1, refusedClients: 2 })
  })
})

describe('documents', () => {
  test('the state tells of streams, their clients and the program, under stable names', async () => {
    const { port, base, streams } = await served({}, ['front', 'back door'])
    raw(port, get('/front/stream.mjpg'))
    await streams.get('front')!.clients(1)
    streams.get('front')!.publish(jpeg(1))
    const response = await fetch(`${base}/state`)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toMatchObject({
      version: '0.0.0-test',
      startedAtMs: expect.any(Number),
      uptimeMs: expect.any(Number),
      streams: [
        {
          name: 'front',
          paths: { page: '/front/', stream: '/front/stream.mjpg', snapshot: '/front/snapshot.jpg' },
          clients: [{ label: expect.stringMatching(/^127\.0\.0\.1:\d+$/), transport: 'test', delivered: 1, dropped: 0 }]
        },
        { name: 'back door', paths: { stream: '/back%20door/stream.mjpg' }, clients: [] }
      ],
      transports: []
    })
  })

  test('the state says which streams of one viewer are open', async () => {
    const { base, port, streams } = await served({}, ['front', 'door', 'garden'])
    const viewing = async (query: string) =>
      ((await (await fetch(`${base}/state${query}`)).json()) as HttpState).viewing
    raw(port, get('/front/stream.mjpg?viewer=one'))
    const door = raw(port, get('/door/?action=stream&fps=5&viewer=one'))
    raw(port, get('/garden/stream.mjpg?viewer=two'))
    for (const stream of streams.values()) await stream.clients(1)
    expect(await viewing('?viewer=one')).toEqual(['front', 'door'])
    door.close()
    await streams.get('door')!.clients(0)
    expect(await viewing('?viewer=one')).toEqual(['front'])
    expect(await viewing('?viewer=nobody')).toEqual([])
    for (const query of ['', '?viewer', '?viewer=', '?viewer=%20', `?viewer=${'x'.repeat(33)}`]) {
      expect(await viewing(query)).toBeUndefined()
    }
  })

  test('the uptime does not follow a clock that is set', async () => {
    const { base } = await served()
    for (const stepMs of [1e11, -1e11]) {
      const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + stepMs)
      try {
        const { uptimeMs } = (await (await fetch(`${base}/state`)).json()) as { uptimeMs: number }
        expect(uptimeMs).toBeGreaterThanOrEqual(0)
        expect(uptimeMs).toBeLessThan(1e6)
      } finally {
        now.mockRestore()
      }
    }
  })

  test('the page shows every stream, that of a name only this one, and names cannot inject markup', async () => {
    const { base } = await served({}, ['front', '<b>"x'])
    const all = await (await fetch(base)).text()
    expect(all).toContain(' src="front/stream.mjpg"')
    expect(all).toContain(' src="%3Cb%3E%22x/stream.mjpg"')
    expect(all).toContain(' data-names="[&#34;front&#34;,&#34;&#60;b&#62;\\&#34;x&#34;]"')
    expect(all).not.toContain('<b>')
    const response = await fetch(`${base}/front`)
    expect(response.url).toBe(`${base}/front/`)
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*script-src 'self'/)
    const one = await response.text()
    expect(one).toContain(' src="../front/stream.mjpg"')
    expect(one).toContain(' data-root="../"')
    expect(one).not.toContain('%3Cb')
  })

  test('what the page is made of is there, and nothing else of that folder', async () => {
    const { base } = await served({}, ['page'])
    const [, script] = / src="(page\/[^"]+)"/.exec(await (await fetch(base)).text())!
    const found = new Set<string>()
    const open = [new URL(script!, `${base}/`).href]
    for (const url of open) {
      const response = await fetch(url)
      expect(response.status, url).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
      for (const [, name] of (await response.text()).matchAll(/ from '\.\/([^']+)'/g)) {
        const address = new URL(name!, url).href
        if (!open.includes(address)) open.push(address)
      }
      found.add(url)
    }
    expect(found.size).toBeGreaterThan(5)
    const style = await fetch(`${base}/page/viewer.css`)
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8')
    for (const path of ['page/', 'page/..%2Fpackage.json', 'page/toString', 'page/viewer.css/']) {
      const { status, headers } = await fetch(`${base}/${path}`)
      // A stream may have that name, too.
      if (path === 'page/') expect(headers.get('content-type')).toMatch(/^text\/html/)
      else expect(status, path).toBe(404)
    }
  })

  test('HEAD and the documents wake no camera', async () => {
    const { base, stream } = await served()
    for (const path of ['/stream.mjpg', '/snapshot.jpg', '/', '/state', '/nothing', '/?action=stream']) {
      const response = await fetch(base + path, { method: 'HEAD' })
      expect(response.status, path).toBe(path === '/nothing' ? 404 : 200)
      expect(await response.text()).toBe('')
    }
    for (const path of ['/', '/camera/', '/state', '/nothing']) await (await fetch(base + path)).text()
    expect(stream.subscribed).toBe(0)
    expect((await fetch(`${base}/stream.mjpg`, { method: 'HEAD' })).headers.get('content-type')).toMatch(/^multipart/)
  })

  test('scripts of other origins may read only where corsOrigin allows it', async () => {
    const closed = await served()
    expect((await fetch(`${closed.base}/state`)).headers.get('access-control-allow-origin')).toBeNull()
    const { base, port, stream } = await served({ corsOrigin: 'http://mainsail.local' })
    const preflight = await fetch(`${base}/stream.mjpg`, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain('GET')
    const client = raw(port, get('/stream.mjpg'))
    await stream.clients(1)
    await client.until('Access-Control-Allow-Origin: http://mainsail.local\r\n')
  })

  test('of several origins in corsOrigin each may read', async () => {
    const { base } = await served({ corsOrigin: ['http://mainsail.local', 'http://fluidd.local:81'] })
    const allowed = async (Origin?: string) => {
      const { headers } = await fetch(`${base}/state`, { headers: { ...(Origin && { Origin }) } })
      return [headers.get('vary'), headers.get('access-control-allow-origin')]
    }
    expect(await allowed('http://fluidd.local:81')).toEqual(['Origin', 'http://fluidd.local:81'])
    expect(await allowed('http://mainsail.local')).toEqual(['Origin', 'http://mainsail.local'])
    expect(await allowed('http://fluidd.local')).toEqual(['Origin', null])
    expect(await allowed()).toEqual(['Origin', null])
    const policy = (await fetch(base)).headers.get('content-security-policy')
    expect(policy).toContain("frame-ancestors 'self' http://mainsail.local http://fluidd.local:81")
  })
})

test('no answer with a body is taken for another type than it says', async () => {
  const { base, port, stream } = await served()
  stream.publish(jpeg(1))
  const paths = [
    '/',
    '/page/viewer.css',
    '/state',
    '/health',
    '/metrics',
    '/api/v1/streams',
    '/nothing',
    '/ws',
    '/camera'
  ]
  for (const path of [...paths, '/%zz', '/snapshot.jpg?max_age=999999', '/stream.mjpg']) {
    const answer = await fetch(base + path, { redirect: 'manual', ...(path === '/stream.mjpg' && { method: 'HEAD' }) })
    await answer.text()
    expect(answer.headers.get('x-content-type-options'), path).toBe('nosniff')
  }
  const garbage = raw(port, 'what is this\r\n\r\n')
  await garbage.closed
  expect(garbage.text).toContain('\r\nX-Content-Type-Options: nosniff\r\n')
})

describe('bad requests', () => {
  test('an unknown path is 404 and lists what there is', async () => {
    const { base, transport } = await served({}, ['front', 'door'])
    const response = await fetch(`${base}/webcam`)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toMatch(/no "\/webcam" here[\s\S]*\/stream\.mjpg[\s\S]*\/door\/snapshot\.jpg/)
    expect(transport.stats().notFound).toBe(1)
  })

  test('another method is 405 with what is possible', async () => {
    const { base, transport } = await served()
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(`${base}/stream.mjpg`, { method, ...(method !== 'DELETE' && { body: 'x' }) })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      expect(await response.text()).toContain(method)
    }
    expect(transport.stats().methodsNotAllowed).toBe(4)
  })

  test('a malformed address or frame rate is 400 with a sentence', async () => {
    const { port, transport } = await served()
    for (const target of ['/%zz', '/stream?fps=fast']) {
      const client = raw(port, get(target))
      await client.until('400 Bad Request')
      await client.until('\r\n\r\n')
    }
    const garbage = raw(port, 'what is this\r\n\r\n')
    await garbage.closed
    expect(garbage.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*this is not an HTTP request/)
    expect(transport.stats().badRequests).toBe(3)
  })

  test('an HTTP/1.1 request without Host is 400 with a sentence, one of HTTP/1.0 is not', async () => {
    const { port, transport } = await served()
    const client = raw(port, 'GET /state HTTP/1.1\r\n\r\n')
    await client.closed
    expect(client.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*an HTTP\/1\.1 request needs a Host header\n$/)
    await raw(port, 'GET /state HTTP/1.0\r\n\r\n').until('HTTP/1.1 200 OK')
    expect(transport.stats().badRequests).toBe(1)
  })

  test('a head larger than 16 KiB is 431', async () => {
    const { port, transport } = await served()
    const client = raw(port, `GET / HTTP/1.1\r\nHost: test\r\nX: ${'x'.repeat(100_000)}`)
    await client.closed
    expect(client.text).toMatch(/^HTTP\/1\.1 431 [\s\S]*16384 bytes\n$/)
    const long = raw(port, get(`/${'x'.repeat(17_000)}`))
    await long.closed
    expect(long.text).toMatch(/^HTTP\/1\.1 431 /)
    expect(transport.stats().headsTooLarge).toBe(2)
  })

  test('a request that does not get on is answered with 408 and closed while others go on', async () => {
    const { port, stream, transport } = await served({ headTimeoutMs: 150 })
    const viewer = raw(port, get('/stream.mjpg'))
    await stream.clients(1)
    const slow = raw(port, 'GET / HTTP/1.1\r\n')
    const dripping = setInterval(() => slow.socket.write('X: y\r\n'), 20)
    const silent = raw(port)
    const body = raw(port, 'GET /state HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc')
    await Promise.all([slow.closed, silent.closed, body.closed])
    clearInterval(dripping)
    expect(slow.text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*within 150 ms\n$/)
    expect(silent.text).toBe('')
    expect(transport.stats().requestTimeouts).toBeGreaterThanOrEqual(2)
    stream.publish(jpeg(9))
    await viewer.until('\xff\xd8\x09\xff\xd9\r\n--streamerframe\r\n')
    expect(viewer.isClosed).toBe(false)
  })

  test('connections that never ask do not lock out those that do: the oldest of them goes', async () => {
    const { port, transport, stream } = await served({ maxClients: 2 })
    const viewer = raw(port, get('/stream.mjpg'))
    await stream.clients(1)
    const halfOpen = Array.from({ length: 63 }, () => raw(port, 'GET / HTTP/1.1\r\n'))
    await Promise.all(halfOpen.map(({ socket }) => once(socket, 'connect')))
    const newcomer = raw(port, get('/snapshot.jpg'))
    await stream.clients(2)
    expect(transport.stats().refusedConnections).toBe(1)
    stream.publish(jpeg(7))
    await newcomer.until('\xff\xd8\x07\xff\xd9')
    expect(halfOpen.filter(({ isClosed }) => isClosed).length).toBe(1)
    expect(viewer.isClosed).toBe(false)
    for (const client of [viewer, newcomer, ...halfOpen]) client.close()
  })

  test('when every connection is in use the newcomer goes, and one that was answered may be next', () => {
    const connections = new Connections(2)
    const [one, two, three, four] = Array.from({ length: 4 }, () => new Socket()) as [Socket, Socket, Socket, Socket]
    const [answerToOne, answerToTwo] = [new EventEmitter(), new EventEmitter()] as unknown as [
      ServerResponse,
      ServerResponse
    ]
    expect([connections.add(one), connections.add(two)]).toEqual([true, true])
    connections.use(one, answerToOne)
    connections.use(two, answerToTwo)
    expect(connections.add(three)).toBe(false)
    expect([one, two, three].map(({ destroyed }) => destroyed)).toEqual([false, false, true])
    answerToTwo.emit('close')
    expect(connections.add(four)).toBe(false)
    expect([one, two, four].map(({ destroyed }) => destroyed)).toEqual([false, true, false])
    connections.destroy()
    expect([one, four].every(({ destroyed }) => destroyed)).toBe(true)
  })

  test('CONNECT is answered with 405 like other methods that are not possible', async () => {
    const { port, transport } = await served()
    const client = raw(port, 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n')
    await client.closed
    expect(client.text).toMatch(
      /^HTTP\/1\.1 405 Method Not Allowed\r\n[\s\S]*Allow: GET, HEAD, OPTIONS\r\n\r\nCONNECT is not possible/
    )
    expect(transport.stats().methodsNotAllowed).toBe(1)
  })

  test('a stream whose subscribe throws is a 500, and the server goes on', async () => {
    const { base, stream, transport } = await served()
    stream.subscribe = () => {
      throw new Error('out of order')
    }
    expect((await fetch(`${base}/snapshot.jpg`)).status).toBe(500)
    await expect(fetch(`${base}/stream.mjpg`).then((answer) => answer.text())).rejects.toThrow()
    expect((await fetch(`${base}/state`)).status).toBe(200)
    expect(transport.stats().internalErrors).toBe(2)
  })

  test('a snapshot that could not begin does not keep its connection from the next one', async () => {
    const { port, stream } = await served()
    const { subscribe } = StandInStream.prototype
    stream.subscribe = () => {
      throw new Error('out of order')
    }
    const client = raw(port, get('/snapshot.jpg'))
    await client.until('500 Internal Server Error')
    stream.subscribe = subscribe
    client.socket.write(get('/snapshot.jpg'))
    await stream.clients(1)
    stream.publish(jpeg(1))
    await client.until('\xff\xd8\x01\xff\xd9')
  })

  test('a stream that cannot begin when its turn comes cuts its connection', async () => {
    const { port, stream, transport } = await served()
    const client = raw(port, get('/snapshot.jpg') + get('/stream.mjpg'))
    await stream.clients(1)
    stream.subscribe = () => {
      throw new Error('out of order')
    }
    stream.publish(jpeg(1))
    await client.closed
    expect(client.text).toContain('\xff\xd8\x01\xff\xd9')
    expect(transport.stats().internalErrors).toBe(1)
  })

  test('a connection whose subscription the core ends is closed, and its place is free', async () => {
    const { port, stream, transport } = await served({ maxClients: 1 })
    const viewer = raw(port, get('/stream.mjpg'))
    const snapshot = raw(port, get('/snapshot.jpg'))
    await stream.clients(2)
    stream.hub.closeAll('test')
    await viewer.closed
    await snapshot.until('"camera" cannot be watched just now')
    expect(snapshot.text).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n/)
    expect(transport.stats()).toMatchObject({ internalErrors: 2, snapshotsWithoutFrame: 0 })
    const next = raw(port, get('/stream.mjpg'))
    snapshot.socket.write(get('/snapshot.jpg'))
    await stream.clients(2)
    stream.publish(jpeg(1))
    await Promise.all([next, snapshot].map((client) => client.until('\xff\xd8\x01\xff\xd9')))
  })

  test('a frame that cannot be sent ends stream and snapshot, and the server goes on', async () => {
    const { port, stream, transport } = await served()
    const viewer = raw(port, get('/stream.mjpg'))
    const snapshot = raw(port, get('/snapshot.jpg'))
    await stream.clients(2)
    // What a plugin in JavaScript may hand on.
    stream.publish({ byteLength: -100_000 } as Uint8Array)
    await Promise.all([viewer.closed, snapshot.closed])
    await stream.clients(0)
    expect(transport.stats().internalErrors).toBe(2)
  })

  test('a snapshot that fails behind an answer which is still on its way cuts its connection', async () => {
    const { port, stream, transport } = await served()
    const client = raw(port, get('/snapshot.jpg'))
    client.socket.pause()
    await stream.clients(1)
    stream.publish(standInPicture(1, 60_000_000))
    client.socket.write(get('/snapshot.jpg'))
    await stream.clients(1)
    stream.publish({ byteLength: 5 } as Uint8Array)
    expect(transport.stats()).toMatchObject({ internalErrors: 1, stalled: 0 })
    client.socket.resume()
    await client.closed
    expect(client.bytes.length).toBeLessThan(60_000_000)
  })

  test('a snapshot is answered though the stream cannot say what is wrong', async () => {
    const { base, stream, transport } = await served({ snapshotTimeoutMs: 50 })
    stream.stats = () => {
      throw new Error('out of order')
    }
    expect((await fetch(`${base}/snapshot.jpg`)).status).toBe(500)
    expect(transport.stats().internalErrors).toBe(1)
  })
})

describe('start and stop', () => {
  test('the plugin has a name, options with defaults, and creates without I/O', () => {
    expect(http).toMatchObject({ kind: 'transport', name: 'http' })
    const options = { host: '::', port: 8080, maxClients: 64, stallTimeoutMs: 30_000, headTimeoutMs: 10_000 }
    const result = http.configSchema['~standard'].validate({})
    expect(result).toMatchObject({ value: { ...options, snapshotTimeoutMs: 5000 } })
    for (const corsOrigin of [
      'a\r\nb',
      'http://カメラ.local',
      'http://\x7f',
      'http://a/',
      'http://a,http://b',
      'null'
    ]) {
      expect(http.configSchema['~standard'].validate({ corsOrigin }), corsOrigin).toHaveProperty('issues')
    }
    for (const corsOrigin of ['*', 'http://xn--lckwg.local:8080', 'https://[::1]']) {
      expect(http.configSchema['~standard'].validate({ corsOrigin }), corsOrigin).not.toHaveProperty('issues')
    }
    const { value } = result as { value: Parameters<typeof http.create>[0] }
    expect(http.create(value, standInContext(new Map())).accepts).toEqual(['mjpeg'])
  })

  test('it listens on IPv6 and IPv4 by default and says where', async () => {
    const { urls, port } = await served({ host: '::' })
    expect(urls).toEqual([`http://[::]:${port}/`, `http://[::]:${port}/stream.mjpg`])
    expect((await fetch(`http://127.0.0.1:${port}/state`)).status).toBe(200)
    const several = await served({}, ['front', 'back door'])
    expect(several.urls).toEqual([
      `${several.base}/`,
      `${several.base}/front/stream.mjpg`,
      `${several.base}/back%20door/stream.mjpg`
    ])
  })

  test('a port that is taken is an ERR_LISTEN with address and reason', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const transport = createTransport({ port }, new Map())
    const error = await transport.start(standInRun(), new Map()).catch((reason) => reason)
    expect(isStreamerError(error) && error.code).toBe('ERR_LISTEN')
    expect(error.message).toBe(`transport-http: cannot listen on 127.0.0.1:${port}: address already in use`)
    await transport.stop()
    taken.close()
    await once(taken, 'close')
    await transport.start(standInRun(), new Map())
    await transport.stop()
  })

  test('stop ends streams and waiting snapshots at once, may come twice and without start, and the port is free after it', async () => {
    const { transport, port, stream, streams } = await served()
    const viewer = raw(port, get('/stream.mjpg'))
    const snapshot = raw(port, get('/snapshot.jpg'))
    const idle = raw(port)
    await stream.clients(2)
    await Promise.all([transport.stop(), transport.stop()])
    await Promise.all([viewer.closed, snapshot.closed, idle.closed])
    await stream.clients(0)
    await transport.stop()
    const again = createTransport({ port }, streams)
    await again.stop()
    const urls = await again.start(standInRun(), streams)
    expect(new URL(urls[0]!).port).toBe(String(port))
    await expect(again.start(standInRun(), streams)).rejects.toThrow(TypeError)
    await again.stop()
    await again.start(standInRun(), streams)
    await again.stop()
  })

  test('an abort before, during and after the start ends it', async () => {
    const streams = new Map([['camera', new StandInStream('camera')]])
    const transport = createTransport({}, streams)
    await expect(transport.start(standInRun(AbortSignal.abort()), streams)).rejects.toThrow(/abort/i)
    const during = new AbortController()
    const starting = transport.start(standInRun(during.signal), streams)
    during.abort()
    await expect(starting).rejects.toThrow(/abort/i)
    const stopped = transport.start(standInRun(), streams)
    await transport.stop()
    await expect(stopped).rejects.toThrow('stopped while it was starting')
    const after = new AbortController()
    const [page] = await transport.start(standInRun(after.signal), streams)
    const client = raw(Number(new URL(page!).port), get('/stream.mjpg'))
    await streams.get('camera')!.clients(1)
    after.abort()
    await client.closed
    await transport.stop()
    await expect(fetch(page!)).rejects.toThrow()
  })
})

test('a picture of several megabytes arrives whole', async () => {
  const { port, stream } = await served()
  const client = raw(port, get('/stream.mjpg'))
  await client.until('--streamerframe\r\n')
  await stream.clients(1)
  const picture = standInPicture(1, 6_000_000)
  const headLength = client.bytes.length
  stream.publish(picture)
  await client.until(headLength + picture.length + 100)
  const start = client.bytes.indexOf('\r\n\r\n', headLength) + 4
  expect(client.bytes.subarray(start, start + picture.length).equals(picture)).toBe(true)
})
