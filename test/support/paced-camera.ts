import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fakeCamera, startStreamer, type TestServer } from '@streamer/testkit'

/** As a camera with 30 frames a second has them. */
const frameMs = 33

/** A server whose camera remembers each picture that it gave: what a client has can be told from what never was. */
export interface PacedCamera {
  /** `http://127.0.0.1:port/` */
  readonly base: string
  readonly server: TestServer
  /** The number of that picture among those of the camera. @throws Error when the camera never gave it. */
  numberOf(picture: Uint8Array): number
  stop(): Promise<void>
}

/** @param options of the transport `http`. */
export async function pacedCamera(options: object = {}): Promise<PacedCamera> {
  const camera = fakeCamera({ manual: true })
  const server = await startStreamer({ camera, transports: [{ use: 'http', ...options }] })
  const given = new Map<string, number>()
  let isOver = false
  const run = async () => {
    while (!isOver) {
      // Waits until somebody watches.
      const { data } = await camera.step()
      given.set(hash(data), given.size)
      await pause(frameMs)
    }
  }
  run().catch((error: unknown) => {
    if (!isOver) throw error
  })
  return {
    base: server.url('http'),
    server,
    numberOf: (picture) => {
      const number = given.get(hash(picture))
      if (number === undefined) throw new Error(`the camera never gave this picture of ${picture.length} bytes`)
      return number
    },
    stop: async () => {
      isOver = true
      await server.stop()
    }
  }
}

function hash(data: Uint8Array): string {
  return createHash('sha1').update(data).digest('hex')
}

/** A program of somebody else's that runs until the test has seen enough. */
export class ClientProgram {
  readonly #child: ChildProcess
  readonly #chunks: Buffer[] = []
  #complaint = ''

  /** @param path of the program; one that is missing is told by `isRunning` and `complaint`. */
  constructor(
    path: string,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; uid?: number; gid?: number } = {}
  ) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    this.#child.on('error', (error) => {
      this.#complaint += error.message
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = `${this.#complaint}${chunk.toString()}`.slice(-10_000)
    })
  }

  /** What it wrote so far. */
  get output(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** What it said on standard error, the end of it. */
  get complaint(): string {
    return this.#complaint
  }

  /** Neither ended nor failed to start. */
  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Ends it. */
  async end(): Promise<void> {
    if (!this.isRunning) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }
}

/** The parts of a stream's body by their `Content-Length`. One that has not come whole is left out. */
export function wholeParts(body: Buffer): { readonly head: string; readonly picture: Buffer }[] {
  const parts: { head: string; picture: Buffer }[] = []
  for (let at = 0; ; ) {
    const headEnd = body.indexOf('\r\n\r\n', at)
    if (headEnd < 0) return parts
    const head = body.toString('latin1', at, headEnd)
    const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1])
    const end = headEnd + 4 + length
    if (Number.isNaN(length)) throw new Error(`a part without a length: ${JSON.stringify(head)}`)
    if (body.length < end) return parts
    parts.push({ head, picture: body.subarray(headEnd + 4, end) })
    at = end
  }
}
