import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { configSchema } from '../src/index.js'
import { buildMessage } from '../src/live/message.js'
import { readRequest } from '../src/live/request.js'
import { RawClient, type Served, serve } from './stand-ins.js'

const cleanup: Array<() => unknown> = []
afterEach(async () => {
  for (const deed of cleanup.splice(0).reverse()) await deed()
})

async function served(options: object = {}, names?: readonly string[]): Promise<Served> {
  const one = await serve(options, names)
  cleanup.push(() => one.transport.stop())
  return one
}

/** A WebSocket client that keeps what it gets. */
class StandInViewer {
  readonly texts: Array<Record<string, unknown>> = []
  readonly frames: Buffer[] = []
  readonly socket: WebSocket
  closeCode: number | undefined
  refusal: { status: number; text: string } | undefined
  #wake: Array<() => void> = []

  constructor(port: number, path = '/ws', options: object = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
    cleanup.push(() => this.socket.terminate())
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.frames.push(data)
      else this.texts.push(JSON.parse(data.toString()))
      this.#tell()
    })
    this.socket.on('error', () => {})
    this.socket.on('unexpected-response', async (_, response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      this.refusal = { status: response.statusCode!, text }
      this.#tell()
    })
    this.socket.on('close', (code) => {
      this.closeCode = code
      this.#tell()
    })
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  /** Resolves when `holds`; looks whenever something happened. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

async function viewer(port: number, path?: string, options?: object): Promise<StandInViewer> {
  const made = new StandInViewer(port, path, options)
  await made.until(() => made.texts.length > 0 || made.refusal !== undefined)
  return made
}

const picture = (number: number, length = 100) => Buffer.concat([Buffer.of(0xff, 0xd8, number), Buffer.alloc(length)])

describe('a WebSocket', () => {
  test('is told the streams, and brings the frames of those it asks for', async () => {
    const { port, streams } = await served({}, ['front', 'door'])
    const client = await viewer(port)
    expect(client.texts).toEqual([{ streams: [{ name: 'front' }, { name: 'door' }] }])
    const [front, door] = [...streams.values()] as [Served['stream'], Served['stream']]
    expect(front.subscribed + door.subscribed).toBe(0)
    client.say({ watch: { door: {} } })
    await door.clients(1)
    const data = picture(7)
    const frame = door.publish(data)
    await client.until(() => client.frames.length === 1)
    const [message] = client.frames
    expect(message).toHaveLength(buildMessage(frame, 1).length)
    expect(message!.subarray(message!.readUInt8(0))).toEqual(data)
    expect([message!.readUInt8(1), message!.readUInt16LE(2), message!.readUInt32LE(4)]).toEqual([0, 1, 0])
    expect(Math.abs(message!.readDoubleLE(8) - Date.now())).toBeLessThan(3_600_000)
    client.say({ watch: { front: {} } })
    await front.clients(1)
    await door.clients(0)
    client.say({ watch: {} })
    await front.clients(0)
  })

  test("says which picture is drawn in place of the camera's", () => {
    const frame = { sequence: 2 ** 32 + 5, timestampUs: 0, width: 1, height: 1, data: picture(1) }
    const message = buildMessage({ kind: 'encoded', codec: 'mjpeg', keyframe: true, placeholder: true, ...frame }, 258)
    expect([...message.subarray(0, 8)]).toEqual([16, 1, 2, 1, 5, 0, 0, 0])
  })

  test('holds a frame rate, and another one when it is asked for', async () => {
    const { port, stream } = await served({ maxFramerate: 20 })
    const client = await viewer(port)
    const skipped = () => stream.hub.stats()[0]!
    client.say({ watch: { camera: { fps: 0.001 } } })
    await stream.clients(1)
    for (let count = 0; count < 5; count++) stream.publish(picture(count))
    expect(skipped()).toMatchObject({ delivered: 1, skipped: 4 })
    const { id } = skipped()
    client.say({ watch: { camera: { fps: 0.001 } } })
    client.say({ ping: 1 })
    await client.until(() => client.texts.length === 2)
    expect(skipped().id).toBe(id)
    client.say({ watch: { camera: {} } })
    client.say({ ping: 2 })
    await client.until(() => client.texts.length === 3)
    expect(skipped().id).not.toBe(id)
    for (let count = 0; count < 5; count++) stream.publish(picture(count))
    expect(skipped().skipped).toBeGreaterThan(0)
  })

  test('answers with its clock', async () => {
    const { port } = await served()
    const client = await viewer(port)
    client.say({ ping: 12.5 })
    await client.until(() => client.texts.length === 2)
    expect(client.texts[1]).toEqual({ pong: 12.5, now: expect.any(Number) })
    expect(Math.abs((client.texts[1]!.now as number) - Date.now())).toBeLessThan(3_600_000)
  })

  test('gives a slow client the newest frame, and holds no more than one that is on its way and one that waits', async () => {
    const { port, stream } = await served()
    const client = await viewer(port)
    client.say({ watch: { camera: {} } })
    await stream.clients(1)
    client.socket.pause()
    // More than the kernel holds for it.
    const count = 100
    for (let number = 0; number < count; number++) {
      stream.publish(picture(number, 200_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { delivered, dropped, waiting } = stream.hub.stats()[0]!
    expect(delivered + dropped + waiting).toBe(count)
    expect(dropped).toBeGreaterThan(count / 2)
    client.socket.resume()
    const numberOf = (message: Buffer) => message[message.readUInt8(0) + 2]!
    await client.until(() => client.frames.some((message) => numberOf(message) === count - 1))
    expect(client.frames).toHaveLength(delivered + waiting)
  })

  test('has one frame under way, of whichever stream, and the newest of each in turn', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const { port, streams } = await served({}, names)
    const client = await viewer(port)
    client.say({ watch: Object.fromEntries(names.map((name) => [name, {}])) })
    for (const stream of streams.values()) await stream.clients(1)
    client.socket.pause()
    const size = 3_000_000
    for (let round = 0; round < 3; round++) {
      for (const stream of streams.values()) stream.publish(picture(round, size))
      await new Promise((resolve) => setImmediate(resolve))
    }
    client.socket.resume()
    await client.until(() => client.frames.length === names.length + 1)
    const seen = client.frames.map((message) => [message.readUInt16LE(2), message[message.readUInt8(0) + 2]])
    // The first one was on its way when the client paused; of every other stream, and then of this one, the newest came.
    expect(seen).toEqual([
      [0, 0],
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 2],
      [5, 2],
      [0, 2]
    ])
    const delivered = Array.from(streams.values(), (stream) => stream.hub.stats()[0]!.waiting)
    expect(delivered).toEqual(names.map(() => 0))
  })

  test('is told what is wrong with a message, and goes on', async () => {
    const { port, stream } = await served()
    const client = await viewer(port)
    const bad = ['{', '[]', '{}', '{"ping":"x"}', '{"watch":[]}', '{"watch":{"nobody":{}}}', '{"watch":{"camera":5}}']
    for (const text of bad) client.socket.send(text)
    client.socket.send(Buffer.of(1))
    client.say({ watch: { camera: { fps: 0 } } })
    await client.until(() => client.texts.length === bad.length + 3)
    const errors = client.texts.slice(1).map(({ error }) => error)
    expect(errors).toContain('there is no stream "nobody", only "camera"')
    expect(errors.every((error) => typeof error === 'string')).toBe(true)
    expect(stream.subscribed).toBe(0)
    client.say({ watch: { camera: {} } })
    await stream.clients(1)
  })

  test('is cut when it sends more than a list of streams can take', async () => {
    const { port } = await served()
    const client = await viewer(port)
    client.socket.send('x'.repeat(20_000))
    await client.until(() => client.closeCode !== undefined)
    expect(client.closeCode).toBe(1009)
  })

  test('is cut when it takes nothing, and when it asks faster than it reads', async () => {
    const { port, stream, transport } = await served({ stallTimeoutMs: 100 })
    const slow = await viewer(port)
    slow.say({ watch: { camera: {} } })
    await stream.clients(1)
    slow.socket.pause()
    const publishing = setInterval(() => stream.publish(picture(1, 1_000_000)), 5)
    cleanup.push(() => clearInterval(publishing))
    await stream.clients(0)
    expect(transport.stats()).toMatchObject({ stalled: 1 })
    const greedy = await viewer(port)
    greedy.socket.pause()
    const asking = setInterval(() => {
      for (let count = 0; count < 2000; count++) greedy.say({ ping: count })
    }, 1)
    cleanup.push(() => clearInterval(asking))
    await expect.poll(() => (transport.stats() as { stalled: number }).stalled, { timeout: 50_000 }).toBe(2)
  })

  test('is cut when it answers no ping', async () => {
    const { port, transport } = await served({ stallTimeoutMs: 100 })
    const deaf = await viewer(port, '/ws', { autoPong: false })
    const good = await viewer(port)
    await deaf.until(() => deaf.closeCode !== undefined)
    expect(good.closeCode).toBeUndefined()
    expect(transport.stats()).toMatchObject({ stalled: 0 })
  })

  test('is not cut while it reads, however slowly', async () => {
    const { port, stream, transport } = await served({ stallTimeoutMs: 1000 })
    const fields =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    const socket = connect(port, '127.0.0.1')
    cleanup.push(() => socket.destroy())
    socket.write(`GET /ws HTTP/1.1\r\nHost: test\r\n${fields}\r\n`)
    await once(socket, 'readable')
    // {"watch":{"camera":{}}}, masked with zeros.
    const text = Buffer.from('{"watch":{"camera":{}}}')
    socket.write(Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), text]))
    await stream.clients(1)
    stream.publish(picture(1, 12_000_000))
    let read = 0
    // Half a second for each megabyte: the server looks twice and more.
    const reading = setInterval(() => {
      read += (socket.read(65_536) ?? socket.read())?.length ?? 0
    }, 20)
    cleanup.push(() => clearInterval(reading))
    await expect.poll(() => read > 9_000_000, { timeout: 50_000 }).toBe(true)
    expect(stream.hub.size).toBe(1)
    expect(transport.stats()).toMatchObject({ stalled: 0 })
  })

  test('takes a place of maxClients, and leaves it', async () => {
    const { port, base } = await served({ maxClients: 1 })
    const first = await viewer(port)
    const second = await viewer(port)
    expect(second.refusal).toMatchObject({ status: 503, text: expect.stringContaining('maxClients') })
    expect((await fetch(`${base}/stream.mjpg`)).status).toBe(503)
    first.socket.close()
    await expect.poll(async () => (await viewer(port)).refusal, { timeout: 20_000 }).toBeUndefined()
  })

  test('is for pages of this server, and of corsOrigin', async () => {
    const { port } = await served({ corsOrigin: 'http://mainsail.local' })
    const own = `http://127.0.0.1:${port}`
    for (const [origin, status] of [
      [own, undefined],
      ['http://mainsail.local', undefined],
      ['http://evil.example', 403]
    ] as const) {
      expect((await viewer(port, '/ws', { origin })).refusal?.status, origin).toBe(status)
    }
    expect((await viewer(port, '/ws', { headers: { Host: 'evil.example' } })).refusal?.status).toBe(403)
  })

  test('is nowhere else, and its address is nothing without it', async () => {
    const { port, base } = await served({ basePath: '/camera' })
    expect((await viewer(port, '/camera/ws')).refusal).toBeUndefined()
    for (const path of ['/ws', '/camera/', '/camera/camera/ws']) {
      expect((await viewer(port, path)).refusal?.status, path).toBe(404)
    }
    const plain = await fetch(`${base}/camera/ws`)
    expect(plain.status).toBe(426)
    expect(await plain.text()).toContain('WebSocket')
  })

  test('ends with the transport, and with its stream', async () => {
    const { port, stream, transport } = await served()
    const client = await viewer(port)
    client.say({ watch: { camera: {} } })
    await stream.clients(1)
    stream.hub.disconnect(stream.hub.stats()[0]!.id)
    await client.until(() => client.closeCode !== undefined)
    expect(client.closeCode).toBe(1013)
    expect(transport.stats()).toMatchObject({ internalErrors: 0 })
    const other = await viewer(port)
    await transport.stop()
    await other.until(() => other.closeCode !== undefined)
    expect(other.closeCode).toBe(1001)
  })

  test('is not asked for by what offers another protocol along with its request', async () => {
    const { port, stream } = await served()
    const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'
    const state = new RawClient(port, `GET /state HTTP/1.1\r\nHost: test\r\n${offer}\r\n`)
    await state.until('"streams"')
    await state.closed
    expect(state.text).toMatch(/^HTTP\/1.1 200 OK/)
    const watching = new RawClient(port, `GET /stream.mjpg HTTP/1.1\r\nHost: test\r\n${offer}\r\n`)
    cleanup.push(() => watching.close())
    await stream.clients(1)
    stream.publish(picture(3))
    await watching.until('Content-Length: 103')
  })

  test('that is none is refused', async () => {
    const { port } = await served()
    const client = new RawClient(
      port,
      'GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    )
    await client.closed
    expect(client.text).toMatch(/^HTTP\/1.1 400 Bad Request/)
  })

  test('that is cut while it is looked at harms nobody', async () => {
    const users = { anna: { password: await hashed(), role: 'viewer' } }
    const { port, base } = await served({ users: configSchema.parse({ users }).users })
    for (let count = 0; count < 5; count++) {
      const socket = connect(port, '127.0.0.1')
      const fields =
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
      const authorization = `Basic ${Buffer.from(`anna:wrong${count}`).toString('base64')}`
      socket.write(`GET /ws HTTP/1.1\r\nHost: test\r\n${fields}Authorization: ${authorization}\r\n\r\n`)
      await once(socket, 'connect')
      socket.resetAndDestroy()
    }
    expect((await viewer(port)).refusal?.status).toBe(401)
    expect((await fetch(`${base}/health/live`)).status).toBe(200)
  })
})

async function hashed(): Promise<string> {
  const { hashPassword } = await import('../src/access/passwords.js')
  return hashPassword('a password')
}

test('a list of streams is read with the frame rates in it', () => {
  expect(readRequest('{"watch":{"a":{},"b":{"fps":2.5}}}', ['a', 'b'])).toEqual({
    kind: 'watch',
    wish: new Map([
      ['a', undefined],
      ['b', 2.5]
    ])
  })
  expect(readRequest('{"watch":{"__proto__":{}}}', ['a']).kind).toBe('bad')
})
