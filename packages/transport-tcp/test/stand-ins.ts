import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { FrameHub } from '@streamer/core'
import {
  type EncodedFrame,
  type Logger,
  monotonicUs,
  type Run,
  type Stream,
  type StreamStats,
  silentLogger
} from '@streamer/core/plugin'
import { configSchema, TcpTransport } from '../src/index.js'

/** A stream without a camera: the core's real hub, and frames that the test publishes. */
export class StandInStream implements Stream {
  readonly hub = new FrameHub()
  readonly codec = 'mjpeg'
  readonly state = 'live'
  readonly latest = undefined
  readonly controls = undefined
  readonly name: string
  #sequence = 0

  constructor(name = 'camera') {
    this.name = name
  }

  subscribe(options: Parameters<Stream['subscribe']>[0]) {
    return this.hub.subscribe('tcp', options)
  }

  stats(): StreamStats {
    throw new Error('this stand-in keeps no statistics')
  }

  publish(data: Uint8Array): EncodedFrame {
    const frame: EncodedFrame = {
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: this.#sequence++,
      timestampUs: monotonicUs(),
      width: 2,
      height: 2,
      data
    }
    this.hub.publish(frame)
    return frame
  }
}

/** Keeps warnings instead of printing them. */
export class StandInLogger implements Logger {
  readonly warnings: string[] = []
  readonly error = silentLogger.error
  readonly info = silentLogger.info
  readonly debug = silentLogger.debug

  warn(message: string): void {
    this.warnings.push(message)
  }

  child(): Logger {
    return this
  }
}

/** A run as the core would give it; `fail` keeps what it was told. */
export class StandInRun implements Run {
  readonly #controller = new AbortController()
  readonly signal = this.#controller.signal
  readonly failures: Error[] = []
  readonly fail = (error: Error): void => void this.failures.push(error)

  abort(): void {
    this.#controller.abort(new Error('the run was aborted by the test'))
  }
}

/** Frees whatever the tests of a file opened, newest first. */
export class Cleanup {
  readonly #deeds: Array<() => unknown> = []

  add<T>(thing: T, deed: (thing: T) => unknown): T {
    this.#deeds.push(() => deed(thing))
    return thing
  }

  async run(): Promise<void> {
    for (const deed of this.#deeds.splice(0).reverse()) await deed()
  }
}

/** A transport on free loopback ports, serving `streams`. */
export async function serve(
  cleanup: Cleanup,
  options: Record<string, unknown> = {},
  streams: readonly StandInStream[] = [new StandInStream()]
) {
  const logger = new StandInLogger()
  const transport = cleanup.add(
    new TcpTransport(configSchema.parse({ host: '127.0.0.1', port: 0, ...options }), { name: 'tcp', logger }),
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

  private constructor(socket: Socket) {
    super()
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (data) => this.push(data))
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
