import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What a client of a test has seen, and waiting for more of it. */
export class Watch {
  readonly frames: Buffer[] = []
  /** How many came, kept or not. */
  count = 0
  /** Set when the server ended the connection. */
  ended = false
  #waiting: Array<{ enough: () => boolean; resolve: () => void }> = []
  readonly #close: () => void
  readonly #keeps: boolean

  constructor(close: () => void, keeps = true) {
    this.#close = close
    this.#keeps = keeps
  }

  add(frame: Buffer): void {
    this.count++
    if (this.#keeps) this.frames.push(Buffer.from(frame))
    this.#check()
  }

  end(): void {
    this.ended = true
    this.#check()
  }

  /** Resolves when `enough` holds. Never with the clock: the test's own time-out ends a wait in vain. */
  until(enough: () => boolean): Promise<void> {
    if (enough()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ enough, resolve })
    })
  }

  /** Resolves when `count` more frames have come than there are now. */
  more(count: number): Promise<void> {
    const goal = this.count + count
    return this.until(() => this.count >= goal)
  }

  close(): void {
    this.#close()
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ enough, resolve }) => {
      if (!enough()) return true
      resolve()
      return false
    })
  }
}

/** An MJPEG client that goes by Content-Length, as most simple ones do. */
export async function watchHttp(url: string, keeps = true): Promise<Watch> {
  const { hostname, port, pathname, search } = new URL(url)
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''))
  const watch = new Watch(() => socket.destroy(), keeps)
  let pending = Buffer.alloc(0)
  let inBody = false
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const head = pending.toString('latin1', 0, headEnd)
      if (!inBody) {
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(`unexpected answer: ${head}`)
        inBody = true
        pending = pending.subarray(headEnd + 4)
        continue
      }
      const length = Number(/Content-Length: (\d+)/.exec(head)?.[1])
      const end = headEnd + 4 + length
      if (pending.length < end + 2) return
      watch.add(pending.subarray(headEnd + 4, end))
      pending = pending.subarray(end + 2)
    }
  })
  endsWith(socket, watch)
  await once(socket, 'connect')
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
  return watch
}

/** A client of the TCP protocol, version 1; frames are payloads as they came. */
export async function watchTcp(port: number, host = '127.0.0.1'): Promise<Watch> {
  const socket = connect(port, host)
  const watch = new Watch(() => socket.destroy())
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 8) {
      const length = Number(pending.readBigUInt64LE())
      if (pending.length < 8 + length) return
      watch.add(pending.subarray(8, 8 + length))
      pending = pending.subarray(8 + length)
    }
  })
  endsWith(socket, watch)
  await once(socket, 'connect')
  return watch
}

/** A client of the UDP protocol, version 1 with 32-bit fields; frames that arrive whole are kept as they came. */
export async function watchUdp(port: number, host = '127.0.0.1', register = 'REGISTER_CLIENT'): Promise<Watch> {
  const socket = createSocket('udp4')
  const watch = new Watch(() => {
    socket.send('DISCONNECT', port, host, () => socket.close())
  })
  receive(socket, watch)
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  // What a user's program would ask of the system too: room for several frames.
  socket.setRecvBufferSize(4 << 20)
  const answered = once(socket, 'message')
  socket.send(register, port, host)
  const [answer] = (await answered) as [Buffer]
  if (answer.toString('latin1') !== 'REGISTERED')
    throw new Error(`unexpected answer: ${answer.toString('latin1', 0, 20)}`)
  return watch
}

function receive(socket: DatagramSocket, watch: Watch): void {
  let frame = { id: -1, data: Buffer.alloc(0), missing: 0 }
  socket.on('message', (datagram: Buffer) => {
    if (datagram.length === 23 && datagram.toString('latin1', 0, 11) === 'FRAME_START') {
      frame = {
        id: datagram.readUInt32LE(11),
        data: Buffer.alloc(datagram.readUInt32LE(15)),
        missing: datagram.readUInt32LE(19)
      }
    } else if (datagram.toString('latin1', 0, 5) === 'CHUNK' && datagram.readUInt32LE(5) === frame.id) {
      datagram.copy(frame.data, datagram.readUInt32LE(9) * 1200, 13)
      frame.missing--
      if (frame.missing === 0) watch.add(frame.data)
    }
  })
}

function endsWith(socket: Socket, watch: Watch): void {
  socket.on('error', () => {})
  socket.on('close', () => watch.end())
}

/**
 * Watches a server over HTTP and TCP, which have nothing to do with what is broken in it.
 * @param urls of the server. @param stream its name, where there are several.
 */
export function watchHttpAndTcp(urls: readonly string[], stream?: string): Promise<[http: Watch, tcp: Watch]> {
  const isWanted = (url: string) => stream === undefined || !url.startsWith('tcp:') || url.endsWith(`/${stream}`)
  const portOf = (scheme: string) => {
    const url = urls.find((candidate) => candidate.startsWith(`${scheme}:`) && isWanted(candidate))
    return Number(new URL(url!.replace(scheme, 'http')).port)
  }
  const path = stream === undefined ? 'stream.mjpg' : `${stream}/stream.mjpg`
  return Promise.all([watchHttp(`http://127.0.0.1:${portOf('http')}/${path}`), watchTcp(portOf('tcp'))])
}

/** Each gets so many frames more, on the connection that it has. @throws Error when one was cut. */
export async function goOn(watches: readonly Watch[], frames = 10): Promise<void> {
  await Promise.all(watches.map((watch) => watch.more(frames)))
  if (watches.some(({ ended }) => ended)) throw new Error('a client was cut')
}
