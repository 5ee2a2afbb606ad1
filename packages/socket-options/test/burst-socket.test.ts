import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { hasIpv6 } from '../../../test/support/stand-ins.js'
import { type Burst, type BurstSocket, maxBurstBytes, maxBurstSegments, openUdpSocket } from '../src/index.js'

const open: Socket[] = []
const bound: BurstSocket[] = []
afterEach(async () => {
  for (const bursts of bound.splice(0)) bursts.release()
  await Promise.all(open.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))))
})

function serve(address: string, port = 0) {
  const bursts = openUdpSocket(address, port)!
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  bursts.bind(socket)
  open.push(socket)
  bound.push(bursts)
  return { bursts, socket, port: socket.address().port }
}

/** What comes to a socket, for who waits for some of it. */
async function listen(address: string) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  open.push(socket)
  const received: Buffer[] = []
  socket.on('message', (datagram) => received.push(datagram))
  socket.bind(0, address)
  await once(socket, 'listening')
  socket.setRecvBufferSize(1 << 20)
  const has = async (count: number) => {
    while (received.length < count) await once(socket, 'message')
    return received
  }
  return { port: socket.address().port, has, socket }
}

const numbered = (length: number, seed = 0) => Buffer.from(Array.from({ length }, (_, at) => (at + seed) % 251))

function cut({ bytes, segment }: Burst): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / segment) }, (_, index) =>
    Buffer.from(bytes.subarray(index * segment, (index + 1) * segment))
  )
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it.for([
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::1', '::1', '::1'],
    ['::', '::1', '::1'],
    ['::', '127.0.0.1', '::ffff:127.0.0.1']
  ] as const)('a socket on %s sends several bursts to %s with one call', async ([host, to, named], { skip }) => {
    skip(!hasIpv6 && host !== '127.0.0.1', 'this machine has no IPv6')
    const { bursts } = serve(host)
    const client = await listen(to)
    const sent: Burst[] = [
      { bytes: numbered(23), segment: 23 },
      { bytes: numbered(40_000), segment: 1213 },
      { bytes: numbered(3 * 500, 7), segment: 500 }
    ]
    expect(bursts.send(sent, 0, bursts.target(named, client.port)!)).toBe(3)
    const datagrams = sent.flatMap(cut)
    expect(await client.has(datagrams.length)).toEqual(datagrams)
  })

  it('the longest burst there may be is sent, whatever lay in the memory before', async () => {
    const { bursts } = serve('127.0.0.1')
    const client = await listen('127.0.0.1')
    const target = bursts.target('127.0.0.1', client.port)!
    const longest = { bytes: numbered(maxBurstBytes), segment: Math.ceil(maxBurstBytes / maxBurstSegments) }
    const single = { bytes: numbered(5), segment: 1200 }
    for (const burst of [longest, single, longest]) expect(bursts.send([burst], 0, target)).toBe(1)
    const datagrams = [longest, single, longest].flatMap(cut)
    expect(await client.has(datagrams.length)).toEqual(datagrams)
  })

  it('more bursts than go with one call go with the next', async () => {
    const { bursts } = serve('127.0.0.1')
    const client = await listen('127.0.0.1')
    const target = bursts.target('127.0.0.1', client.port)!
    const sent = Array.from({ length: 20 }, (_, index) => ({ bytes: numbered(100, index), segment: 50 }))
    let next = 0
    while (next < sent.length) next += bursts.send(sent, next, target)
    expect(await client.has(40)).toEqual(sent.flatMap(cut))
  })

  it('what the kernel will not cut up is not sent, and told with its code, after what came before it', async () => {
    const { bursts } = serve('127.0.0.1')
    const client = await listen('127.0.0.1')
    const target = bursts.target('127.0.0.1', client.port)!
    // More datagrams than any kernel takes.
    const sent = [
      { bytes: numbered(10), segment: 10 },
      { bytes: numbered(2000), segment: 1 }
    ]
    expect(bursts.send(sent, 0, target)).toBe(1)
    expect(bursts.send(sent, 1, target)).toBe(0)
    expect(bursts.errorCode).toBe('EINVAL')
    expect(await client.has(1)).toEqual([numbered(10)])
  })

  it('the socket of Node receives, sends and is closed as usual', async () => {
    const { socket, bursts, port } = serve('127.0.0.1')
    const client = await listen('127.0.0.1')
    const asked = once(socket, 'message')
    client.socket.send('question', port, '127.0.0.1')
    const [question, from] = await asked
    expect(question.toString()).toBe('question')
    socket.send('answer', from.port, from.address)
    expect((await client.has(1)).map(String)).toEqual(['answer'])
    bursts.release()
    bursts.release()
    expect(bursts.send([{ bytes: numbered(9), segment: 9 }], 0, bursts.target('127.0.0.1', client.port)!)).toBe(0)
    expect(bursts.errorCode).toBe('EBADF')
    open.splice(open.indexOf(socket), 1)
    await new Promise<void>((resolve) => socket.close(() => resolve()))
    serve('127.0.0.1', port)
  })

  it('nobody else gets its port, who would share one either', async () => {
    const { port } = serve('127.0.0.1')
    const other = createSocket({ type: 'udp4', reuseAddr: true })
    open.push(other)
    other.bind(port, '127.0.0.1')
    const [error] = await once(other, 'error')
    expect(error.code).toBe('EADDRINUSE')
    expect(() => openUdpSocket('127.0.0.1', port)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(() => openUdpSocket('203.0.113.1', 0)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
  })

  it('a socket that Node does not take is closed', () => {
    const bursts = openUdpSocket('127.0.0.1', 0)!
    const taken = createSocket('udp4')
    open.push(taken)
    taken.bind(0, '127.0.0.1')
    expect(() => bursts.bind(taken)).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_ALREADY_BOUND' }))
    expect(bursts.send([{ bytes: numbered(9), segment: 9 }], 0, new Uint8Array(16))).toBe(0)
    expect(bursts.errorCode).toBe('EBADF')
  })

  it('knows addresses of its family, with the interface where they have one', ({ skip }) => {
    const { bursts } = serve('127.0.0.1')
    expect(bursts.target('127.0.0.1', 0x1234)!.subarray(2, 8)).toEqual(Buffer.of(0x12, 0x34, 127, 0, 0, 1))
    expect(bursts.target('::1', 1)).toBeUndefined()
    expect(bursts.target('example.org', 1)).toBeUndefined()
    skip(!hasIpv6, 'this machine has no IPv6')
    const [name] = Object.entries(networkInterfaces()).find(([, all]) => all?.some(({ internal }) => internal))!
    const six = serve('::1').bursts
    expect(Buffer.from(six.target(`fe80::1%${name}`, 1)!).readUInt32LE(24)).toBeGreaterThan(0)
    expect(six.target('fe80::1%none', 1)).toBeUndefined()
    expect(Buffer.from(six.target('fe80::1', 1)!).readUInt32LE(24)).toBe(0)
  })
})

it('an address that is none, or has a zone, is left to Node', () => {
  expect(openUdpSocket('localhost', 0)).toBeUndefined()
  expect(openUdpSocket('fe80::1%lo', 0)).toBeUndefined()
})
