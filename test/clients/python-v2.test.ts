import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EncodedFrame, Source, SourceRun } from '@streamer/core/plugin'
import { fakeCamera, startStreamer, type TestServer } from '@streamer/testkit'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

const examples = fileURLToPath(new URL('../../examples/python/', import.meta.url))
const clients = fileURLToPath(new URL('python/', import.meta.url))
/** Nothing takes the camera's place when this process is slow. */
const patient = { repeatMs: 600_000, noSignalAfterMs: 600_000 }

let folder: string
const programs: ChildProcess[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-python-'))
})
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

interface Result {
  readonly code: number
  readonly lines: readonly string[]
  readonly complaint: string
}

/** Runs a program to its end. Warnings of Python are errors. */
async function python(script: string, ...args: readonly string[]): Promise<Result> {
  const program = spawn('python3', ['-W', 'error', script, ...args], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  programs.push(program)
  let output = ''
  let complaint = ''
  program.stdout.on('data', (data: Buffer) => {
    output += data
  })
  program.stderr.on('data', (data: Buffer) => {
    complaint += data
  })
  const [code] = (await once(program, 'close')) as [number]
  return { code, lines: output.trim().split('\n'), complaint }
}

const client = (...args: readonly string[]): Promise<Result> => python(join(examples, 'udp_v2_client.py'), ...args)

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A camera whose pictures are known. */
class KnownCamera implements Source {
  /** Digests of all that it gave. */
  readonly given = new Set<string>()
  readonly #camera = fakeCamera({ width: 640, height: 480, framerate: 30, quality: 80 })

  start(run: SourceRun): Promise<void> {
    return this.#camera.start({
      ...run,
      push: (frame) => {
        this.given.add(digest((frame as EncodedFrame).data))
        run.push(frame)
      }
    })
  }

  stop(): Promise<void> {
    return this.#camera.stop()
  }
}

/** A server with a camera. @param port 0 for a free one. */
async function serve(port = 0, options: Readonly<Record<string, unknown>> = {}) {
  const camera = new KnownCamera()
  const transports = [{ use: 'udp', port, ...options }]
  const server = await startStreamer({ camera, transports, supervision: patient })
  onTestFinished(() => server.stop())
  return { camera, server, port: Number(new URL(server.url('udp')).port) }
}

const counters = (server: TestServer) => server.streamer.transports()[0]!.counters

/** Digests of the pictures that a client wrote. */
async function written(): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort()
  return Promise.all(names.map(async (name) => digest(await readFile(join(folder, name)))))
}

/** What the client's lines and its last one say. */
function read(line: string) {
  const numbers = /(\d+) frames, (\d+) frames lost, (\d+) datagrams lost, (\d+) frames repaired/.exec(line)
  if (numbers === null) throw new Error(`what is ${JSON.stringify(line)}?`)
  const [frames, framesLost, datagramsLost, repaired] = numbers.slice(1).map(Number) as [number, number, number, number]
  return { frames, framesLost, datagramsLost, repaired }
}

it('the functions of the example read, write and repair what the vectors say', async () => {
  const { code, lines, complaint } = await python(join(clients, 'check_vectors.py'))
  expect(complaint).toBe('')
  expect(lines.at(-1)).toMatch(/^\d+ vectors hold$/)
  expect(code).toBe(0)
})

describe('the example in Python', () => {
  it('shows every frame as the camera gave it', async () => {
    const { camera, server, port } = await serve()
    const { code, lines, complaint } = await client(`127.0.0.1:${port}`, '--frames', '60', '--output', folder)
    expect(complaint).toBe('')
    expect(read(lines.at(-1)!)).toMatchObject({ frames: 60, framesLost: 0 })
    const pictures = await written()
    expect(pictures).toHaveLength(60)
    for (const picture of pictures) expect(camera.given).toContain(picture)
    expect(counters(server)).toMatchObject({ registrations: 1, forged: 0, replayed: 0, ignoredDatagrams: 0 })
    expect(code).toBe(0)
  })

  it('still shows 99 % of them where one datagram in ten is lost, once the server has seen it', async () => {
    const { camera, server, port } = await serve()
    const args = [`127.0.0.1:${port}`, '--drop', '10', '--seed', '1', '--frames', '300', '--output', folder]
    const { code, lines, complaint } = await client(...args)
    expect(complaint).toBe('')
    for (const picture of await written()) expect(camera.given).toContain(picture)
    const seconds = lines.slice(0, -1).map(read)
    const total = (key: 'frames' | 'framesLost' | 'datagramsLost' | 'repaired') =>
      seconds.slice(2).reduce((sum, line) => sum + line[key], 0)
    expect(total('frames')).toBeGreaterThan(100)
    expect(total('datagramsLost')).toBeGreaterThan(100)
    expect(total('repaired')).toBeGreaterThan(50)
    expect(total('frames') / (total('frames') + total('framesLost'))).toBeGreaterThanOrEqual(0.99)
    expect(counters(server).parityDatagrams).toBeGreaterThan(100)
    expect(code).toBe(0)
  })

  it('asks for a stream by its name', async () => {
    const cameras = { front: new KnownCamera(), door: new KnownCamera() }
    const server = await startStreamer({ cameras, transports: [{ use: 'udp' }], supervision: patient })
    onTestFinished(() => server.stop())
    const { port } = new URL(server.url('udp'))
    const args = [`127.0.0.1:${port}`, '--stream', 'door', '--frames', '5', '--output', folder]
    expect((await client(...args)).code).toBe(0)
    for (const picture of await written()) expect(cameras.door.given).toContain(picture)
    expect(cameras.front.given.size).toBe(0)
  })

  it('says why it is refused, and that nothing came', async () => {
    const { port } = await serve(0, { key: 'correct horse battery staple' })
    const { code, lines, complaint } = await client(`127.0.0.1:${port}`, '--timeout', '1')
    expect(complaint).toContain('refused: a key is needed (reason 3)')
    expect(read(lines.at(-1)!).frames).toBe(0)
    expect(code).toBe(1)
  })

  it('goes on with a server that was started anew', async () => {
    const { server, port } = await serve()
    const watching = client(`127.0.0.1:${port}`, '--frames', '60', '--timeout', '60')
    while ((counters(server).framesSent ?? 0) < 20) await new Promise(setImmediate)
    await server.stop()
    const again = await serve(port)
    expect((await watching).code).toBe(0)
    expect(counters(again.server)).toMatchObject({ registrations: 1 })
  })
})

/** Stands between a client and a server, as a NAT does. */
class Middle {
  /** Hellos of the client so far. */
  hellos = 0
  /** Lets nothing through but the first words of a connection. */
  isDeaf = false
  readonly #inside = createSocket('udp4')
  #outside = createSocket('udp4')
  #client = 0

  static async open(server: number): Promise<Middle> {
    const middle = new Middle()
    onTestFinished(() => middle.close())
    await middle.listen(middle.#inside)
    await middle.listen(middle.#outside)
    middle.#take()
    middle.#inside.on('message', (bytes, { port }) => {
      middle.#client = port
      if (bytes.subarray(0, 15).toString('latin1') === 'REGISTER_CLIENT') {
        middle.hellos++
        middle.isDeaf = false
      }
      if (!middle.isDeaf) middle.#outside.send(bytes, server, '127.0.0.1')
    })
    return middle
  }

  get port(): number {
    return this.#inside.address().port
  }

  /** Speaks to the server from another port from now on, and forgets the one before. */
  async rebind(): Promise<void> {
    const next = createSocket('udp4')
    await this.listen(next)
    this.#outside.close()
    this.#outside = next
    this.#take()
  }

  close(): void {
    this.#inside.close()
    this.#outside.close()
  }

  #take(): void {
    this.#outside.on('message', (bytes) => {
      if (!this.isDeaf) this.#inside.send(bytes, this.#client, '127.0.0.1')
    })
  }

  private async listen(socket: Socket): Promise<void> {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.setRecvBufferSize(4 << 20)
  }
}

describe('behind a NAT the example', () => {
  it('registers anew when nothing more is heard', async () => {
    const { server, port } = await serve()
    const middle = await Middle.open(port)
    const watching = client(`127.0.0.1:${middle.port}`, '--frames', '60', '--timeout', '60')
    while ((counters(server).framesSent ?? 0) < 20) await new Promise(setImmediate)
    const { hellos } = middle
    middle.isDeaf = true
    expect((await watching).code).toBe(0)
    expect(middle.hellos).toBeGreaterThan(hellos)
    expect(counters(server).registrations).toBe(2)
  })

  it('goes on from another port without a new registration', async () => {
    const { server, port } = await serve()
    const middle = await Middle.open(port)
    const watching = client(`127.0.0.1:${middle.port}`, '--frames', '90', '--timeout', '60')
    while ((counters(server).framesSent ?? 0) < 20) await new Promise(setImmediate)
    await middle.rebind()
    expect((await watching).code).toBe(0)
    expect(counters(server)).toMatchObject({ registrations: 1, movedClients: 1 })
  })
})

it('the smallest client gets frames', async () => {
  const { port } = await serve()
  const { code, lines, complaint } = await python(join(examples, 'udp_v2_minimal.py'), '127.0.0.1', String(port), '60')
  expect(complaint).toBe('')
  expect(lines).toHaveLength(60)
  expect(code).toBe(0)
})
