import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { runCommand } from './command.js'
import { Host } from './host.js'

export { Host, type Interface, type Traffic } from './host.js'
export type { Loss, LossCounts } from './loss.js'
export type { Mapping, Nat } from './nat.js'
export type { NodeProgram } from './program.js'
export type { RateCounts, RateLimit, RateOptions } from './rate.js'

/** How two hosts are linked. */
export interface LinkOptions {
  /** IPv4 addresses of the first and the second host, in any networks: each is told of the other's. */
  readonly addresses: readonly [string, string]
  /** Longest IP packet in bytes. Default 1500. */
  readonly mtu?: number
}

/** `streamer-`, whose it is, which network of that process, and the name of the host. */
const namespacePattern = /^streamer-(\d+)-\d+-/

/**
 * Of both ends of every link. Without ARP the kernel sends to the address of its own interface, and so reaches the other end: no datagram has to wait, or is
 * dropped, until an address is resolved, and none is counted that is not the test's.
 */
const hardwareAddress = '02:00:00:00:00:01'

/** Those that this process has made and not yet removed. */
const namespaces = new Set<string>()
let networks = 0

/**
 * Hosts and links that the kernel makes: network namespaces with pairs of virtual Ethernet devices between them. Nothing of the machine's own network is
 * touched or can be reached from within. Needs root, and Debian's `iproute2`, `nftables` and `conntrack`.
 *
 * ```ts
 * await using network = await TestNetwork.create()
 * const client = await network.host('client')
 * const server = await network.host('server')
 * await network.link(client, server, { addresses: ['192.168.1.2', '192.168.1.3'] })
 * await server.lose(5, { from: client })
 * const program = client.spawn(['client.mjs', server.addressFor(client)])
 * ```
 */
export class TestNetwork implements AsyncDisposable {
  readonly #prefix = `streamer-${process.pid}-${++networks}-`
  readonly #hosts = new Map<string, Host>()
  #closing: Promise<void> | undefined

  private constructor() {}

  /** An empty network. Namespaces of processes that ended without removing them are removed. @throws Error when this is not root. */
  static async create(): Promise<TestNetwork> {
    if (process.getuid?.() !== 0) throw new Error('network namespaces can be made by root only')
    await removeAbandoned()
    return new TestNetwork()
  }

  /**
   * Adds a host, with a loopback interface and IPv4 alone.
   * @param name letters, digits and hyphens, 15 at most, for its neighbours' interfaces are called so. @throws RangeError for another one, or one taken.
   */
  async host(name: string): Promise<Host> {
    if (!/^[a-z][a-z0-9-]{0,14}$/.test(name) || name === 'lo') throw new RangeError(`no host can be called "${name}"`)
    if (this.#hosts.has(name)) throw new RangeError(`there is a host "${name}" already`)
    const host = new Host(name, this.#prefix + name)
    this.#hosts.set(name, host)
    namespaces.add(host.namespace)
    await runCommand(['ip', 'netns', 'add', host.namespace])
    // Its announcements would be counted with the traffic of the test.
    await host.set('ipv6.conf.all.disable_ipv6', 1)
    await host.set('ipv6.conf.default.disable_ipv6', 1)
    await host.run(['ip', 'link', 'set', 'lo', 'up'])
    return host
  }

  /** Links two hosts: each has an interface with the name of the other, and a route to its address. */
  async link(a: Host, b: Host, { addresses, mtu = 1500 }: LinkOptions): Promise<void> {
    const [addressOfA, addressOfB] = addresses
    // What is handed over as one burst (UDP_SEGMENT, TSO) goes on the way as the packets it is made of, as a network card would do it: each is counted and may be lost.
    const device = ['address', hardwareAddress, 'mtu', String(mtu), 'gso_max_segs', '1']
    const ends = ['type', 'veth', 'peer', 'name', a.name, ...device, 'netns', b.namespace]
    await runCommand(['ip', 'link', 'add', b.name, ...device, 'netns', a.namespace, ...ends])
    for (const [host, neighbour, address, peer] of [
      [a, b, addressOfA, addressOfB],
      [b, a, addressOfB, addressOfA]
    ] as const) {
      await host.run(['ip', 'addr', 'add', address, 'peer', peer, 'dev', neighbour.name])
      await host.run(['ip', 'link', 'set', neighbour.name, 'arp', 'off', 'up'])
      host.addInterface({ neighbour, name: neighbour.name, address })
    }
  }

  /** Ends all programs and removes all hosts, also those that were made in part. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const hosts = [...this.#hosts.values()]
    await Promise.all(hosts.map((host) => host.stopPrograms()))
    const results = await Promise.allSettled(hosts.map(({ namespace }) => remove(namespace)))
    const failure = results.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
  }
}

async function remove(namespace: string): Promise<void> {
  if (existsSync(`/run/netns/${namespace}`)) await runCommand(['ip', 'netns', 'del', namespace])
  namespaces.delete(namespace)
}

async function removeAbandoned(): Promise<void> {
  const listed = await runCommand(['ip', 'netns', 'list'])
  for (const [name = ''] of listed.split('\n').map((line) => line.split(' '))) {
    const owner = namespacePattern.exec(name)?.[1]
    // Another process may be at it too.
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) await remove(name).catch(() => {})
  }
}

process.once('exit', () => {
  for (const namespace of namespaces) {
    try {
      execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' })
    } catch {
      // It was never made, or is gone.
    }
  }
})
