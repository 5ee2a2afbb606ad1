import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { TestNetwork } from '../support/network/network.js'
import { directNetwork, natNetwork, routedNetwork } from '../support/network/topologies.js'
import { Cleanup } from '../support/stand-ins.js'
import { Peer } from './peer.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** What of it is left is removed after the test. */
async function kept<T extends { network: TestNetwork }>(made: Promise<T>): Promise<T> {
  return cleanup.add(await made, ({ network }) => network.close())
}

const dist = fileURLToPath(new URL('../support/network/dist/', import.meta.url))
const namespaces = () => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })

/** Sends datagrams in portions that the receiver's buffer can hold, and waits for each until `gone` tells of all that did not arrive. */
async function sendAll(
  from: Peer,
  to: Peer,
  address: string,
  count: number,
  gone: () => Promise<number>,
  text = 'datagram'
) {
  const portion = 200
  for (let sent = 0; sent < count; ) {
    await from.send(address, to.port, ...Array.from({ length: portion }, () => text))
    sent += portion
    while ((await to.received()) + (await gone()) < sent);
  }
}

describe('a network', () => {
  it('carries datagrams from one host to the other, and nothing out of it', async () => {
    const { client, server } = await kept(directNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server, 9999)]
    await some.send(server.addressFor(client), 9999, 'hello')
    expect(await other.next()).toEqual({ text: 'hello', address: '192.168.1.2', port: some.port })
    await expect(some.send('192.0.2.1', 9999, 'out')).rejects.toThrow('ENETUNREACH')
  })

  it('leads through a router', async () => {
    const { client, server } = await kept(routedNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server, 9999)]
    await some.send('192.168.2.10', 9999, 'hello')
    expect(await other.next()).toMatchObject({ address: '192.168.1.2', port: some.port })
    await other.send('192.168.1.2', some.port, 'welcome')
    expect(await some.next()).toEqual({ text: 'welcome', address: '192.168.2.10', port: 9999 })
  })

  it('counts the traffic of a link', async () => {
    const { client, server } = await kept(directNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server)]
    await some.send('192.168.1.10', other.port, ...Array.from({ length: 100 }, () => 'x'.repeat(72)))
    for (let n = 0; n < 100; n++) await other.next()
    const nothing = { packets: 0, bytes: 0 }
    const hundred = { packets: 100, bytes: 100 * (20 + 8 + 72) }
    expect(await server.traffic(client)).toEqual({ received: hundred, sent: nothing })
    expect(await client.traffic(server)).toEqual({ received: nothing, sent: hundred })
  })

  it('ends its programs and leaves nothing', async () => {
    const { network, client } = await directNetwork()
    const { program } = await Peer.start(client)
    const unanswered = program.next('anything')
    unanswered.catch(() => {})
    await network.close()
    await network.close()
    await expect(unanswered).rejects.toThrow('ended with SIGTERM and never said "anything"')
    expect(existsSync(`/proc/${program.pid}`)).toBe(false)
    expect(namespaces()).not.toContain(client.namespace)
  })

  /** A process that makes a host, starts a program there and goes on with `then`. */
  async function abandon(then: string) {
    const script = `import { TestNetwork } from '${dist}network.js'
      const host = await (await TestNetwork.create()).host('left')
      const { pid } = host.spawn(['-e', 'setInterval(() => {}, 1000)'])
      console.log(host.namespace, pid)
      ${then}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const ended = once(child, 'exit')
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const [namespace, pid] = line.trim().split(' ')
    return { child, ended, namespace, pid: Number(pid) }
  }

  it('is removed when its process exits without closing it', async () => {
    const { ended, namespace, pid } = await abandon('process.exit(1)')
    await ended
    expect(namespaces()).not.toContain(namespace)
    await untilEnded(pid)
  })

  it('is removed by the next one when its process was killed', async () => {
    const { child, ended, namespace, pid } = await abandon('setInterval(() => {}, 1000)')
    child.kill('SIGKILL')
    await ended
    await untilEnded(pid)
    await (await TestNetwork.create()).close()
    expect(namespaces()).not.toContain(namespace)
  })

  it('tells what a command said that failed, and what to install for one that is missing', async () => {
    const { client } = await kept(directNetwork())
    await expect(client.run(['nft', '-f', '-'], 'nonsense')).rejects.toThrow('syntax error')
    await expect(client.run(['no-such-program'])).rejects.toThrow('no-such-program')
    await expect(client.spawn(['no-such-file.mjs']).next('listening')).rejects.toThrow('Cannot find module')
  })

  it('refuses names and percentages that cannot be', async () => {
    const { network, client } = await kept(directNetwork())
    await expect(network.host('client')).rejects.toThrow('already')
    await expect(network.host('a name that is too long')).rejects.toThrow(RangeError)
    await expect(network.host('lo')).rejects.toThrow(RangeError)
    await expect(client.lose(101)).rejects.toThrow(RangeError)
    expect(() => client.interfaceTo(client)).toThrow('no link')
  })
})

/** The kernel ends the programs of a process that was killed; when it gets round to that is its own affair. */
async function untilEnded(pid: number): Promise<void> {
  const stat = () => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone Z')
  // One that has ended but that nobody asked for is a zombie.
  while (!/ [ZX]\b/.test(await stat())) await new Promise((resolve) => setImmediate(resolve))
}

describe('loss', () => {
  it('of 10 % is one datagram in ten', async () => {
    const { client, server } = await kept(directNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server)]
    const loss = await server.lose(10, { from: client })
    const count = 20_000
    await sendAll(some, other, '192.168.1.10', count, async () => (await loss.counts()).lost)
    const { lost, passed } = await loss.counts()
    expect(passed).toBe(await other.received())
    expect(lost + passed).toBe(count)
    // Binomial: 2000 with a standard deviation of 42.4; 7 of them are exceeded once in 4e11 runs.
    expect(Math.abs(lost - 2000)).toBeLessThanOrEqual(297)
  })

  it('on a router concerns the direction that is asked for, until it is stopped', async () => {
    const { client, router, server } = await kept(routedNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server)]
    const loss = await router.lose(100, { from: server })
    await some.send('192.168.2.10', other.port, 'to the server')
    expect((await other.next()).text).toBe('to the server')
    await other.send('192.168.1.2', some.port, 'lost')
    while ((await loss.counts()).lost < 1);
    await loss.stop()
    await other.send('192.168.1.2', some.port, 'to the client')
    expect((await some.next()).text).toBe('to the client')
  })

  it('without a direction concerns both, and a later one replaces it', async () => {
    const { client, router, server } = await kept(routedNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server)]
    const loss = await router.lose(100)
    await some.send('192.168.2.10', other.port, 'lost')
    await other.send('192.168.1.2', some.port, 'lost')
    while ((await loss.counts()).lost < 2);
    await router.lose(0)
    await some.send('192.168.2.10', other.port, 'to the server')
    expect((await other.next()).text).toBe('to the server')
  })
})

describe('a limited rate', () => {
  it('lets no more through than its rate and its queue, and drops the rest', async () => {
    const { client, router, server } = await kept(routedNetwork())
    const [some, other] = [await Peer.start(client), await Peer.start(server)]
    const rateBps = 200_000
    const limit = await router.limit(client, { rateBps, queueMs: 200 })
    const beginMs = performance.now()
    const held = async () => {
      const { dropped, queued } = await limit.counts()
      return dropped + queued
    }
    // Each portion would take ten seconds at this rate.
    const count = 1000
    await sendAll(other, some, '192.168.1.2', count, held, 'x'.repeat(1200))
    while ((await limit.counts()).queued > 0);
    while ((await some.received()) + (await held()) < count);
    const seconds = (performance.now() - beginMs) / 1000
    const { dropped, bytes } = await limit.counts()
    expect(dropped).toBeGreaterThan(0)
    // However slow the machine: more time lets more through, and is counted.
    expect(bytes).toBeLessThanOrEqual((rateBps / 8) * seconds + limit.burstBytes)
    expect(await some.received()).toBe(count - dropped)
    await limit.stop()
  })
})

describe('a NAT', () => {
  it('hides the address of its clients, each behind a port of its own', async () => {
    const { clients, nat, server } = await kept(natNetwork(2))
    const peers = await Promise.all(clients.map((client) => Peer.start(client, 5000)))
    const other = await Peer.start(server, 9999)
    const ports = new Set<number>()
    for (const [index, peer] of peers.entries()) {
      await peer.send('203.0.113.10', 9999, `from ${index}`)
      const seen = await other.next()
      expect(seen).toMatchObject({ text: `from ${index}`, address: '198.51.100.1' })
      ports.add(seen.port)
      await other.send(seen.address, seen.port, `to ${index}`)
      expect(await peer.next()).toEqual({ text: `to ${index}`, address: '203.0.113.10', port: 9999 })
      expect(await nat.mappings()).toContainEqual({
        inside: `192.168.1.${index + 2}:5000`,
        outside: `198.51.100.1:${seen.port}`,
        remote: '203.0.113.10:9999'
      })
    }
    expect(ports.size).toBe(2)
    // Nothing leads into the home network but answers.
    await expect(other.send('192.168.1.2', 5000, 'hello')).rejects.toThrow('ENETUNREACH')
  })

  it('gives a flow another port in the middle of it', async () => {
    const { clients, nat, server } = await kept(natNetwork())
    const [peer, other] = [await Peer.start(clients[0]!), await Peer.start(server, 9999)]
    const seen: number[] = []
    for (let n = 0; n < 3; n++) {
      await peer.send('203.0.113.10', 9999, 'hello')
      const { address, port } = await other.next()
      expect(address).toBe('198.51.100.1')
      seen.push(port)
      await nat.changePorts()
      expect(await nat.mappings()).toEqual([])
      // The old port leads nowhere any more.
      await other.send(address, port, 'too late')
    }
    expect(new Set(seen).size).toBe(3)
    await peer.send('203.0.113.10', 9999, 'hello')
    const { address, port } = await other.next()
    await other.send(address, port, 'in time')
    expect((await peer.next()).text).toBe('in time')
  })

  it('gets another address in the middle of a flow', async () => {
    const { clients, nat, server } = await kept(natNetwork())
    const [peer, other] = [await Peer.start(clients[0]!), await Peer.start(server, 9999)]
    await peer.send('203.0.113.10', 9999, 'before')
    expect((await other.next()).address).toBe('198.51.100.1')
    await nat.changeAddress('198.51.100.77')
    await peer.send('203.0.113.10', 9999, 'after')
    const { address, port } = await other.next()
    expect(address).toBe('198.51.100.77')
    expect(nat.address).toBe('198.51.100.77')
    await other.send(address, port, 'welcome')
    expect((await peer.next()).text).toBe('welcome')
  })

  it('forgets a silent flow when its time is over', async () => {
    const { clients, nat, server } = await kept(natNetwork())
    const [peer, other] = [await Peer.start(clients[0]!), await Peer.start(server, 9999)]
    await nat.setTimeouts(1)
    await peer.send('203.0.113.10', 9999, 'before')
    const before = await other.next()
    while ((await nat.mappings()).length > 0);
    await other.send(before.address, before.port, 'too late')
    await peer.send('203.0.113.10', 9999, 'after')
    const { address, port } = await other.next()
    await other.send(address, port, 'in time')
    expect((await peer.next()).text).toBe('in time')
  })
})
