import { connect } from 'node:net'
import { compose, type Streamer, type StreamerConfig, SUPERVISION } from '@streamer/core'
import { silentLogger } from '@streamer/core/plugin'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Watch, watchHttp, watchTcp, watchUdp } from '../../../test/support/clients.js'
import { hashPassword } from '../src/access/passwords.js'
import { operations } from '../src/api/operations.js'
import { RawClient, type Served, serve } from './stand-ins.js'

const listening = { host: '127.0.0.1', port: 0 }
const camera = { use: 'fake', output: 'jpeg', width: 160, height: 120, framerate: 60 }

let streamer: Streamer | undefined
let served: Served | undefined
const watches: Watch[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close()
  for (const client of clients.splice(0)) client.close()
  await streamer?.stop()
  await served?.transport.stop()
  streamer = undefined
  served = undefined
})

/** A program with a camera that has controls, and its address. */
async function run(transports: readonly object[] = [{ use: 'http' }], source: object = {}): Promise<string> {
  const config = {
    streams: { front: { source: { ...camera, ...source } } },
    transports: transports.map((one) => ({ ...listening, ...one }))
  } as unknown as StreamerConfig
  streamer = await compose(config, { logger: silentLogger, override: [[SUPERVISION, { hangMs: 30_000 }]] })
  await streamer.start()
  return new URL('/', urlOf('http')).href
}

function urlOf(transport: string): string {
  return streamer!.transports().find(({ name }) => name === transport)!.urls[0]!
}

function keep<One extends Watch>(watch: One): One {
  watches.push(watch)
  return watch
}

interface Described {
  readonly paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, Media> }> }>>
  readonly components: {
    readonly schemas: Record<string, z.core.JSONSchema.JSONSchema>
    readonly securitySchemes: object
  }
}
type Media = { readonly schema: { readonly $ref?: string } }

const exercised = new Set<string>()

/** Asks the API, and holds the answer against the document that it serves. */
async function ask(base: string, method: string, path: string, init: RequestInit = {}) {
  const document = (await (await fetch(`${base}api/v1/openapi.json`)).json()) as Described
  const template = Object.keys(document.paths).find((one) =>
    new RegExp(`^${one.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
  )!
  const response = await fetch(`${base}api/v1${path}`, { method, ...init })
  const text = await response.text()
  const described = document.paths[template]![method.toLowerCase()]!.responses[response.status]
  expect(described, `${method} ${path} answered ${response.status}, which the document does not know`).toBeDefined()
  exercised.add(`${method} ${template}`)
  const type = response.headers.get('content-type')
  const media = described!.content?.[type ?? '']
  if (described!.content === undefined) expect(text).toBe('')
  else {
    const name = media!.schema.$ref?.replace('#/components/schemas/', '')
    if (name !== undefined) z.fromJSONSchema(document.components.schemas[name]!).parse(JSON.parse(text))
  }
  return { status: response.status, type, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
}

const patch = (values: unknown): RequestInit => ({
  body: JSON.stringify(values),
  headers: { 'Content-Type': 'application/json' }
})

describe('the API', () => {
  test('asks for a password where there are users, as its document says of everything', async () => {
    const anna = { password: await hashPassword('a password'), role: 'admin' }
    const base = await run([{ use: 'http', users: { anna }, basePath: '/camera' }])
    const url = new URL('camera/api/v1', base).href
    const headers = { Authorization: `Basic ${btoa('anna:a password')}` }
    const document = (await (await fetch(`${url}/openapi.json`, { headers })).json()) as Described
    expect(document.components.securitySchemes).toMatchObject({ basic: { type: 'http', scheme: 'basic' } })
    for (const { method, path } of operations) {
      const response = await fetch(url + path.replace(/\{\w+\}/g, 'front'), { method })
      expect([method, path, response.status]).toEqual([method, path, 401])
      const { content } = document.paths[path]![method.toLowerCase()]!.responses[401]!
      expect(Object.keys(content!)).toEqual([response.headers.get('content-type')])
      z.fromJSONSchema(document.components.schemas.Problem!).parse(await response.json())
    }
    const { streams } = await (await fetch(`${url}/streams`, { headers })).json()
    expect(streams[0].paths.stream).toBe('/camera/front/stream.mjpg')
    const state = await (await fetch(new URL('camera/front/state', base), { headers })).json()
    expect(state.paths.snapshot).toBe('/camera/front/snapshot.jpg')
  })

  test('tells of streams and transports without waking the camera', async () => {
    const base = await run()
    const { body } = await ask(base, 'GET', '/streams')
    expect(body.streams).toMatchObject([
      { name: 'front', state: 'idle', clients: 0, hasControls: true, paths: { stream: '/front/stream.mjpg' } }
    ])
    expect((await ask(base, 'GET', '/streams/front')).body).toMatchObject({ name: 'front', starts: 0 })
    const { transports } = (await ask(base, 'GET', '/transports')).body
    expect(transports).toMatchObject([{ name: 'http', state: 'up' }])
    expect((await ask(base, 'GET', '/clients')).body).toEqual({ clients: [] })
    expect((await fetch(`${base}api/v1/streams`, { method: 'HEAD' })).status).toBe(200)
    expect(streamer!.streams.get('front')!.stats().starts).toBe(0)
  })

  test('lists the clients of every transport and disconnects one of them, while the others go on', async () => {
    const base = await run([{ use: 'http' }, { use: 'tcp', payload: 'jpeg' }, { use: 'udp', payload: 'jpeg' }])
    const http = keep(await watchHttp(`${base}stream.mjpg`))
    const tcp = keep(await watchTcp(Number(new URL(urlOf('tcp')).port)))
    const udp = keep(await watchUdp(Number(new URL(urlOf('udp')).port)))
    await Promise.all([http, tcp, udp].map((watch) => watch.more(2)))
    const list = async () =>
      (await ask(base, 'GET', '/clients')).body.clients as Array<{ id: string; transport: string }>
    const all = await list()
    expect(all.map(({ transport }) => transport).sort()).toEqual(['http', 'tcp', 'udp'])
    expect(new Set(all.map(({ id }) => id)).size).toBe(3)
    expect(all[0]).toMatchObject({ stream: 'front', label: expect.stringMatching(/^127\.0\.0\.1:\d+$/) })
    const idOf = (transport: string) => all.find((client) => client.transport === transport)!.id

    expect((await ask(base, 'DELETE', `/clients/${idOf('udp')}`)).status).toBe(204)
    expect((await list()).map(({ transport }) => transport).sort()).toEqual(['http', 'tcp'])
    expect((await ask(base, 'DELETE', `/clients/${idOf('tcp')}`)).status).toBe(204)
    await tcp.until(() => tcp.ended)
    await http.more(2)
    expect((await ask(base, 'DELETE', `/clients/${idOf('http')}`)).status).toBe(204)
    await http.until(() => http.ended)
    expect(await list()).toEqual([])
    const again = await ask(base, 'DELETE', `/clients/${idOf('http')}`)
    expect(again).toMatchObject({ status: 404, type: 'application/problem+json' })
    expect(again.body).toEqual({
      title: 'Not Found',
      status: 404,
      detail: `there is no client "${idOf('http')}"`
    })
    // Nothing of it was a mistake of ours.
    for (const { counters } of streamer!.transports()) expect(counters.internalErrors ?? 0).toBe(0)
  })

  test('disconnects from within an isolated transport, and a client of one', async () => {
    const base = await run([
      { use: 'http', isolate: true },
      { use: 'tcp', payload: 'jpeg', isolate: true }
    ])
    const tcp = keep(await watchTcp(Number(new URL(urlOf('tcp')).port)))
    await tcp.more(1)
    // An isolated plugin sees the program as it was a moment ago.
    const [client] = await vi.waitUntil(async () => {
      const { clients: found } = (await ask(base, 'GET', '/clients')).body as { clients: Array<{ id: string }> }
      return found.length > 0 && found
    }, 20_000)
    expect((await ask(base, 'DELETE', `/clients/${client!.id}`)).status).toBe(204)
    await tcp.until(() => tcp.ended)
    const http = keep(await watchHttp(`${base}stream.mjpg`))
    await http.more(1)
    expect(streamer!.streams.get('front')!.stats().clients).toHaveLength(1)
    const { id } = streamer!.streams.get('front')!.stats().clients[0]!
    await vi.waitUntil(async () => (await ask(base, 'DELETE', `/clients/${id}`)).status === 204, 20_000)
    await http.until(() => http.ended)
    await vi.waitFor(() => expect(streamer!.transports()[0]!.counters.requests).toBeGreaterThan(0), 20_000)
    expect(streamer!.transports()[0]!.counters.internalErrors).toBe(0)
  }, 60_000)

  test('shows the controls with their ranges and changes them, all or none', async () => {
    const base = await run()
    const before = (await ask(base, 'GET', '/streams/front/controls')).body
    expect(before.controls).toContainEqual(
      expect.objectContaining({ name: 'brightness', type: 'number', minimum: -1, maximum: 1, value: 0 })
    )
    const after = (await ask(base, 'PATCH', '/streams/front/controls', patch({ brightness: 0.5 }))).body
    expect(after.controls).toContainEqual(expect.objectContaining({ name: 'brightness', value: 0.5 }))
    const wrong = await ask(base, 'PATCH', '/streams/front/controls', patch({ brightness: 0.25, pattern: 'none' }))
    expect(wrong).toMatchObject({ status: 422, type: 'application/problem+json' })
    expect(wrong.body.detail).toContain('cannot set pattern to "none": one of')
    expect((await ask(base, 'GET', '/streams/front/controls')).body).toEqual(after)
  })

  test.each([
    ['no JSON', { body: '{', headers: { 'Content-Type': 'application/json' } }, 400, 'the body is not JSON'],
    ['a list', patch([1]), 422, 'must be an object'],
    ['a value of no use', patch({ brightness: [1] }), 422, 'must be an object'],
    ['an unknown control', patch({ colour: 1 }), 422, 'colour'],
    ['the prototype', { ...patch({}), body: '{"__proto__":1,"brightness":7}' }, 422, ''],
    ['a form', { body: new URLSearchParams({ brightness: '1' }) }, 415, 'application/json'],
    ['plain text', { body: '{"brightness":1}' }, 415, 'application/json'],
    ['too much', patch({ brightness: 'x'.repeat(65 << 10) }), 413, '65536 bytes'],
    [
      'another site by Sec-Fetch-Site',
      { ...patch({ brightness: 1 }), headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'cross-site' } },
      403,
      'another site'
    ],
    [
      'another site by Origin',
      { ...patch({ brightness: 1 }), headers: { 'Content-Type': 'application/json', Origin: 'http://evil.example' } },
      403,
      'evil.example'
    ]
  ] as ReadonlyArray<readonly [string, RequestInit, number, string]>)(
    'refuses %s and changes nothing',
    async (_, init, status, detail) => {
      const base = await run()
      const before = (await ask(base, 'GET', '/streams/front/controls')).body
      const answer = await ask(base, 'PATCH', '/streams/front/controls', init)
      expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { status } })
      expect(answer.body.detail).toContain(detail)
      expect((await ask(base, 'GET', '/streams/front/controls')).body).toEqual(before)
    }
  )

  test('cuts off a body without end, and one that is announced too large before it comes', async () => {
    served = await serve()
    const head =
      'PATCH /api/v1/streams/camera/controls HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
    const announced = new RawClient(served.port, `${head}Content-Length: 99999999\r\n\r\n`)
    clients.push(announced)
    await announced.until('HTTP/1.1 413')
    await announced.closed
    const socket = connect(served.port, '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    let answer = ''
    socket.on('data', (data) => {
      answer += data.toString('latin1')
    })
    for (let count = 0; count < 5; count++) socket.write(chunk)
    await closed
    expect(answer).toContain('HTTP/1.1 413')
  })

  test('a page of the own or an allowed origin may write; a plain "*" is for readers', async () => {
    const base = await run([
      { use: 'http', corsOrigin: 'http://mainsail.local' },
      { use: 'http', name: 'any', corsOrigin: '*' }
    ])
    const write = (to: string, origin: string, site: string) =>
      fetch(`${to}api/v1/streams/front/controls`, {
        method: 'PATCH',
        body: '{"brightness":0.5}',
        headers: { 'Content-Type': 'application/json', Origin: origin, 'Sec-Fetch-Site': site }
      })
    expect((await write(base, 'http://mainsail.local', 'cross-site')).status).toBe(200)
    expect((await write(base, base.replace(/\/$/, ''), 'same-origin')).status).toBe(200)
    const any = new URL('/', streamer!.transports()[1]!.urls[0]!).href
    expect((await write(any, 'http://mainsail.local', 'cross-site')).status).toBe(403)
    const preflight = (to: string) => fetch(`${to}api/v1/streams/front/controls`, { method: 'OPTIONS' })
    expect((await preflight(base)).headers.get('access-control-allow-methods')).toBe('GET, HEAD, PATCH, OPTIONS')
    expect((await preflight(any)).headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS')
  })

  test('says what there is where an address, a method or a stream is wrong', async () => {
    served = await serve()
    const { base } = served
    const wrong = await fetch(`${base}/api/v1/cameras`)
    expect([wrong.status, wrong.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    expect(((await wrong.json()) as { detail: string }).detail).toContain('GET /api/v1/streams,')
    const method = await fetch(`${base}/api/v1/clients/1`, { method: 'PUT' })
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'DELETE, OPTIONS'])
    const options = await fetch(`${base}/api/v1/streams`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    const stream = await ask(`${base}/`, 'GET', '/streams/back')
    expect(stream.body).toMatchObject({ status: 404, detail: 'there is no stream "back"; there are: "camera"' })
    expect((await fetch(`${base}/api/v1/streams/%zz`)).status).toBe(400)
    const none = await ask(`${base}/`, 'PATCH', '/streams/camera/controls', patch({ brightness: 1 }))
    expect(none.body).toMatchObject({ status: 422, detail: 'the stream "camera" has no controls' })
    expect((await ask(`${base}/`, 'GET', '/streams/camera/controls')).body).toEqual({ controls: [] })
    expect(served.stream.subscribed).toBe(0)
  })

  test('the document tells of every operation, and each of them was asked for here', async () => {
    served = await serve()
    const { body } = await ask(`${served.base}/`, 'GET', '/openapi.json')
    expect(body).toMatchObject({ openapi: '3.1.0', servers: [{ url: '../v1' }] })
    const known = operations.map(({ method, path }) => `${method} ${path}`)
    const told = Object.entries(body.paths as object).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`)
    )
    expect(told.sort()).toEqual([...known].sort())
    expect([...exercised].sort()).toEqual([...known].sort())
  })
})

describe('the state in the shape of ustreamer', () => {
  test('has what PiKVM and others read, beside ours, for the first stream and for each', async () => {
    const base = await run()
    const idle = (await (await fetch(`${base}state`)).json()) as { result: { source: { online: boolean } } }
    expect(idle.result.source.online).toBe(true)
    const watch = keep(await watchHttp(`${base}stream.mjpg?key=abc123`))
    await watch.more(2)
    for (const path of ['state', 'front/state', 'state?format=ustreamer']) {
      const { ok, result } = (await (await fetch(`${base}${path}`)).json()) as { ok: boolean; result: never }
      expect({ ok, result }).toEqual({
        ok: true,
        result: {
          encoder: { type: 'CPU', quality: expect.any(Number) },
          source: {
            resolution: { width: 160, height: 120 },
            online: true,
            desired_fps: 0,
            captured_fps: expect.any(Number)
          },
          stream: {
            queued_fps: expect.any(Number),
            clients: 1,
            clients_stat: {
              [streamer!.streams.get('front')!.stats().clients[0]!.id]: {
                fps: expect.any(Number),
                extra_headers: false,
                advance_headers: false,
                dual_final_frames: false,
                zero_data: false,
                key: 'abc123'
              }
            }
          }
        }
      })
    }
    expect(await (await fetch(`${base}front/state`)).json()).toMatchObject({ name: 'front', state: 'live' })
  })
})
