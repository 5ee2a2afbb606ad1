import { connect, type Socket } from 'node:net'
import {
  type HostView,
  type PluginContext,
  type Run,
  type Stream,
  silentLogger,
  type TransportStatus
} from '@streamer/core/plugin'
import { StandInStream } from '../../../test/support/stand-ins.js'
import { configSchema, HttpTransport } from '../src/index.js'

export { StandInStream }

/** A transport that listens on loopback, with stand-in streams. */
export interface Served {
  readonly transport: HttpTransport
  readonly urls: readonly string[]
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly base: string
  readonly stream: StandInStream
  readonly streams: ReadonlyMap<string, StandInStream>
}

export function standInContext(streams: ReadonlyMap<string, Stream>, startedAtMs = Date.now()): PluginContext {
  const host: HostView = {
    version: '0.0.0-test',
    startedAtMs,
    streams,
    transports: (): TransportStatus[] => [],
    disconnect: (id) =>
      Array.from(streams.values()).some((stream) => stream instanceof StandInStream && stream.hub.disconnect(id))
  }
  return { name: 'http', logger: silentLogger, host, baseDir: '/' }
}

export function createTransport(options: object, streams: ReadonlyMap<string, Stream>): HttpTransport {
  return new HttpTransport(configSchema.parse({ host: '127.0.0.1', port: 0, ...options }), standInContext(streams))
}

/** A run that nobody aborts. */
export function standInRun(signal = new AbortController().signal): Run {
  return {
    signal,
    fail: (error) => {
      throw error
    }
  }
}

export async function serve(options: object = {}, names: readonly string[] = ['camera']): Promise<Served> {
  const streams = new Map(names.map((name) => [name, new StandInStream(name)]))
  const transport = createTransport(options, streams)
  const urls = await transport.start(standInRun(), streams)
  const port = Number(new URL(urls[0]!).port)
  return { transport, urls, port, base: `http://127.0.0.1:${port}`, stream: streams.get(names[0]!)!, streams }
}

/** A client that speaks raw bytes and keeps what it gets. */
export class RawClient {
  readonly socket: Socket
  readonly closed: Promise<void>
  #chunks: Buffer[] = []
  #length = 0
  #wake: Array<() => void> = []
  #isClosed = false

  constructor(port: number, request?: string) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      this.#tell()
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.#isClosed = true
        resolve()
        this.#tell()
      })
    })
    if (request !== undefined) this.socket.write(request)
  }

  /** All bytes so far. */
  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  get text(): string {
    return this.bytes.toString('latin1')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when there are so many bytes or the text contains `wanted`. */
  async until(wanted: string | number): Promise<void> {
    while (typeof wanted === 'number' ? this.#length < wanted : !this.text.includes(wanted)) {
      if (this.#isClosed)
        throw new Error(`closed before ${JSON.stringify(wanted)}: ${JSON.stringify(this.text.slice(0, 500))}`)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  close(): void {
    this.socket.destroy()
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

/** Takes the frames out of a stream by Content-Length, and says which they are by a number that each begins with. */
export class StandInViewer extends RawClient {
  readonly numbers: number[] = []
  #rest: Buffer = Buffer.alloc(0)
  #headDone = false

  constructor(port: number, path = '/stream.mjpg') {
    super(port, `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`)
    this.socket.removeAllListeners('data')
    this.socket.on('data', (chunk) => this.#take(chunk))
  }

  override close(): void {
    super.close()
    this.#rest = Buffer.alloc(0)
  }

  #take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#headDone) {
      const end = this.#rest.indexOf('\r\n\r\n--streamerframe\r\n')
      if (end < 0) return
      this.#headDone = true
      this.#rest = this.#rest.subarray(end + 4 + 17)
    }
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/Content-Length: (\d+)/.exec(this.#rest.subarray(0, end).toString('latin1'))?.[1])
      const tail = end + 4 + length
      if (this.#rest.length < tail + 19) return
      if (this.#rest.subarray(tail, tail + 19).toString('latin1') !== '\r\n--streamerframe\r\n') throw new Error('torn')
      this.numbers.push(this.#rest.readUInt32BE(end + 4))
      this.#rest = this.#rest.subarray(tail + 19)
    }
  }
}

/** Bytes that stand for a JPEG and begin with `number`. */
export function standInPicture(number: number, size: number): Buffer {
  const data = Buffer.alloc(size, number & 0xff)
  data.writeUInt32BE(number, 0)
  return data
}
