import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Cleanup, StandInLogger, StandInRun, StandInStream } from '../../../test/support/stand-ins.js'
import { configSchema, TcpTransport } from '../src/index.js'

export * from '../../../test/support/stand-ins.js'

/** A transport on free loopback ports, serving `streams`. */
export async function serve(
  cleanup: Cleanup,
  options: Record<string, unknown> = {},
  streams: readonly StandInStream[] = [new StandInStream()],
  baseDir = '/'
) {
  const logger = new StandInLogger()
  const transport = cleanup.add(
    new TcpTransport(configSchema.parse({ host: '127.0.0.1', port: 0, ...options }), { name: 'tcp', logger, baseDir }),
    (started) => started.stop()
  )
  const run = new StandInRun()
  const urls = await transport.start(run, new Map(streams.map((stream) => [stream.name, stream])))
  const ports = urls.map((url) => Number(new URL(url).port))
  return { transport, run, urls, logger, stream: streams[0]!, port: ports[0]!, ports }
}

/** Cuts a byte stream into frames as a client would that knows only the document; an independent second writing of the format. */
export class FrameParser {
  readonly frames: Buffer[] = []
  #pieces: Uint8Array[] = []
  /** Bytes in `#pieces`. */
  #held = 0
  /** Bytes of the length or of the frame that comes next. */
  #wanted = 8
  #inFrame = false

  push(data: Uint8Array): void {
    this.#pieces.push(data)
    this.#held += data.length
    while (this.#held >= this.#wanted) {
      const bytes = Buffer.concat(this.#pieces)
      const part = bytes.subarray(0, this.#wanted)
      this.#pieces = [bytes.subarray(this.#wanted)]
      this.#held -= this.#wanted
      if (this.#inFrame) this.frames.push(part)
      this.#wanted = this.#inFrame ? 8 : Number(part.readBigUInt64LE())
      this.#inFrame = !this.#inFrame
    }
  }

  /** Bytes of a frame that is not whole yet. */
  get rest(): number {
    return this.#held
  }
}

/** A client that keeps every frame it was sent, in order. */
export class Client extends FrameParser {
  readonly socket: Socket
  /** Rejects when the server has ended the connection, or it is gone. */
  readonly gone: Promise<never>

  private constructor(socket: Socket) {
    super()
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (data) => this.push(data))
    this.gone = Promise.race([once(socket, 'end'), once(socket, 'close')]).then(() => {
      throw new Error('the connection is gone')
    })
    this.gone.catch(() => {})
  }

  /** Connects, without waiting for frames. */
  static async open(cleanup: Cleanup, port: number, host = '127.0.0.1'): Promise<Client> {
    const socket = connect({ port, host, allowHalfOpen: true })
    const client = cleanup.add(new Client(socket), () => socket.destroy())
    await once(socket, 'connect')
    return client
  }

  /** Resolves when `count` frames have come in all. */
  async has(count: number): Promise<readonly Buffer[]> {
    while (this.frames.length < count) await once(this.socket, 'data')
    return this.frames
  }
}
