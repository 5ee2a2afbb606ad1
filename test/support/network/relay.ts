import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { DueQueue } from './due-queue.js'
import { PathModel, type PathOptions } from './path-model.js'
import { seededRandom } from './random.js'

/** An IPv4 address with a UDP port. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** What a relay is told. */
export interface RelayOptions {
  /** Where clients send to. Default 127.0.0.1 and a free port. */
  readonly listen?: Partial<Endpoint>
  /** Where the server listens. */
  readonly server: Endpoint
  /** What becomes of datagrams on their way to the server. Default: nothing. */
  readonly toServer?: PathOptions
  /** What becomes of datagrams on their way to the clients. Default: nothing. */
  readonly toClient?: PathOptions
  /** Of all random numbers, an integer. The n-th client has the same fate with the same seed. Default: another one each time. */
  readonly seed?: number
  /** Datagrams that can be under way at once, of all clients; what comes beyond is dropped. Default 20 000. */
  readonly maxQueued?: number
  /** Clients at once; what comes from others is dropped. Default 64. */
  readonly maxFlows?: number
}

/** What became of the datagrams of one direction. */
export interface RelayCounts {
  readonly received: number
  /** Lost on purpose. */
  readonly lost: number
  /** Those that were sent twice on purpose. */
  readonly doubled: number
  /** Dropped because there was no room for them. */
  readonly overflowed: number
  /** Handed to the network, doubles included. */
  readonly sent: number
}

/** Bytes; the kernel lowers it to its own limit. A whole frame may come before the event loop is at it. */
const receiveBufferBytes = 4 << 20

/** A client, and the socket that stands for it before the server. */
class Flow {
  readonly toServer: PathModel
  readonly toClient: PathModel
  readonly socket = createSocket('udp4')

  constructor(
    readonly client: Endpoint,
    { toServer = {}, toClient = {} }: RelayOptions,
    seed: number
  ) {
    this.toServer = new PathModel(toServer, seededRandom(seed))
    // Of its own, so that what the client sends has no bearing on what it gets.
    this.toClient = new PathModel(toClient, seededRandom(~seed))
  }
}

/** A datagram under way. */
interface Passage {
  readonly datagram: Buffer
  readonly socket: Socket
  readonly to: Endpoint
  readonly counts: { sent: number }
}

/**
 * A path between clients and a server that can be longer and worse than the machine's: it delays, loses, doubles and reorders datagrams by a seeded model.
 * To the server each client is a socket of the relay, as behind a NAT. Made by `startRelay`.
 */
export class Relay {
  /** Of this run, to have it again. */
  readonly seed: number
  readonly #options: RelayOptions
  readonly #socket: Socket
  readonly #flows = new Map<string, Flow>()
  readonly #queue = new DueQueue<Passage>()
  readonly #counts = { toServer: noCounts(), toClient: noCounts() }
  #timer: NodeJS.Timeout | undefined
  #timerDueMs = Number.POSITIVE_INFINITY
  #closed = false

  /** @internal */
  constructor(options: RelayOptions, socket: Socket) {
    this.#options = options
    this.seed = options.seed ?? Math.floor(Math.random() * 0x1_0000_0000)
    this.#socket = socket
    socket.on('message', (datagram, { address, port }) => {
      const flow = this.#flowOf(address, port)
      if (flow) this.#pass(datagram, flow.toServer, flow.socket, this.#options.server, this.#counts.toServer)
    })
  }

  /** Where clients send to. */
  get endpoint(): Endpoint {
    const { address, port } = this.#socket.address()
    return { address, port }
  }

  /** What became of the datagrams so far. */
  counts(): { readonly toServer: RelayCounts; readonly toClient: RelayCounts } {
    return { toServer: { ...this.#counts.toServer }, toClient: { ...this.#counts.toClient } }
  }

  /** Closes every socket; what is under way is lost. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#queue.clear()
    const sockets = [this.#socket, ...Array.from(this.#flows.values(), ({ socket }) => socket)]
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))))
  }

  #flowOf(address: string, port: number): Flow | undefined {
    const key = `${address}:${port}`
    const known = this.#flows.get(key)
    if (known) return known
    if (this.#flows.size >= (this.#options.maxFlows ?? 64)) {
      this.#counts.toServer.received++
      this.#counts.toServer.overflowed++
      return undefined
    }
    const flow = new Flow({ address, port }, this.#options, this.seed + this.#flows.size)
    this.#flows.set(key, flow)
    prepare(flow.socket)
    flow.socket.on('message', (datagram) =>
      this.#pass(datagram, flow.toClient, this.#socket, flow.client, this.#counts.toClient)
    )
    return flow
  }

  #pass(datagram: Buffer, path: PathModel, socket: Socket, to: Endpoint, counts: ReturnType<typeof noCounts>): void {
    const nowMs = performance.now()
    counts.received++
    const dueTimes = path.next(nowMs)
    if (dueTimes.length === 0) counts.lost++
    else if (dueTimes.length > 1) counts.doubled++
    for (const dueMs of dueTimes) {
      if (this.#queue.size < (this.#options.maxQueued ?? 20_000))
        this.#queue.add(dueMs, { datagram, socket, to, counts })
      else counts.overflowed++
    }
    this.#sendDue()
  }

  readonly #onTimer = (): void => {
    this.#timerDueMs = Number.POSITIVE_INFINITY
    this.#sendDue()
  }

  /** Sends all that is due, and sets the one timer for what is due next; that counts whole milliseconds, so that the next datagram may be sooner. */
  #sendDue(): void {
    const nowMs = performance.now()
    for (let passage = this.#queue.take(nowMs); passage; passage = this.#queue.take(nowMs)) {
      const { datagram, socket, to, counts } = passage
      // What the network does not take is lost, as on any path.
      socket.send(datagram, to.port, to.address, () => {})
      counts.sent++
    }
    const { dueMs } = this.#queue
    if (dueMs === undefined || dueMs >= this.#timerDueMs) return
    clearTimeout(this.#timer)
    this.#timerDueMs = dueMs
    this.#timer = setTimeout(this.#onTimer, Math.ceil(dueMs - nowMs))
  }
}

/**
 * Starts a relay.
 * @returns when it listens; `endpoint` is where clients shall send to.
 * @throws what `bind` gave; RangeError for a path that cannot be.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  // Else what is wrong would show with the first client only.
  for (const path of [options.toServer, options.toClient]) new PathModel(path ?? {}, Math.random)
  const socket = createSocket('udp4')
  const { address = '127.0.0.1', port = 0 } = options.listen ?? {}
  socket.bind(port, address)
  await once(socket, 'listening')
  socket.setRecvBufferSize(receiveBufferBytes)
  return new Relay(options, socket)
}

function noCounts() {
  return { received: 0, lost: 0, doubled: 0, overflowed: 0, sent: 0 }
}

/** A socket sends as soon as it likes; only a bound one has buffers to set. */
function prepare(socket: Socket): void {
  socket.on('error', () => {})
  socket.bind(0, () => socket.setRecvBufferSize(receiveBufferBytes))
}
