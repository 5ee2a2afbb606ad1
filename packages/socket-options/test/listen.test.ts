import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { hasIpv6 } from '../../../test/support/stand-ins.js'
import { listenTcp, notSentBytes, openTcpSocket } from '../src/index.js'

const open: Array<Server | Socket> = []
afterEach(() => {
  for (const thing of open.splice(0).reverse()) {
    if ('destroy' in thing) thing.destroy()
    else thing.close()
  }
})

/** How a machine without koffi, or of another system, has it. */
const openNothing = () => undefined

async function serve(host: string, openSocket: typeof openTcpSocket = openTcpSocket) {
  const server = createServer()
  open.push(server)
  const result = await listenTcp(server, host, 0, openSocket)
  return { server, port: (server.address() as AddressInfo).port, ...result }
}

/** Bytes that leave our process for a client that never reads, until no more do. */
async function takenOfStalledReader(openSocket?: typeof openTcpSocket): Promise<number> {
  const { server, port } = await serve('127.0.0.1', openSocket)
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect(port, '127.0.0.1')
  client.pause()
  open.push(client)
  const [socket] = await accepted
  open.push(socket)
  const frame = Buffer.alloc(50_000)
  let taken = 0
  for (;;) {
    const written = new Promise<void>((resolve) => socket.write(frame, () => resolve()))
    // On loopback what the kernel can take it takes within the call, or right after: ten turns of the loop without it are a stall.
    let isTaken = false
    void written.then(() => {
      isTaken = true
    })
    for (let turn = 0; turn < 10 && !isTaken; turn++) await new Promise((resolve) => setTimeout(resolve, 20))
    if (!isTaken) return taken
    taken += frame.length
  }
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it('the kernel takes a fraction of what it would take for a reader that stalls', async () => {
    const bounded = await takenOfStalledReader()
    const unbounded = await takenOfStalledReader(openNothing)
    expect(unbounded).toBeGreaterThan(1_000_000)
    expect(bounded).toBeLessThan(unbounded / 3)
  })

  it('says so', async () => {
    expect((await serve('127.0.0.1')).bounded).toBe(true)
  })
})

describe.each([
  ['with the option', openTcpSocket],
  ['without it', openNothing]
] as const)('a server %s', (_, openSocket) => {
  it.for([
    ['127.0.0.1', ['127.0.0.1']],
    ['::1', ['::1']],
    ['::', ['127.0.0.1', '::1']]
  ] as const)('listens on %s', async ([host, reachable], { skip }) => {
    skip(!hasIpv6 && host !== '127.0.0.1', 'this machine has no IPv6')
    const { server, port } = await serve(host, openSocket)
    server.on('connection', (socket) => socket.end('hello'))
    for (const address of reachable) {
      const client = connect(port, address)
      open.push(client)
      const [data] = (await once(client, 'data')) as [Buffer]
      expect(data.toString()).toBe('hello')
    }
    expect((server.address() as AddressInfo).address).toBe(host)
  })

  it('has the code of the system when it cannot listen', async () => {
    const { port } = await serve('127.0.0.1', openSocket)
    await expect(listenTcp(createServer(), '127.0.0.1', port, openSocket)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(listenTcp(createServer(), '203.0.113.1', 0, openSocket)).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL'
    })
  })

  it('frees its port when it is closed', async () => {
    const { server, port } = await serve('127.0.0.1', openSocket)
    server.close()
    await once(server, 'close')
    const again = createServer()
    open.push(again)
    await listenTcp(again, '127.0.0.1', port, openSocket)
  })
})

it('an address that is none, or has a zone, is left to Node', () => {
  expect(openTcpSocket('localhost', 0, notSentBytes)).toBeUndefined()
  expect(openTcpSocket('fe80::1%lo', 0, notSentBytes)).toBeUndefined()
})
