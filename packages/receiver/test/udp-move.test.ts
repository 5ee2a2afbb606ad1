import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { startStreamer, type TestServer } from '@streamer/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../src/clock.js'
import type { IncomingFrame } from '../src/connection.js'
import { UdpConnection } from '../src/udp/connection.js'
import { openSocket } from '../src/udp/open-socket.js'
import { nextOf, noCounts, receiving } from './support.js'

/** A network between a client and a server, in which each port of the client has an address of its own. */
class Network {
  readonly #socket = createSocket('udp4')
  readonly #ways = new Map<number, Socket>()
  readonly #cut = new Set<number>()
  readonly #serverPort: number

  constructor(serverPort: number) {
    this.#serverPort = serverPort
    this.#socket.on('message', (datagram, { port }) => {
      if (!this.#cut.has(port)) this.#way(port).send(datagram, this.#serverPort, '127.0.0.1')
    })
    onTestFinished(() => {
      for (const socket of [this.#socket, ...this.#ways.values()]) socket.close()
    })
  }

  async open(): Promise<string> {
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    return `udp://127.0.0.1:${this.#socket.address().port}`
  }

  /** Ports from which the client has sent something. */
  get ports(): readonly number[] {
    return [...this.#ways.keys()]
  }

  /** From now on nothing comes through, neither way. */
  cut(port: number): void {
    this.#cut.add(port)
  }

  #way(port: number): Socket {
    const known = this.#ways.get(port)
    if (known) return known
    const way = createSocket('udp4')
    way.on('message', (datagram) => {
      if (!this.#cut.has(port)) this.#socket.send(datagram, port, '127.0.0.1')
    })
    this.#ways.set(port, way)
    return way
  }
}

async function serving(options: object = {}): Promise<{ server: TestServer; network: Network; url: string }> {
  const server = await startStreamer({ transports: [{ use: 'udp', port: 0, ...options }] })
  onTestFinished(() => server.stop())
  const network = new Network(Number(new URL(server.url('udp')).port))
  return { server, network, url: await network.open() }
}

function countersOf(server: TestServer): Readonly<Record<string, number>> {
  return server.streamer.transports().find(({ name }) => name === 'udp')!.counters
}

const secret = 'a secret of enough bytes'

test.each([
  ['without a key', {}],
  ['with a key', { key: secret }]
])('%s, a connection goes on over another way when nothing comes through any more', async (_, key) => {
  const { server, network, url } = await serving(key)
  const states: string[] = []
  const receiver = receiving(url, { ...key, onState: (state) => states.push(state) })
  await nextOf(receiver)
  for (let moves = 1; moves <= 2; moves++) {
    network.cut(network.ports.at(-1)!)
    while (countersOf(server).movedClients! < moves) await nextOf(receiver)
    expect(network.ports.length).toBeGreaterThan(moves)
    await nextOf(receiver)
  }
  expect(states).toEqual(['connecting', 'receiving'])
  expect(receiver.stats().reconnects).toBe(0)
  expect(countersOf(server)).toMatchObject({ registrations: 1, repeatedRegistrations: 0 })
})

/** A connection whose sockets the test gives. */
function connection(url: string, open: typeof openSocket) {
  const frames: IncomingFrame[] = []
  const failures: Error[] = []
  const opened: string[] = []
  const { hostname, port } = new URL(url)
  const target = { address: url, host: hostname, port: Number(port), stream: '' }
  const made = new UdpConnection(
    target,
    {
      clock: systemClock,
      maxFrameBytes: 1024 * 1024,
      delayMs: 0,
      connectTimeoutMs: 30_000,
      key: undefined,
      keyName: undefined,
      tls: {}
    },
    open
  )
  onTestFinished(() => made.close())
  made.start({
    counters: noCounts(),
    opened: (protocol) => opened.push(protocol),
    frame: (frame) => frames.push(frame),
    measured: () => {},
    failed: (reason) => failures.push(reason)
  })
  return { made, frames, failures, opened }
}

test.each(['ENETUNREACH', 'EADDRNOTAVAIL', 'EINVAL'])(
  'a socket by which nothing can be sent any more (%s) is replaced at once, even when that takes some attempts',
  async (code) => {
    const { server, url } = await serving()
    const sockets: Socket[] = []
    let attempts = 0
    const fault = Object.assign(new Error(code), { code })
    const { frames, failures, opened } = connection(url, async (address, port) => {
      attempts++
      // The first attempt to move finds no network either.
      if (attempts === 2) throw fault
      const socket = await openSocket(address, port)
      sockets.push(socket)
      return socket
    })
    while (frames.length === 0) await nextTurn()
    const [first] = sockets
    const failing = (_: Uint8Array, done: (error: Error) => void) => done(fault)
    first!.send = failing as Socket['send']
    while (sockets.length < 2) await nextTurn()
    // Closed, whether or not the other one has received something.
    expect(() => first!.address()).toThrow()
    while (countersOf(server).movedClients === 0) await nextTurn()
    const { length } = frames
    while (frames.length === length) await nextTurn()
    expect({ failures, opened }).toEqual({ failures: [], opened: ['udp/2'] })
    expect(attempts).toBeGreaterThanOrEqual(3)
    expect(countersOf(server).registrations).toBe(1)
  }
)

test('a socket that hears again is gone back to when the new one has received nothing', async () => {
  const { server, network, url } = await serving()
  const sockets: Socket[] = []
  const { made, frames } = connection(url, async (address, port) => {
    const socket = await openSocket(address, port)
    sockets.push(socket)
    if (sockets.length > 1) network.cut(socket.address().port)
    return socket
  })
  while (frames.length === 0) await nextTurn()
  const [first] = network.ports
  // Nobody hears it for a while, as where the way is full.
  const listeners = sockets[0]!.listeners('message') as Array<(...args: unknown[]) => void>
  sockets[0]!.removeAllListeners('message')
  while (sockets.length < 3) await nextTurn()
  expect(() => sockets[1]!.address()).toThrow()
  for (const listener of listeners) sockets[0]!.on('message', listener)
  const isOpen = (socket: Socket): boolean => {
    try {
      return socket.address().port > 0
    } catch {
      return false
    }
  }
  while (isOpen(sockets.at(-1)!)) await nextTurn()
  expect(sockets[0]!.address().port).toBe(first)
  const { reports } = countersOf(server)
  while (countersOf(server).reports === reports) await nextTurn()
  expect(countersOf(server)).toMatchObject({ registrations: 1, movedClients: 0 })
  await made.close()
  for (const socket of sockets) expect(() => socket.address()).toThrow()
})

test('nothing is open when it is closed while it moves', async () => {
  const { network, url } = await serving()
  const sockets: Socket[] = []
  let closing: Promise<void> | undefined
  const { made, frames } = connection(url, async (address, port) => {
    const socket = await openSocket(address, port)
    sockets.push(socket)
    if (sockets.length === 2) closing = made.close()
    return socket
  })
  while (frames.length === 0) await nextTurn()
  network.cut(network.ports[0]!)
  while (closing === undefined) await nextTurn()
  await closing
  expect(sockets).toHaveLength(2)
  for (const socket of sockets) expect(() => socket.address()).toThrow()
})
