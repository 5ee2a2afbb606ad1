import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Connections } from '../src/connections.js'
import { RawClient, type Served, serve } from './stand-ins.js'

const running: Served[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const { transport } of running.splice(0)) await transport.stop()
})

class StandInSocket extends EventEmitter {
  destroyed = false
  constructor(readonly remoteAddress: string) {
    super()
  }
  destroy(): void {
    this.destroyed = true
  }
}

function standIn(address: string): Socket & StandInSocket {
  return new StandInSocket(address) as unknown as Socket & StandInSocket
}

const response = (): ServerResponse => new EventEmitter() as ServerResponse

describe('connections of one address', () => {
  const isExempt = (address: string) => address === '127.0.0.1'

  test('beyond the limit cost it its own, the unused ones first', () => {
    const connections = new Connections(100, { limit: 2, isExempt })
    const other = standIn('10.0.0.2')
    const [used, unused, third, fourth] = Array.from({ length: 4 }, () => standIn('::ffff:10.0.0.1'))
    expect(connections.add(other)).toBe(true)
    expect(connections.add(used!)).toBe(true)
    connections.use(used!, response())
    expect(connections.add(unused!)).toBe(true)
    expect(connections.add(third!)).toBe(false)
    expect([other, used, unused, third].map((socket) => socket?.destroyed)).toEqual([false, false, true, false])
    connections.use(third!, response())
    // All of them are in use.
    expect(connections.add(fourth!)).toBe(false)
    expect(fourth?.destroyed).toBe(true)
    used!.emit('close')
    expect(connections.add(standIn('10.0.0.1'))).toBe(true)
  })

  test('are those of an IPv6 /64', () => {
    const connections = new Connections(100, { limit: 1, isExempt })
    const first = standIn('2001:db8::1')
    connections.add(first)
    expect(connections.add(standIn('2001:db8:0:1::1'))).toBe(true)
    expect(connections.add(standIn('2001:db8::2'))).toBe(false)
    expect(first.destroyed).toBe(true)
  })

  test('are those of one IPv4 address, also where that comes in by IPv6', () => {
    const connections = new Connections(100, { limit: 1, isExempt })
    const first = standIn('::ffff:10.0.0.1')
    expect(connections.add(first)).toBe(true)
    expect(connections.add(standIn('::ffff:10.0.0.2'))).toBe(true)
    expect(connections.add(standIn('10.0.0.3'))).toBe(true)
    expect(first.destroyed).toBe(false)
    expect(connections.add(standIn('10.0.0.1'))).toBe(false)
    expect(first.destroyed).toBe(true)
  })

  test('are not counted where any number is right', () => {
    const connections = new Connections(100, { limit: 1, isExempt })
    for (let count = 0; count < 100; count++) expect(connections.add(standIn('127.0.0.1'))).toBe(true)
  })
})

describe('connections in all', () => {
  test('beyond the limit cost the one that has been of no use for the longest, whosever it is', () => {
    const connections = new Connections(3)
    const [first, second, third, fourth, fifth] = ['1', '2', '3', '4', '5'].map((last) => standIn(`10.0.0.${last}`))
    for (const socket of [first, second, third]) expect(connections.add(socket!)).toBe(true)
    const answer = response()
    connections.use(first!, answer)
    // It is unused from now on, so two others have been so for longer.
    answer.emit('close')
    expect(connections.add(fourth!)).toBe(false)
    expect([first, second, third, fourth].map((socket) => socket!.destroyed)).toEqual([false, true, false, false])
    expect(connections.add(fifth!)).toBe(false)
    expect([first, third, fourth, fifth].map((socket) => socket!.destroyed)).toEqual([false, true, false, false])
  })
})

describe('a WebSocket', () => {
  test('is no unused connection', async () => {
    const server = await serve({ maxClients: 1 })
    running.push(server)
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    const socket = new RawClient(
      server.port,
      `GET /ws HTTP/1.1\r\nHost: x\r\n${fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
    )
    clients.push(socket)
    await socket.until('101 Switching Protocols')
    for (let count = 0; count < 100; count++) clients.push(new RawClient(server.port))
    await vi.waitFor(() => expect(server.transport.stats().refusedConnections).toBeGreaterThan(30), { timeout: 10_000 })
    expect((await fetch(`${server.base}/state`, { headers: { Connection: 'close' } })).status).toBe(200)
    expect(socket.isClosed).toBe(false)
  })
})

describe('half requests', () => {
  test('by the hundred keep nobody out', async () => {
    const server = await serve({ maxClients: 1, headTimeoutMs: 60_000 })
    running.push(server)
    // More than there is room for, each with a head that never ends.
    for (let count = 0; count < 200; count++)
      clients.push(new RawClient(server.port, 'GET / HTTP/1.1\r\nHost: x\r\nX-A: '))
    await vi.waitFor(() => expect(server.transport.stats().refusedConnections).toBeGreaterThan(100), {
      timeout: 10_000
    })
    const answer = await fetch(`${server.base}/state`, { headers: { Connection: 'close' } })
    expect(answer.status).toBe(200)
  })
})
