import type { Host, Interface } from './host.js'

/** One entry of a NAT's table of UDP flows. Addresses with ports: `192.168.1.2:40000`. */
export interface Mapping {
  /** What the client has. */
  readonly inside: string
  /** What the server sees of it. */
  readonly outside: string
  /** Whom the client sends to. */
  readonly remote: string
}

/** Ports of one range; a change of ports moves on to the next, so that no flow gets the port that it had. */
const rangeLength = 1000
const firstPort = 20_000
const ranges = 40

/** Network address translation by a router. Made by `Host.masquerade`. */
export class Nat {
  readonly #router: Host
  readonly #outside: Host
  readonly #end: Interface
  #range = 0

  private constructor(router: Host, outside: Host) {
    this.#router = router
    this.#outside = outside
    this.#end = router.interfaceTo(outside)
  }

  /** @internal */
  static async create(router: Host, outside: Host): Promise<Nat> {
    const nat = new Nat(router, outside)
    await router.forward()
    await nat.#writeRules()
    return nat
  }

  /** The address that everything behind it has for the world. */
  get address(): string {
    return this.#end.address
  }

  /** The UDP flows that it knows now. */
  async mappings(): Promise<readonly Mapping[]> {
    const listed = await this.#router.run(['conntrack', '-L', '-p', 'udp'])
    const pattern = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+).* src=\S+ dst=(\S+) sport=\d+ dport=(\d+)/g
    return Array.from(listed.matchAll(pattern), ([, source, remote, port, remotePort, mapped, mappedPort]) => ({
      inside: `${source}:${port}`,
      outside: `${mapped}:${mappedPort}`,
      remote: `${remote}:${remotePort}`
    }))
  }

  /**
   * Forgets every flow, as a router does that was restarted or whose table is full: what comes from outside is dropped until the client sends again.
   * That may then have the same port as before, or another.
   */
  async forget(): Promise<void> {
    await this.#router.run(['conntrack', '-F'])
  }

  /** Forgets every flow; each gets another port, for certain, with the next datagram from inside. */
  async changePorts(): Promise<void> {
    this.#range = (this.#range + 1) % ranges
    await this.#writeRules()
    await this.forget()
  }

  /** Gives the router another public address, as a provider does that reconnects a customer, and forgets every flow. @param address IPv4. */
  async changeAddress(address: string): Promise<void> {
    const { name } = this.#end
    const theirs = this.#outside.interfaceTo(this.#router)
    await this.#router.run(['ip', 'addr', 'del', this.#end.address, 'peer', theirs.address, 'dev', name])
    await this.#router.run(['ip', 'addr', 'add', address, 'peer', theirs.address, 'dev', name])
    await this.#outside.run(['ip', 'route', 'replace', address, 'dev', theirs.name, 'src', theirs.address])
    this.#end.address = address
    await this.forget()
  }

  /**
   * How long it remembers a silent flow. Linux: 30 and 120 seconds. Holds for flows from their next datagram on.
   * @param seconds before any answer came. @param answeredSeconds once there was one, and the flow is two seconds old.
   */
  async setTimeouts(seconds: number, answeredSeconds = seconds): Promise<void> {
    await this.#router.set('netfilter.nf_conntrack_udp_timeout', seconds)
    await this.#router.set('netfilter.nf_conntrack_udp_timeout_stream', answeredSeconds)
  }

  async #writeRules(): Promise<void> {
    const { name } = this.#end
    const begin = firstPort + this.#range * rangeLength
    await this.#router.run(
      ['nft', '-f', '-'],
      `add table ip nat
delete table ip nat
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${name}" meta l4proto { tcp, udp } masquerade to :${begin}-${begin + rangeLength - 1}
    oifname "${name}" masquerade
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "${name}" ct state new,invalid drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${name}" ct state new,invalid drop
  }
}
`
    )
  }
}
