import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { NatPmpRouter } from '../src/nat-pmp.js'
import { PcpRouter } from '../src/pcp.js'
import type { MappingRequest } from '../src/router.js'
import { UpnpRouter } from '../src/upnp.js'

const request: MappingRequest = {
  protocol: 'udp',
  port: 9999,
  externalPort: 9999,
  description: 'Streamer',
  lifetimeS: 1200
}
const { signal } = new AbortController()
const open: Array<Socket | Server> = []
afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})

/** A router that answers datagrams on a port of loopback; where it answers nothing, the request is lost. */
async function serveDatagrams(answer: (datagram: Buffer) => Uint8Array | undefined) {
  const socket = createSocket('udp4')
  open.push(socket)
  const received: Buffer[] = []
  socket.on('message', (datagram, { address, port }) => {
    received.push(datagram)
    const reply = answer(datagram)
    if (reply) socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, received }
}

function grantedByPcp(datagram: Buffer): Buffer {
  const answer = Buffer.from(datagram)
  answer[1] = 0x81
  answer.fill(0, 8, 24)
  answer.writeUInt16BE(40_000, 42)
  answer.set([203, 0, 113, 1], 56)
  return answer
}

describe('a router with PCP', () => {
  it('maps a port, and the same mapping is renewed and removed', async () => {
    const { port, received } = await serveDatagrams(grantedByPcp)
    const router = new PcpRouter('127.0.0.1', port)
    expect(await router.map(request, signal)).toEqual({
      externalHost: '203.0.113.1',
      externalPort: 40_000,
      internalHost: '127.0.0.1',
      lifetimeS: 1200
    })
    await router.map({ ...request, externalPort: 40_000 }, signal)
    await router.unmap(request, signal)
    expect(new Set(received.map((datagram) => datagram.toString('hex', 24, 36))).size).toBe(1)
    expect(received.map((datagram) => datagram.readUInt32BE(4))).toEqual([1200, 1200, 0])
    expect(received.map((datagram) => datagram.readUInt16BE(42))).toEqual([9999, 40_000, 0])
  })

  it('is asked again when a datagram was lost', async () => {
    let count = 0
    const { port } = await serveDatagrams((datagram) => (++count === 2 ? grantedByPcp(datagram) : undefined))
    await new PcpRouter('127.0.0.1', port).map(request, signal)
    expect(count).toBe(2)
  })

  it('that does not answer is given up', async () => {
    const { port, received } = await serveDatagrams(() => undefined)
    await expect(new PcpRouter('127.0.0.1', port).map(request, signal)).rejects.toThrow('no answer')
    expect(received).toHaveLength(3)
  })

  it('that is none says so at once', async () => {
    const { port } = await serveDatagrams(() => undefined)
    open.pop()?.close()
    await expect(new PcpRouter('127.0.0.1', port).map(request, signal)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is asked no more when that is aborted', async () => {
    const controller = new AbortController()
    const { port } = await serveDatagrams(() => {
      controller.abort(new Error('enough'))
      return undefined
    })
    const router = new PcpRouter('127.0.0.1', port)
    await expect(router.map(request, controller.signal)).rejects.toThrow('enough')
    await expect(router.map(request, controller.signal)).rejects.toThrow('enough')
  })
})

describe('a router with NAT-PMP', () => {
  const address = Buffer.from('0080000000000e10cb007101', 'hex')

  it('maps a port and removes it', async () => {
    const { port, received } = await serveDatagrams((datagram) =>
      datagram[1] === 0
        ? address
        : Buffer.concat([
            Buffer.from([0, 0x80 | datagram[1]!, 0, 0, 0, 0, 0, 1]),
            datagram.subarray(4, 6),
            Buffer.from('9c40', 'hex'),
            datagram.subarray(8, 12)
          ])
    )
    const router = new NatPmpRouter('127.0.0.1', port)
    expect(await router.map(request, signal)).toEqual({
      externalHost: '203.0.113.1',
      externalPort: 40_000,
      internalHost: '127.0.0.1',
      lifetimeS: 1200
    })
    await router.unmap(request, signal)
    expect(received.map((datagram) => datagram.toString('hex'))).toEqual([
      '0000',
      '00010000270f270f000004b0',
      '00010000270f000000000000'
    ])
  })

  it('without internet is left alone', async () => {
    const { port, received } = await serveDatagrams(() => Buffer.from('0080000300000e10', 'hex'))
    await expect(new NatPmpRouter('127.0.0.1', port).map(request, signal)).rejects.toThrow('without internet')
    expect(received).toHaveLength(1)
  })
})

describe('a router with UPnP', () => {
  const upnp = 'urn:schemas-upnp-org'

  interface Call {
    readonly url: string
    readonly action: string
    readonly body: string
  }

  /** One with two ways out; `/ppp` has no address. `answer` gives an error code, or nothing when all is well. */
  async function serveUpnp(answer: (call: Call) => number | undefined) {
    const calls: Call[] = []
    const server = createServer(async (incoming, outgoing) => {
      let body = ''
      for await (const piece of incoming) body += piece
      if (incoming.method === 'GET') {
        const service = (name: string) =>
          `<serviceType>${upnp}:service:WAN${name}Connection:1</serviceType><controlURL>/${name}</controlURL>`
        outgoing.end(`<root>${service('IP')}${service('PPP')}</root>`)
        return
      }
      const call = { url: incoming.url!, action: String(incoming.headers.soapaction).split(/[#"]/)[2]!, body }
      calls.push(call)
      const code = answer(call)
      outgoing.statusCode = code === undefined ? 200 : 500
      outgoing.end(
        code === undefined
          ? '<r><NewExternalIPAddress>203.0.113.1</NewExternalIPAddress></r>'
          : `<s:Fault><errorCode>${code}</errorCode><errorDescription>No</errorDescription></s:Fault>`
      )
    })
    open.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const location = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/rootDesc.xml`)
    return { calls, router: await UpnpRouter.at(location, '127.0.0.9', signal) }
  }

  it('maps a port and removes it', async () => {
    const { router, calls } = await serveUpnp(() => undefined)
    expect(await router.map(request, signal)).toEqual({
      externalHost: '203.0.113.1',
      externalPort: 9999,
      internalHost: '127.0.0.9',
      lifetimeS: 1200
    })
    await router.unmap(request, signal)
    expect(calls.map(({ action }) => action)).toEqual(['GetExternalIPAddress', 'AddPortMapping', 'DeletePortMapping'])
    expect(calls[1]!.body).toContain(
      '<NewRemoteHost></NewRemoteHost><NewExternalPort>9999</NewExternalPort><NewProtocol>UDP</NewProtocol>' +
        '<NewInternalPort>9999</NewInternalPort><NewInternalClient>127.0.0.9</NewInternalClient><NewEnabled>1</NewEnabled>' +
        '<NewPortMappingDescription>Streamer</NewPortMappingDescription><NewLeaseDuration>1200</NewLeaseDuration>'
    )
    expect(calls[2]!.body).toContain('<NewExternalPort>9999</NewExternalPort><NewProtocol>UDP</NewProtocol>')
  })

  it('is asked for another port when the one wished for is somebody else’s', async () => {
    const { router } = await serveUpnp(({ body }) => (body.includes('<NewExternalPort>9999<') ? 718 : undefined))
    expect((await router.map(request, signal)).externalPort).toBeGreaterThan(49_151)
  })

  it('that never forgets is asked for that', async () => {
    const { router } = await serveUpnp(({ body }) => (body.includes('<NewLeaseDuration>1200<') ? 725 : undefined))
    expect((await router.map(request, signal)).lifetimeS).toBe(Number.POSITIVE_INFINITY)
  })

  it('is used by the way out that works', async () => {
    const { router, calls } = await serveUpnp(({ url }) => (url === '/IP' ? 501 : undefined))
    await router.map(request, signal)
    await router.unmap(request, signal)
    expect(calls.map(({ url }) => url)).toEqual(['/IP', '/PPP', '/PPP', '/PPP'])
  })

  it('refuses in its own words', async () => {
    const { router } = await serveUpnp(({ action }) => (action === 'AddPortMapping' ? 606 : undefined))
    await expect(router.map(request, signal)).rejects.toThrow('it refused with UPnP error 606 (No)')
  })
})

describe('a device that is no router', () => {
  async function serve(status: number, body: string): Promise<URL> {
    const server = createServer((_, response) => {
      response.statusCode = status
      response.end(body)
    })
    open.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  }

  it('is refused', async () => {
    await expect(UpnpRouter.at(await serve(200, 'hello'), '127.0.0.1', signal)).rejects.toThrow('no service')
    await expect(UpnpRouter.at(await serve(404, ''), '127.0.0.1', signal)).rejects.toThrow('no service')
  })

  it('may say what it likes, but not without end', async () => {
    await expect(UpnpRouter.at(await serve(200, '<a>'.repeat(1e6)), '127.0.0.1', signal)).rejects.toThrow(/more than/)
    await expect(UpnpRouter.at(await serve(200, '<a></b>'.repeat(9000)), '127.0.0.1', signal)).rejects.toThrow()
  })
})
