import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type Burst, type BurstSocket, openUdpSocket } from '@streamer/socket-options'
import { type Cleanup, StandInLogger, StandInRun, StandInStream } from '../../../test/support/stand-ins.js'
import { configSchema, UdpTransport } from '../src/index.js'

export * from '../../../test/support/stand-ins.js'

/** A transport on a free loopback port, serving `streams`. */
export async function serve(
  cleanup: Cleanup,
  options: Record<string, unknown> = {},
  streams: readonly StandInStream[] = [new StandInStream()],
  onInfo: (line: string) => void = () => {},
  open?: typeof openUdpSocket
) {
  const logger = Object.assign(new StandInLogger(), { info: onInfo })
  const transport = cleanup.add(
    new UdpTransport(configSchema.parse({ host: '127.0.0.1', port: 0, ...options }), { name: 'udp', logger }, open),
    (started) => started.stop()
  )
  const run = new StandInRun()
  const urls = await transport.start(run, new Map(streams.map((stream) => [stream.name, stream])))
  return { transport, run, urls, logger, stream: streams[0]!, port: Number(new URL(urls[0]!).port) }
}

/** A socket for bursts whose calls are counted, and some of which fail as the test says. Whatever does not fail is sent. */
export class WatchedBursts implements BurstSocket {
  /** What each call was given and sent: the lengths of the bursts' datagrams. */
  readonly calls: number[][] = []
  /** The code that a burst fails with. */
  fails: (burst: Burst) => string | undefined = () => undefined
  #errorCode = ''
  #socket: BurstSocket | undefined

  /** For `serve`. */
  readonly open = (address: string, port: number): BurstSocket => {
    this.#socket = openUdpSocket(address, port)
    if (this.#socket === undefined) throw new Error('this test needs UDP_SEGMENT')
    return this
  }

  get errorCode(): string {
    return this.#errorCode
  }

  bind(socket: Socket): void {
    this.#socket!.bind(socket)
  }

  target(address: string, port: number): Uint8Array | undefined {
    return this.#socket!.target(address, port)
  }

  send(bursts: readonly Burst[], from: number, target: Uint8Array): number {
    let end = from
    let code: string | undefined
    while (end < bursts.length && code === undefined) {
      code = this.fails(bursts[end]!)
      if (code === undefined) end++
    }
    const sent = end === from ? 0 : this.#socket!.send(bursts.slice(0, end), from, target)
    this.#errorCode = end === from ? code! : this.#socket!.errorCode
    this.calls.push(bursts.slice(from, from + sent).map(({ bytes, segment }) => Math.ceil(bytes.length / segment)))
    return sent
  }

  release(): void {
    this.fails = () => undefined
    this.#socket!.release()
  }
}

/** A client that keeps every datagram it was sent, in order. */
export class Client {
  readonly received: Buffer[] = []
  readonly #socket: Socket
  readonly #server: number
  readonly #address: string

  private constructor(socket: Socket, server: number, address: string) {
    this.#socket = socket
    this.#server = server
    this.#address = address
    socket.on('message', (datagram) => this.received.push(datagram))
  }

  static async open(cleanup: Cleanup, server: number, address = '127.0.0.1'): Promise<Client> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    socket.setRecvBufferSize(1 << 20)
    const client = new Client(socket, server, address)
    cleanup.add(client, () => client.close())
    return client
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(message: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(message, this.#server, this.#address, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Resolves when `count` datagrams have come in all. */
  async has(count: number): Promise<readonly Buffer[]> {
    while (this.received.length < count) await once(this.#socket, 'message')
    return this.received
  }

  /** Registers and waits for the answer. */
  async register(message = 'REGISTER_CLIENT'): Promise<void> {
    const before = this.received.length
    await this.send(message)
    await this.has(before + 1)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      try {
        this.#socket.close(resolve)
      } catch {
        resolve()
      }
    })
  }
}

/** One frame put together again. */
export interface ParsedFrame {
  readonly id: bigint
  readonly data: Buffer
}

/**
 * Reads datagrams as a client would that knows only the document: an independent second writing of the format, strict about everything
 * that a client could stumble over.
 */
export function parseFrames(datagrams: readonly Uint8Array[], chunkSize: number, width: 32 | 64): ParsedFrame[] {
  const frames: ParsedFrame[] = []
  const bytes = width / 8
  let open: { id: bigint; data: Buffer; missing: Set<bigint> } | undefined
  for (const datagram of datagrams) {
    const view = Buffer.from(datagram)
    const number = (at: number): bigint => (width === 32 ? BigInt(view.readUInt32LE(at)) : view.readBigUInt64LE(at))
    if (view.subarray(0, 11).toString('latin1') === 'FRAME_START') {
      if (open !== undefined) throw new Error(`frame ${open.id} lacks ${open.missing.size} chunks`)
      if (view.length !== 11 + 3 * bytes) throw new Error(`a start of ${view.length} bytes`)
      const size = Number(number(11 + bytes))
      const count = number(11 + 2 * bytes)
      if (count !== BigInt(Math.ceil(size / chunkSize))) throw new Error(`${count} chunks for ${size} bytes`)
      const missing = new Set(Array.from({ length: Number(count) }, (_, index) => BigInt(index)))
      open = { id: number(11), data: Buffer.alloc(size), missing }
    } else if (view.subarray(0, 5).toString('latin1') === 'CHUNK') {
      if (open?.id !== number(5)) throw new Error(`a chunk of frame ${number(5)} outside of it`)
      const index = number(5 + bytes)
      if (!open.missing.delete(index)) throw new Error(`chunk ${index} twice, or beyond the end`)
      const payload = view.subarray(5 + 2 * bytes)
      const at = Number(index) * chunkSize
      if (payload.length !== Math.min(chunkSize, open.data.length - at)) throw new Error(`chunk ${index} is too short`)
      payload.copy(open.data, at)
    } else throw new Error(`a datagram of unknown kind: ${view.toString('hex', 0, 16)}`)
    if (open.missing.size === 0) {
      frames.push({ id: open.id, data: open.data })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`frame ${open.id} lacks ${open.missing.size} chunks`)
  return frames
}
