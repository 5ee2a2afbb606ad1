import { fileURLToPath } from 'node:url'
import { nonceLength, writeHello } from '@streamer/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import type { Host, NodeProgram } from '../support/network/network.js'
import { natNetwork } from '../support/network/topologies.js'
import { Cleanup } from '../support/stand-ins.js'
import { Peer } from './peer.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const port = 9999
const key = 'correct horse battery staple'
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** A home network behind a NAT, and a server with a public address that serves UDP. */
async function served(clientCount: number, options: object = {}) {
  const made = cleanup.add(await natNetwork(clientCount), ({ network }) => network.close())
  const transport = { use: 'udp', host: '0.0.0.0', port, ...options }
  const serving = made.server.spawn([program('streamer-server.mjs'), JSON.stringify(transport)])
  await serving.next('listening')
  const address = made.server.addressFor(made.router)
  const view = (host: Host, more: object = {}) =>
    host.spawn([program('streamer-viewer.mjs'), `udp://${address}:${port}`, JSON.stringify(more)])
  return { ...made, serving, address, view }
}

interface Stats {
  readonly protocol: string
  readonly frames: number
  readonly reconnects: number
}
const frames = (viewer: NodeProgram, more: number) => viewer.ask<Stats>('more', more)
const counters = (serving: NodeProgram) => serving.ask<Record<string, number>>('stats')

/** Lines of the log up to one that has `text`. */
async function says(serving: NodeProgram, text: string): Promise<void> {
  while (!(await serving.next<string>('said')).includes(text));
}

describe('behind a NAT', () => {
  it.each([
    ['without a key', {}, {}],
    ['with a key', { key }, { key }]
  ])('two viewers are served, and do not disturb each other, %s', async (_name, options, more) => {
    const { clients, serving, view } = await served(2, options)
    const [one, other] = [view(clients[0]!, more), view(clients[1]!, more)]
    await Promise.all([frames(one, 20), frames(other, 20)])
    expect(await counters(serving)).toMatchObject({ registrations: 2 })
    await one.stop()
    while ((await counters(serving)).disconnects !== 1);
    expect(await frames(other, 20)).toMatchObject({ protocol: 'udp/2', reconnects: 0 })
    expect(await counters(serving)).toMatchObject({ registrations: 2, disconnects: 1 })
  })

  it('a viewer goes on when the NAT has forgotten it and gives it another port', async () => {
    const { clients, serving, view, nat } = await served(1)
    const viewer = view(clients[0]!)
    for (let turn = 1; turn <= 3; turn++) {
      await frames(viewer, 10)
      await nat.changePorts()
      while ((await counters(serving)).movedClients !== turn);
    }
    expect(await frames(viewer, 20)).toMatchObject({ reconnects: 0 })
    expect(await counters(serving)).toMatchObject({ registrations: 1, movedClients: 3 })
  })

  it('a viewer goes on when the address outside changes in mid-stream', async () => {
    const { clients, serving, view, nat } = await served(1, { key })
    const viewer = view(clients[0]!, { key })
    await frames(viewer, 10)
    await nat.changeAddress('198.51.100.77')
    while ((await counters(serving)).movedClients !== 1);
    expect(await frames(viewer, 20)).toMatchObject({ reconnects: 0 })
    expect(await counters(serving)).toMatchObject({ registrations: 1, movedClients: 1 })
  })
})

describe('at a public address', () => {
  it('version 1 is refused, which the log says, unless it is allowed', async () => {
    // Bound to it: the system lists a new interface only once it has noticed that there is somebody at the other end.
    const { clients, serving, address, view } = await served(1, { host: '203.0.113.10' })
    const old = await Peer.start(clients[0]!)
    await says(serving, 'this machine has a public address, and there is no key')
    await old.send(address, port, 'REGISTER_CLIENT')
    await says(serving, 'refused a client of version 1 at a public address')
    await frames(view(clients[0]!), 1)
    expect(await old.received()).toBe(0)
    expect(await counters(serving)).toMatchObject({ refusedLegacy: 1, registrations: 1 })
    await says(serving, 'served without a key')
  })

  it('version 1 is served where it is allowed', async () => {
    const { clients, address } = await served(1, { legacy: 'allow' })
    const old = await Peer.start(clients[0]!)
    await old.send(address, port, 'REGISTER_CLIENT')
    expect((await old.next()).text).toBe('REGISTERED')
  })

  it('who sends registrations gets at most three times their bytes, and no stream', async () => {
    const { router, serving, address, server } = await served(1, { registrationsPerSecond: 10_000 })
    const attacker = await Peer.start(router)
    const hello = (token: Uint8Array) =>
      writeHello({
        clientNonce: Buffer.alloc(nonceLength, 7),
        clientTimeUs: 0,
        maxDatagram: 1452,
        delayMs: 0,
        stream: '',
        keyName: '',
        token
      }).toString('latin1')
    const before = await router.traffic(server)
    for (let round = 0; round < 20; round++) {
      await attacker.send(
        address,
        port,
        ...Array.from({ length: 50 }, () => hello(Buffer.alloc(round % 2 ? 24 : 0, round)))
      )
      while ((await attacker.received()) < (round + 1) * 50);
    }
    const { sent, received } = await router.traffic(server)
    expect(sent.packets - before.sent.packets).toBe(1000)
    expect((received.bytes - before.received.bytes) / (sent.bytes - before.sent.bytes)).toBeLessThan(3)
    expect(await counters(serving)).toMatchObject({ registrations: 0, framesSent: 0 })
  })

  it('nobody gets a picture without the key, and those who have it do not notice who tries', async () => {
    const { clients, serving, address, view, router, server } = await served(1, { key, registrationsPerSecond: 10_000 })
    const viewer = view(clients[0]!, { key })
    await frames(viewer, 10)
    const stranger = view(router, { key: 'another key of that length', reconnect: true })
    await says(serving, 'refused a client without the right key')
    const attacker = await Peer.start(router)
    for (let round = 0; round < 50; round++) {
      const texts = Array.from({ length: 20 }, (_, index) =>
        String.fromCharCode(0xd5, 0x22, 40, 0).padEnd(40, `${round}${index}`)
      )
      await attacker.send(address, port, ...texts)
    }
    expect(await frames(viewer, 30)).toMatchObject({ reconnects: 0 })
    expect(await counters(serving)).toMatchObject({ registrations: 1 })
    await stranger.stop()
    expect((await router.traffic(server)).sent.packets).toBeGreaterThan(1000)
  })
})
