import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type Codec,
  type Counters,
  defineTransport,
  type EncodedFrame,
  listenError,
  type Run,
  type Stream,
  type Subscription,
  type Transport,
  type TransportPlugin,
  type TransportSupports
} from '@streamer/core/plugin'
import { z } from 'zod'

export interface TcpParts {
  port: number
  transport: SoundTransport
}

/**
 * A transport that does everything right, written by hand so that each deed can be undone by a subclass: a client sends the name of a stream and a line feed, and
 * gets frames with their length (32 bits, big-endian) before them.
 */
export class SoundTransport implements Transport {
  readonly accepts: readonly Codec[] = ['mjpeg']
  readonly port: number
  readonly sockets = new Set<Socket>()
  server: Server | undefined
  counters = { connections: 0, sent: 0 }
  isStarting: Promise<unknown> | undefined
  isStopped = true

  constructor(port: number) {
    this.port = port
  }

  async start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    if (!this.isStopped) throw new TypeError('start was called twice without stop')
    run.signal.throwIfAborted()
    this.isStopped = false
    const starting = this.open(run, streams)
    this.isStarting = starting
    try {
      return await starting
    } finally {
      this.isStarting = undefined
    }
  }

  async open(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    await turn()
    this.server = createServer((socket) => this.accept(socket, streams))
    this.server.listen(this.port, '127.0.0.1')
    try {
      await once(this.server, 'listening')
    } catch (error) {
      this.server = undefined
      this.isStopped = true
      throw this.portError(error)
    }
    const { port } = this.server.address() as AddressInfo
    if (this.isStopped || run.signal.aborted) await this.close()
    run.signal.throwIfAborted()
    if (this.isStopped) throw new Error('stopped while it was starting')
    return [`tcp://127.0.0.1:${port}`]
  }

  portError(error: unknown): Error {
    return listenError('transport-sound', `127.0.0.1:${this.port}`, error)
  }

  async stop(): Promise<void> {
    this.isStopped = true
    await this.isStarting?.catch(() => {})
    await this.close()
  }

  async close(): Promise<void> {
    const { server } = this
    this.server = undefined
    for (const socket of this.sockets) socket.destroy()
    if (server?.listening) await new Promise((resolve) => server.close(resolve))
  }

  stats(): Counters {
    return this.counters
  }

  accept(socket: Socket, streams: ReadonlyMap<string, Stream>): void {
    this.counters.connections++
    this.sockets.add(socket)
    let subscription: Subscription | undefined
    let name = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: unknown) => {
      name += String(text)
      const stream = this.streamFor(name.trim(), streams)
      if (!name.endsWith('\n') || subscription || !stream) return
      subscription = this.subscribe(socket, stream)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.sockets.delete(socket)
      if (subscription) this.gone(subscription)
    })
  }

  streamFor(name: string, streams: ReadonlyMap<string, Stream>): Stream | undefined {
    return streams.get(name)
  }

  subscribe(socket: Socket, stream: Stream): Subscription {
    const subscription = stream.subscribe({
      label: 'client',
      onFrame: (frame) => this.send(socket, frame, () => subscription.ready()),
      onClose: () => this.letGo(socket)
    })
    return subscription
  }

  letGo(socket: Socket): void {
    socket.destroy()
  }

  gone(subscription: Subscription): void {
    subscription.close()
  }

  send(socket: Socket, { data }: EncodedFrame, done: () => void): void {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(data.length)
    socket.cork()
    socket.write(head)
    socket.write(data, (error) => {
      if (error) return
      this.counters.sent++
      done()
    })
    socket.uncork()
  }
}

export const soundSchema = z.strictObject({ port: z.int().min(0).max(65535) })

/** The plugin of a transport with a change for the worse, or none. */
export function soundPlugin(
  Part: new (port: number) => Transport = SoundTransport,
  change: Partial<Omit<TransportPlugin<{ port: number }>, 'supports'>> & { supports?: TransportSupports } = {}
): TransportPlugin<{ port: number }> {
  return {
    ...defineTransport({ name: 'sound', configSchema: soundSchema, create: ({ port }) => new Part(port) }),
    ...change
  }
}
