import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hasIpv6 } from '../../../test/support/stand-ins.js'
import { type DatagramSocket, StunClient } from '../src/index.js'

/** Answers a request with the address 192.0.2.1:32853. */
function answerTo(request: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from('0101000c2112a442', 'hex'),
    request.subarray(8, 20),
    Buffer.from('002000080001a147e112a643', 'hex')
  ])
}

describe('against a clock of its own', () => {
  const sent: Array<{ request: Uint8Array; atMs: number; port: number; address: string }> = []
  const socket: DatagramSocket = {
    address: () => ({ address: '0.0.0.0' }),
    send: (request, port, address) => sent.push({ request, atMs: performance.now(), port, address })
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    sent.length = 0
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** The name is looked up in real time, even one that is an address. */
  async function ask(client: StunClient, signal?: AbortSignal) {
    const address = client.publicAddress({ server: '127.0.0.1:3478', ...(signal && { signal }) })
    address.catch(() => {})
    await vi.waitFor(() => expect(sent).toHaveLength(1))
    return { address }
  }

  it('asks seven times and gives up after 39.5 s, as RFC 8489 has it', async () => {
    const { address } = await ask(new StunClient(socket))
    // Waiting for the first has moved the clock on.
    await vi.advanceTimersByTimeAsync(39_499 - (performance.now() - sent[0]!.atMs))
    expect(sent.map(({ atMs }) => atMs - sent[0]!.atMs)).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500])
    expect(new Set(sent.map(({ request }) => Buffer.from(request).toString('hex'))).size).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await expect(address).rejects.toMatchObject({
      code: 'ERR_NO_PUBLIC_ADDRESS',
      message: 'the STUN server 127.0.0.1:3478 told no address: no answer'
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks no more once it is told', async () => {
    const client = new StunClient(socket)
    const { address } = await ask(client)
    await vi.advanceTimersByTimeAsync(600)
    expect(client.receive(answerTo(sent[0]!.request), '127.0.0.1', 3478)).toBe(true)
    await expect(address).resolves.toEqual({ host: '192.0.2.1', port: 32853 })
    expect(vi.getTimerCount()).toBe(0)
    expect(client.receive(answerTo(sent[0]!.request), '127.0.0.1', 3478)).toBe(false)
  })

  it('leaves to the owner what others send, and what is no answer', async () => {
    const client = new StunClient(socket)
    expect(client.receive(Buffer.from('KEEPALIVE'), '127.0.0.1', 3478)).toBe(false)
    await ask(client)
    const answer = answerTo(sent[0]!.request)
    expect(client.receive(answer, '127.0.0.2', 3478)).toBe(false)
    expect(client.receive(answer, '127.0.0.1', 3479)).toBe(false)
    expect(client.receive(Buffer.from('KEEPALIVE'), '127.0.0.1', 3478)).toBe(false)
    expect(client.receive(sent[0]!.request, '127.0.0.1', 3478)).toBe(false)
    expect(client.receive(answer, '::ffff:127.0.0.1', 3478)).toBe(true)
  })

  it('fails when the server refuses', async () => {
    const client = new StunClient(socket)
    const { address } = await ask(client)
    const refusal = Buffer.from('0111000c2112a442000000000000000000000000000900080000041c62757379', 'hex')
    refusal.set(sent[0]!.request.subarray(8, 20), 8)
    expect(client.receive(refusal, '127.0.0.1', 3478)).toBe(true)
    await expect(address).rejects.toThrow('it refused with 428 busy')
  })

  it('ends when it is aborted', async () => {
    const controller = new AbortController()
    const { address } = await ask(new StunClient(socket), controller.signal)
    controller.abort(new Error('enough'))
    await expect(address).rejects.toThrow('enough')
    expect(vi.getTimerCount()).toBe(0)
    await expect(
      new StunClient(socket).publicAddress({ server: '127.0.0.1', signal: controller.signal })
    ).rejects.toThrow('enough')
  })

  it('fails when the socket does', async () => {
    const broken: DatagramSocket = {
      ...socket,
      send: (_datagram, _port, _address, callback) => callback(new Error('ENETUNREACH'))
    }
    const closed: DatagramSocket = {
      ...socket,
      send: () => {
        throw new Error('Not running')
      }
    }
    await expect(new StunClient(broken).publicAddress({ server: '127.0.0.1' })).rejects.toThrow('ENETUNREACH')
    await expect(new StunClient(closed).publicAddress({ server: '127.0.0.1' })).rejects.toThrow('Not running')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells what a server is', async () => {
    for (const server of ['', ':3478', 'a:b', 'host:0', 'host:65536', '::1', 'stun:host:3478', 'user@host', '[::1']) {
      await expect(new StunClient(socket).publicAddress({ server })).rejects.toThrow(TypeError)
    }
  })
})

describe('over a real socket', () => {
  const open: Socket[] = []
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close()
  })

  async function bind(address: string): Promise<Socket> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    open.push(socket)
    socket.bind(0, address)
    await once(socket, 'listening')
    return socket
  }

  it.for([
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::', '127.0.0.1', '127.0.0.1'],
    ['::', '::1', '[::1]'],
    ['::1', '::1', '[::1]']
  ] as const)('one bound to %s asks a server at %s', async ([own, at, name], { skip }) => {
    skip(!hasIpv6 && own !== '127.0.0.1', 'this machine has no IPv6')
    const server = await bind(at)
    server.on('message', (request, { address, port }) => server.send(answerTo(request), port, address))
    const socket = await bind(own)
    const client = new StunClient(socket)
    const others: string[] = []
    socket.on('message', (datagram, { address, port }) => {
      if (!client.receive(datagram, address, port)) others.push(datagram.toString())
    })
    const address = await client.publicAddress({ server: `${name}:${server.address().port}` })
    expect(address).toEqual({ host: '192.0.2.1', port: 32853 })
    expect(others).toEqual([])
  })

  it('one of IPv4 cannot ask a server of IPv6', async () => {
    const client = new StunClient(await bind('127.0.0.1'))
    await expect(client.publicAddress({ server: '[::1]:3478' })).rejects.toThrow('it has no IPv4 address')
  })
})
