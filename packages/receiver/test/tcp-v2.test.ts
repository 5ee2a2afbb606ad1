import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CodecNumber,
  DataFlag,
  directionKeys,
  isProof,
  magic,
  RecordReader,
  RecordType,
  RecordWriter,
  RefusalReason,
  readTcpHello,
  recordHeaderLength,
  writeClock,
  writeTcpFrameHead,
  writeTcpRefused,
  writeTcpWelcome
} from '@streamer/protocol'
import { fakeCamera, startStreamer, type TestServer } from '@streamer/testkit'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cutInto } from '../../jpeg-splitter/test/jpegs.js'
import { frameMessage } from '../../transport-tcp/src/wire.js'
import type { IncomingFrame, Measures } from '../src/connection.js'
import { TcpConnection } from '../src/tcp/connection.js'
import { TcpV2Client, type TcpV2Options } from '../src/tcp/v2/client.js'
import { versionOf } from '../src/tcp/version.js'
import { cert, key as privateKey } from './certificate.js'
import { HandClock } from './hand-clock.js'
import { nextOf, noCounts, pictureOf, receiving, tcpServer } from './support.js'

const secret = 'a secret of enough bytes'
const key = Buffer.from(secret)

describe('the version of a server', () => {
  test.for([
    ['a welcome', new RecordWriter().write(RecordType.welcome, Buffer.alloc(23)), 2],
    ['a refusal', new RecordWriter().write(RecordType.refused, Buffer.from([3, 0])), 2],
    ['a record of a later version', Buffer.from([magic, 0x39, 0, 0, 1, 0, 0, 0]), 2],
    ['a frame', frameMessage(pictureOf(1), 'pickle'), 1],
    ['a frame that has as many bytes as a welcome begins with', frameMessage(pictureOf(1, 0x29d5), 'jpeg'), 1],
    ['a frame whose length begins like a record', frameMessage(pictureOf(1, 0x1_00d5), 'jpeg'), 1],
    ['something else', Buffer.from('HTTP/1.1 400'), 1]
  ] as const)('is known by what it says first: %s', ([, bytes, version]) => {
    expect(versionOf(Buffer.from(bytes))).toBe(version)
    const head = Buffer.from(bytes.subarray(0, recordHeaderLength - 1))
    expect(versionOf(head)).toBe(head[0] === magic ? undefined : 1)
    expect(versionOf(head.subarray(0, 0))).toBeUndefined()
  })
})

/** Milliseconds. */
const wayMs = 5

/** A client on a hand-made clock, and a server made of what both sides share. */
class Bench {
  readonly clock = new HandClock()
  readonly counters = noCounts()
  readonly frames: IncomingFrame[] = []
  readonly measures: Measures[] = []
  readonly told: string[] = []
  readonly writer = new RecordWriter()
  readonly client: TcpV2Client
  readonly #reader = new RecordReader(1024)
  readonly #key: Uint8Array | undefined
  #hello: Buffer | undefined
  #welcome: Buffer | undefined
  #nonces: readonly [Buffer, Buffer] | undefined
  /** When each ping came, by the client's clock. */
  readonly pingsMs: number[] = []
  hello: ReturnType<typeof readTcpHello>

  constructor(options: Partial<TcpV2Options> = {}, server: { readonly key?: Uint8Array | undefined } = options) {
    this.#key = server.key
    const later = (callback: () => void) => void this.clock.setTimer(callback, wayMs)
    this.deliver = (bytes) => later(() => this.client.receive(bytes))
    this.client = new TcpV2Client(
      { clock: this.clock, stream: '', key: undefined, keyName: undefined, maxFrameBytes: 100_000, ...options },
      {
        sink: {
          counters: this.counters,
          opened: () => {},
          frame: (frame) => this.frames.push(frame),
          measured: (measures) => this.measures.push(measures),
          failed: () => {}
        },
        opened: (protocol) => this.told.push(`opened ${protocol}`),
        failed: (what) => this.told.push(`failed: ${what}`),
        send: (bytes) => later(() => this.#receive(Buffer.from(bytes)))
      }
    )
  }

  readonly deliver: (bytes: Buffer) => void

  /** The server's clock is an hour ahead. */
  get serverUs(): number {
    return (this.clock.nowMs() + 3_600_000) * 1000
  }

  /** Until it is welcomed. */
  join(): this {
    this.client.start()
    this.clock.pass(20)
    return this
  }

  frame(sequence: number, more: Partial<Parameters<typeof writeTcpFrameHead>[0]> = {}, data = pictureOf(1)): void {
    const head = { sequence, captureUs: this.serverUs, sendUs: this.serverUs, codec: CodecNumber.mjpeg, flags: 0 }
    this.deliver(this.writer.write(RecordType.frame, writeTcpFrameHead({ ...head, ...more }), data))
  }

  #receive(bytes: Buffer): void {
    this.#reader.push(bytes)
    for (let record = this.#reader.read(); record !== undefined; record = this.#reader.read()) {
      const { type, body } = record
      if (type === RecordType.hello) this.#greet(Buffer.from(body))
      else if (type === RecordType.proof) this.#check(body)
      else if (type === RecordType.ping) this.#answer(body.readUIntLE(0, 6))
      else throw new Error(`clients do not say ${type}`)
    }
    if (this.#reader.problem) throw new Error(`what the client says is ${this.#reader.problem}`)
  }

  #greet(body: Buffer): void {
    this.hello = readTcpHello(body)
    this.#hello = body
    const serverNonce = randomBytes(16)
    this.#nonces = [Buffer.from(this.hello!.clientNonce), serverNonce]
    const welcome = { serverNonce, serverTimeUs: this.serverUs, codec: CodecNumber.mjpeg }
    this.#welcome = writeTcpWelcome(welcome, body, this.#key)
    this.deliver(this.writer.write(RecordType.welcome, this.#welcome))
  }

  #check(proof: Buffer): void {
    if (!isProof(proof, this.#key!, 'client', this.#hello!, this.#welcome!)) throw new Error('not proven')
    this.#reader.openWith(directionKeys(this.#key!, ...this.#nonces!, 'tcp', 'client'))
    this.writer.sealWith(directionKeys(this.#key!, ...this.#nonces!, 'tcp', 'server'))
  }

  #answer(clientTimeUs: number): void {
    this.pingsMs.push(this.clock.nowMs())
    const [receivedUs, sentUs] = [this.serverUs, this.serverUs]
    const clock = writeClock({ clientTimeUs, receivedUs, sentUs, rateKbps: 0, parityPermille: 0 })
    this.deliver(this.writer.write(RecordType.clock, clock))
  }
}

describe.each([
  ['without a key', undefined],
  ['with a key', key]
])('%s', (_, own) => {
  const options = { key: own }

  test('says what it wants, and gets frames with numbers that do not wrap, and ages', () => {
    const bench = new Bench({ ...options, stream: 'door', keyName: 'house' }).join()
    expect(bench.hello).toMatchObject({ stream: 'door', keyName: 'house' })
    bench.frame(0xffff_fffe, { captureUs: bench.serverUs - 30_000 })
    bench.frame(0xffff_ffff, { flags: DataFlag.repeated })
    bench.frame(1)
    bench.clock.pass(5)
    expect(bench.frames.map(({ sequence, repeated }) => ({ sequence, repeated }))).toEqual([
      { sequence: 2 ** 32 - 2, repeated: false },
      { sequence: 2 ** 32 - 1, repeated: true },
      { sequence: 2 ** 32 + 1, repeated: false }
    ])
    expect(bench.frames[0]?.ageMs).toBeCloseTo(35)
    expect(bench.frames[0]?.timestampUs).toBe(bench.serverUs - 35_000)
    expect(bench.frames[0]?.data).toEqual(pictureOf(1))
    expect(bench.told).toEqual(['opened tcp/2'])
  })

  test('asks for the time at once, and each second', () => {
    const bench = new Bench(options).join()
    bench.clock.pass(2900)
    expect(bench.pingsMs.map((ms) => ms - bench.pingsMs[0]!)).toEqual([0, 1000, 2000])
    expect(bench.measures.map(({ roundTripMs }) => Math.round(roundTripMs!))).toEqual([10, 10, 10])
    bench.client.close()
    expect(bench.clock.timers).toBe(0)
  })

  test('bears records of later versions, and refuses what is no picture', () => {
    const bench = new Bench(options).join()
    bench.deliver(bench.writer.write(5 as 2, Buffer.from('later')))
    bench.frame(1, { codec: 9 })
    bench.frame(2, {}, Buffer.from('no picture'))
    bench.frame(3, {}, pictureOf(1, 100_001))
    bench.deliver(bench.writer.write(RecordType.frame, Buffer.alloc(3)))
    bench.frame(4)
    bench.clock.pass(5)
    expect(bench.frames.map(({ sequence }) => sequence)).toEqual([4])
    expect(bench.counters.refused).toBe(4)
    expect(bench.told).toEqual(['opened tcp/2'])
  })

  test('tells why it is refused', () => {
    const bench = new Bench(options).join()
    bench.deliver(bench.writer.write(RecordType.refused, writeTcpRefused(RefusalReason.stream, 'none\u001b[2J')))
    bench.clock.pass(5)
    expect(bench.told.at(-1)).toBe('failed: the server refuses: it has no such stream (none [2J)')
    bench.frame(1)
    bench.clock.pass(5000)
    expect(bench.frames).toEqual([])
    expect(bench.clock.timers).toBe(0)
  })

  test('what is no record ends it', () => {
    const bench = new Bench(options).join()
    bench.deliver(Buffer.from('HTTP/1.1 400'))
    bench.clock.pass(5)
    expect(bench.told.at(-1)).toBe('failed: what comes is no stream of records: not version 2')
    const other = new Bench(options).join()
    other.deliver(Buffer.from([magic, 0x2b, 0, 0, 0, 0, 0, 0xff]))
    other.clock.pass(5)
    expect(other.told.at(-1)).toContain('too long')
  })

  test('property: any bytes, cut anywhere, give nothing but frames and one failure', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.uint8Array({ maxLength: 80 })), { maxLength: 8 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.boolean(),
        (records, rest, cuts, isWelcomed) => {
          const bench = new Bench(options)
          if (isWelcomed) bench.join()
          const said = records.map(([type, body]) => bench.writer.write(type as 2, body))
          for (const chunk of cutInto(Buffer.concat([...said, rest]), cuts)) bench.client.receive(chunk)
          expect(bench.told.filter((text) => text.startsWith('failed')).length).toBeLessThanOrEqual(1)
        }
      )
    )
  })
})

describe('who', () => {
  test.for([
    ['has no key where one is needed', undefined, key, 'the server refuses: a key is needed'],
    ['has a key where there is none', key, undefined, 'a key was given, and the server has none'],
    ['has another key', key, Buffer.from('another secret of bytes'), 'the server does not prove that it knows the key']
  ] as const)('%s hears nothing', ([, own, theirs, message]) => {
    const bench = new Bench({ key: own }, { key: theirs }).join()
    bench.frame(1)
    bench.clock.pass(5)
    expect(bench.told).toEqual([`failed: ${message}`])
    expect(bench.frames).toEqual([])
  })

  test('has a key takes nothing that is not sealed', () => {
    const bench = new Bench({ key }).join()
    bench.deliver(new RecordWriter().write(RecordType.frame, Buffer.alloc(18), pictureOf(1)))
    bench.clock.pass(5)
    expect(bench.told.at(-1)).toContain('forged')
    const early = new Bench({ key })
    early.client.start()
    early.frame(1)
    early.clock.pass(5)
    expect(early.frames).toEqual([])
  })
})

describe('our server', () => {
  async function serving(options: object, cameras?: Parameters<typeof startStreamer>[0]): Promise<TestServer> {
    const server = await startStreamer({ ...cameras, transports: [{ use: 'tcp', port: 0, ...options }] })
    onTestFinished(() => server.stop())
    return server
  }
  const refusal = (url: string, options: object = {}): Promise<string> =>
    nextOf(receiving(url, { reconnect: false, ...options })).then(
      () => 'none',
      (error: Error) => error.message
    )

  test('gives sealed frames to who knows the key, under its name or without one, and to nobody else', async () => {
    const camera = fakeCamera({ manual: true, width: 640, height: 480 })
    const named = 'the secret of the house'
    const server = await serving({ key: secret, keys: { house: named } }, { camera })
    const url = server.url('tcp')
    const [stream] = server.streamer.streams.values()
    for (const [index, options] of [{ key: secret }, { key: ` ${named}\n`, keyName: 'house' }].entries()) {
      const receiver = receiving(url, options)
      for (let count = 0; count < 3; count++) {
        const next = nextOf(receiver)
        while (stream!.stats().clients.length <= index) await new Promise(setImmediate)
        const { data } = await camera.step()
        const frame = await next
        expect(Buffer.compare(frame.data, data)).toBe(0)
        expect(frame.ageMs).toBeGreaterThanOrEqual(0)
      }
      expect(receiver.stats().protocol).toBe('tcp/2')
    }
    expect(await refusal(url)).toContain('a key is needed')
    expect(await refusal(url, { key: 'another secret of bytes' })).toContain('does not prove that it knows the key')
    expect(await refusal(url, { key: secret, keyName: 'garage' })).toContain('the key is wrong')
    expect(await refusal(`${url}/none`, { key: secret })).toContain('it has no such stream')
  })

  test('refuses a stream that it does not have, and a key that it does not need', async () => {
    const server = await serving({})
    expect(await refusal(`${server.url('tcp')}/none`)).toContain('the server refuses: it has no such stream')
    expect(await refusal(server.url('tcp'), { key: secret })).toContain('a key was given, and the server has none')
  })

  test('is spoken to over TLS', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'streamer-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    await Promise.all([writeFile(tls.cert, cert), writeFile(tls.key, privateKey)])
    const server = await serving({ tls, key: secret })
    const url = server.url('tcp').replace(/^tcps?:/, 'tcps:')
    const receiver = receiving(url, { key: secret, tls: { ca: cert, servername: 'camera.test' } })
    const { ageMs } = await nextOf(receiver)
    expect(ageMs).toBeGreaterThanOrEqual(0)
    while (receiver.stats().roundTripMs === undefined) await nextOf(receiver)
    expect(await refusal(url, { key: secret })).toContain('self-signed')
    expect(await refusal(url.replace('tcps:', 'tcp:'), { key: secret })).toContain('the server')
  })

  test('repeats the last picture, and says so', async () => {
    const camera = fakeCamera({ manual: true })
    const server = await startStreamer({
      camera,
      supervision: { repeatMs: 50, noSignalAfterMs: 60_000 },
      transports: [
        { use: 'tcp', port: 0 },
        { use: 'udp', port: 0 }
      ]
    })
    onTestFinished(() => server.stop())
    const receivers = [receiving(server.url('tcp')), receiving(server.url('udp'))]
    const first = receivers.map((receiver) => nextOf(receiver))
    await camera.step()
    await camera.step()
    await Promise.all(first)
    for (const receiver of receivers) while (!(await nextOf(receiver)).repeated);
  })
})

test.for([
  ['version 2 that answers nothing any more', 5, true],
  ['version 1 that sends nothing any more', 15, false]
] as const)('a server of %s is given up after %i s', async ([, seconds, isVersionTwo]) => {
  const hello = new RecordReader(1024)
  const { port } = await tcpServer((socket) => {
    socket.on('data', (chunk) => {
      hello.push(Buffer.from(chunk))
      const record = hello.read()
      if (record?.type !== RecordType.hello) return
      const welcome = { serverNonce: randomBytes(16), serverTimeUs: 0, codec: CodecNumber.mjpeg }
      if (!isVersionTwo) socket.write(frameMessage(pictureOf(1), 'jpeg'))
      else socket.write(new RecordWriter().write(RecordType.welcome, writeTcpWelcome(welcome, record.body)))
    })
  })
  const clock = new HandClock()
  const told: string[] = []
  const connection = new TcpConnection({ address: 'tcp://there', host: '127.0.0.1', port, stream: '' }, false, {
    clock,
    maxFrameBytes: 100_000,
    delayMs: 0,
    connectTimeoutMs: 1000,
    key: undefined,
    keyName: undefined,
    tls: {}
  })
  onTestFinished(() => connection.close())
  connection.start({
    counters: noCounts(),
    opened: (protocol) => told.push(protocol),
    frame: () => {},
    measured: () => {},
    failed: ({ message }) => told.push(message)
  })
  while (told.length === 0) await new Promise(setImmediate)
  clock.pass(seconds * 1000 - 1)
  expect(told).toHaveLength(1)
  clock.pass(1)
  expect(told).toEqual([isVersionTwo ? 'tcp/2' : 'tcp/1', `receive: tcp://there: nothing came for ${seconds} s`])
  await connection.close()
  expect(clock.timers).toBe(0)
})

test('a server that breaks the connection off before it has said anything is told of', async () => {
  const { port } = await tcpServer((socket) => socket.end(Buffer.of(magic)))
  await expect(nextOf(receiving(`tcp://127.0.0.1:${port}`, { reconnect: false }))).rejects.toThrow(
    'the server ended the connection'
  )
})

test('who has a key waits for the answer of a server, and not for ever', async () => {
  const { port } = await tcpServer(() => {})
  const options = { key: secret, connectTimeoutMs: 50, reconnect: false }
  await expect(nextOf(receiving(`tcp://127.0.0.1:${port}`, options))).rejects.toThrow('no answer in time')
})

test('a stream whose name is too long is given up for good', async () => {
  const { port } = await tcpServer(() => {})
  const receiver = receiving(`tcp://127.0.0.1:${port}/${'x'.repeat(256)}`)
  await expect(nextOf(receiver)).rejects.toThrow('at most 255 bytes')
})
