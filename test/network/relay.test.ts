import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { DueQueue } from '../support/network/due-queue.js'
import { PathModel, type PathOptions } from '../support/network/path-model.js'
import { seededRandom } from '../support/network/random.js'
import { type Relay, type RelayOptions, startRelay } from '../support/network/relay.js'
import { routedNetwork } from '../support/network/topologies.js'
import { Cleanup } from '../support/stand-ins.js'
import { Peer } from './peer.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** What becomes of datagrams that come a millisecond after each other. */
function fates(options: PathOptions, count: number, seed = 1): Array<readonly number[]> {
  const model = new PathModel(options, seededRandom(seed))
  return Array.from({ length: count }, (_, n) => model.next(n))
}

/** Lengths of the runs of lost datagrams. */
function bursts(list: ReadonlyArray<readonly number[]>): number[] {
  const text = list.map((dueTimes) => (dueTimes.length === 0 ? 'x' : ' ')).join('')
  return text.split(/ +/).flatMap(({ length }) => (length > 0 ? [length] : []))
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const lostShare = (list: ReadonlyArray<readonly number[]>) =>
  list.filter(({ length }) => length === 0).length / list.length

describe('random numbers', () => {
  it('are those of their seed, from 0 to below 1', () => {
    const [some, same, others] = [seededRandom(7), seededRandom(7), seededRandom(8)]
    const numbers = Array.from({ length: 10_000 }, some)
    expect(Array.from({ length: 10_000 }, same)).toEqual(numbers)
    expect(Array.from({ length: 10_000 }, others)).not.toEqual(numbers)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(mean(numbers)).toBeCloseTo(0.5, 1)
  })
})

// All of it is seeded: what passes once passes always.
describe('a path', () => {
  it('without options passes everything at once', () => {
    expect(fates({}, 5)).toEqual([[0], [1], [2], [3], [4]])
  })

  it('adds a fixed delay', () => {
    expect(fates({ delayMs: 20 }, 3)).toEqual([[20], [21], [22]])
  })

  it('has the same fate for the same seed, and another for another', () => {
    const options = { delayMs: 5, jitterMs: 5, lossPercent: 20, meanBurst: 3, duplicatePercent: 10, reorderPercent: 10 }
    expect(fates(options, 1000, 42)).toEqual(fates(options, 1000, 42))
    expect(fates(options, 1000, 42)).not.toEqual(fates(options, 1000, 43))
  })

  it('loses single datagrams', () => {
    const list = fates({ lossPercent: 10 }, 100_000)
    expect(lostShare(list)).toBeCloseTo(0.1, 2)
    // Losses without memory come in runs of 1 / 0.9.
    expect(mean(bursts(list))).toBeCloseTo(1.11, 1)
  })

  it('loses as many in bursts of the length that is asked for', () => {
    const list = fates({ lossPercent: 5, meanBurst: 8 }, 400_000)
    expect(lostShare(list)).toBeCloseTo(0.05, 2)
    expect(mean(bursts(list))).toBeGreaterThan(7.6)
    expect(mean(bursts(list))).toBeLessThan(8.4)
  })

  it('loses nothing or everything when told to', () => {
    expect(lostShare(fates({ lossPercent: 0, meanBurst: 5 }, 1000))).toBe(0)
    expect(lostShare(fates({ lossPercent: 100 }, 1000))).toBe(1)
    expect(lostShare(fates({ lossPercent: 100, meanBurst: 5 }, 1000))).toBe(1)
  })

  it('loses the same datagrams whatever else it does to them', () => {
    const isLost = (dueTimes: readonly number[]) => dueTimes.length === 0
    const lossPercent = 30
    expect(fates({ lossPercent, jitterMs: 10, duplicatePercent: 50, reorderPercent: 50 }, 1000).map(isLost)).toEqual(
      fates({ lossPercent }, 1000).map(isLost)
    )
  })

  it('keeps order with any jitter', () => {
    const dueTimes = fates({ delayMs: 10, jitterMs: 50 }, 1000).flat()
    expect(dueTimes).toEqual([...dueTimes].sort((a, b) => a - b))
    dueTimes.forEach((dueMs, n) => {
      expect(dueMs).toBeGreaterThanOrEqual(n + 10)
    })
    expect(Math.max(...dueTimes.map((dueMs, n) => dueMs - n))).toBeLessThanOrEqual(60)
    expect(new Set(dueTimes.map((dueMs, n) => dueMs - n)).size).toBeGreaterThan(100)
  })

  it('has a jitter that wanders through all of its range, slowly', () => {
    // So far apart that order has no part in it.
    const model = new PathModel({ jitterMs: 50 }, seededRandom(1))
    const jitters = Array.from({ length: 500_000 }, (_, n) => model.next(n * 100)[0]! - n * 100)
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = jitters.filter((ms) => Math.floor(ms / 5) === tenth).length / jitters.length
      expect(share).toBeGreaterThan(0.05)
      expect(share).toBeLessThan(0.15)
    }
    const isSlow = jitters.every((ms, n) => n === 0 || Math.abs(ms - jitters[n - 1]!) <= 1.500_001)
    expect(isSlow).toBe(true)
  })

  it('doubles and holds back as many as told', () => {
    const list = fates({ duplicatePercent: 10, reorderPercent: 20, reorderMs: 7 }, 100_000)
    expect(list.filter(({ length }) => length === 2).length / list.length).toBeCloseTo(0.1, 2)
    const late = list.filter(([dueMs = 0], n) => dueMs > n)
    expect(late.length / list.length).toBeCloseTo(0.2, 2)
    expect(list.every(([dueMs = 0], n) => dueMs === n || dueMs === n + 7)).toBe(true)
  })

  it('refuses what cannot be', () => {
    for (const options of [
      { lossPercent: 101 },
      { delayMs: -1 },
      { meanBurst: 0.5 },
      { lossPercent: 90, meanBurst: 2 }
    ])
      expect(() => fates(options, 1)).toThrow(RangeError)
  })
})

it('a queue gives what is due, in order of its time and then of its arrival', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (times, nowMs) => {
      const queue = new DueQueue<string>()
      times.forEach((dueMs, index) => {
        queue.add(dueMs, `${dueMs} ${index}`)
      })
      const taken: string[] = []
      for (let item = queue.take(nowMs); item !== undefined; item = queue.take(nowMs)) taken.push(item)
      const sorted = times
        .map((dueMs, index) => ({ dueMs, index }))
        .sort((a, b) => a.dueMs - b.dueMs || a.index - b.index)
      const due = sorted.filter(({ dueMs }) => dueMs <= nowMs)
      expect(taken).toEqual(due.map(({ dueMs, index }) => `${dueMs} ${index}`))
      expect(queue.size).toBe(times.length - due.length)
      expect(queue.dueMs).toBe(sorted[due.length]?.dueMs)
    })
  )
})

describe('a relay', () => {
  async function bound(): Promise<Socket> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return cleanup.add(socket, () => socket.close())
  }

  async function relayTo(server: Socket, options: Omit<RelayOptions, 'server'> = {}): Promise<Relay> {
    return cleanup.add(await startRelay({ server: server.address(), ...options }), (relay) => relay.close())
  }

  async function next(socket: Socket): Promise<{ text: string; port: number }> {
    const [datagram, { port }] = (await once(socket, 'message')) as [Buffer, { port: number }]
    return { text: datagram.toString(), port }
  }

  it('stands for each client with a port of its own, and brings back what is for it', async () => {
    const [server, ...clients] = [await bound(), await bound(), await bound()]
    const relay = await relayTo(server, { seed: 1 })
    const ports = new Set<number>()
    for (const client of clients) {
      client.send('hello', relay.endpoint.port, '127.0.0.1')
      const { text, port } = await next(server)
      expect(text).toBe('hello')
      ports.add(port)
      server.send('welcome', port, '127.0.0.1')
      expect(await next(client)).toEqual({ text: 'welcome', port: relay.endpoint.port })
    }
    expect(ports.size).toBe(2)
    const counts = { received: 2, lost: 0, doubled: 0, overflowed: 0, sent: 2 }
    expect(relay.counts()).toEqual({ toServer: counts, toClient: counts })
  })

  it('delivers nothing before its time, and in order', async () => {
    const [server, client] = [await bound(), await bound()]
    const relay = await relayTo(server, { toServer: { delayMs: 30 } })
    const received: Array<{ text: string; atMs: number }> = []
    server.on('message', (datagram) => received.push({ text: datagram.toString(), atMs: performance.now() }))
    const sentAtMs: number[] = []
    for (let n = 0; n < 50; n++) {
      sentAtMs.push(performance.now())
      client.send(String(n), relay.endpoint.port, '127.0.0.1')
      // A later datagram, and a later timer, for some of them.
      if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 3))
    }
    while (received.length < 50) await once(server, 'message')
    expect(received.map(({ text }) => Number(text))).toEqual(sentAtMs.map((_, n) => n))
    for (const [n, { atMs }] of received.entries()) expect(atMs - sentAtMs[n]!).toBeGreaterThanOrEqual(30)
  })

  it('loses the datagrams that its seed says, in each direction and for each client', async () => {
    const [server, client] = [await bound(), await bound()]
    const relay = await relayTo(server, { seed: 5, toServer: { lossPercent: 40 } })
    const arrived: number[] = []
    server.on('message', (datagram) => arrived.push(Number(datagram.toString())))
    for (let n = 0; n < 100; n++) client.send(String(n), relay.endpoint.port, '127.0.0.1')
    const expected = fates({ lossPercent: 40 }, 100, 5).flatMap(({ length }, n) => (length > 0 ? [n] : []))
    while (arrived.length < expected.length) await once(server, 'message')
    expect(arrived).toEqual(expected)
    expect(relay.counts().toServer).toMatchObject({ received: 100, lost: 100 - expected.length })
    expect(relay.seed).toBe(5)
  })

  it('holds no more datagrams, and serves no more clients, than it may', async () => {
    const [server, client, stranger] = [await bound(), await bound(), await bound()]
    // Nothing of it arrives within this test.
    const relay = await relayTo(server, { toServer: { delayMs: 3_600_000 }, maxQueued: 3, maxFlows: 1 })
    for (let n = 0; n < 5; n++) client.send('hello', relay.endpoint.port, '127.0.0.1')
    while (relay.counts().toServer.received < 5) await new Promise((resolve) => setImmediate(resolve))
    expect(relay.counts().toServer).toMatchObject({ received: 5, overflowed: 2, sent: 0 })
    stranger.send('hello', relay.endpoint.port, '127.0.0.1')
    while (relay.counts().toServer.received < 6) await new Promise((resolve) => setImmediate(resolve))
    expect(relay.counts().toServer.overflowed).toBe(3)
  })

  it('refuses a path that cannot be before anything listens', async () => {
    const server = { address: '127.0.0.1', port: 9 }
    await expect(startRelay({ server, toClient: { lossPercent: -1 } })).rejects.toThrow(RangeError)
  })

  it('is a program on a router too', async () => {
    const { network, client, router, server } = await routedNetwork()
    cleanup.add(network, () => network.close())
    const [some, other] = [await Peer.start(client), await Peer.start(server)]
    const options: RelayOptions = {
      listen: { address: '0.0.0.0' },
      server: { address: server.addressFor(router), port: other.port },
      seed: 3,
      toClient: { delayMs: 5, duplicatePercent: 100 }
    }
    const path = fileURLToPath(new URL('../support/network/dist/relay-program.js', import.meta.url))
    const relay = router.spawn([path, JSON.stringify(options)])
    const { port } = await relay.next<{ port: number }>('listening')
    await some.send(router.addressFor(client), port, 'hello')
    const seen = await other.next()
    expect(seen.address).toBe(router.addressFor(server))
    await other.send(seen.address, seen.port, 'welcome')
    for (let n = 0; n < 2; n++)
      expect(await some.next()).toEqual({ text: 'welcome', address: router.addressFor(client), port })
    expect(await relay.ask('counts')).toMatchObject({ toServer: { sent: 1 }, toClient: { doubled: 1, sent: 2 } })
  })
})
