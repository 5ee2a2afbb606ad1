import { runCommand } from './command.js'
import { dropDatagrams, type Loss } from './loss.js'
import { Nat } from './nat.js'
import { NodeProgram } from './program.js'
import { limitRate, type RateLimit, type RateOptions } from './rate.js'

/** One end of a link. */
export interface Interface {
  /** The host at the other end. */
  readonly neighbour: Host
  /** Its name, which is that of the neighbour. */
  readonly name: string
  /** IPv4 address of this end. */
  address: string
}

/** Datagrams and bytes that an interface has carried; bytes with their IP headers, without those of Ethernet. */
export interface Traffic {
  readonly packets: number
  readonly bytes: number
}

/** An Ethernet header, which the kernel counts in and IP does not know of. */
const ethernetHeaderLength = 14

/** A machine of a test: a network namespace, in which programs can be run. Made by `TestNetwork.host`. */
export class Host {
  readonly name: string
  /** As `ip netns` knows it. */
  readonly namespace: string
  readonly #interfaces: Interface[] = []
  readonly #programs: NodeProgram[] = []

  /** @internal */
  constructor(name: string, namespace: string) {
    this.name = name
    this.namespace = namespace
  }

  /**
   * Runs a program in it to its end.
   * @param command the program and its arguments. @param input what it reads.
   * @returns what it printed. @throws Error with what it said, when it does not end well.
   */
  run(command: readonly string[], input?: string): Promise<string> {
    return runCommand(['ip', 'netns', 'exec', this.namespace, ...command], input)
  }

  /** Starts a Node program in it, which is ended with the network at the latest. @param args its path and arguments, or options of Node's. */
  spawn(args: readonly string[]): NodeProgram {
    const program = new NodeProgram(['ip', 'netns', 'exec', this.namespace], args)
    this.#programs.push(program)
    return program
  }

  /** Ends all programs that were started in it. */
  async stopPrograms(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()))
  }

  /** @internal */
  addInterface(end: Interface): void {
    this.#interfaces.push(end)
  }

  /** Its end of the link with `neighbour`. @throws Error when there is none. */
  interfaceTo(neighbour: Host): Interface {
    const found = this.#interfaces.find((end) => end.neighbour === neighbour)
    if (!found) throw new Error(`there is no link between ${this.name} and ${neighbour.name}`)
    return found
  }

  /** The address under which `neighbour` sees it. */
  addressFor(neighbour: Host): string {
    return this.interfaceTo(neighbour).address
  }

  /** Writes a kernel setting of its network. @param name below `net.`, as sysctl has it: `ipv4.ip_forward`. */
  async set(name: string, value: number): Promise<void> {
    const path = `/proc/sys/net/${name.replaceAll('.', '/')}`
    await this.run(['sh', '-c', 'printf %s "$1" > "$2"', 'sh', String(value), path])
  }

  /** What it has no link to is reached through `router`, which from now on forwards. */
  async routeThrough(router: Host): Promise<void> {
    await router.forward()
    const { name } = this.interfaceTo(router)
    await this.run(['ip', 'route', 'replace', 'default', 'via', router.addressFor(this), 'dev', name])
  }

  /** From now on it passes on what is not for itself. */
  async forward(): Promise<void> {
    await this.set('ipv4.ip_forward', 1)
  }

  /**
   * Drops some of the UDP datagrams that it receives or forwards, each by a throw of the kernel's dice, which cannot be seeded. Replaces an earlier loss of
   * the same direction.
   * @param percent 0 to 100, in steps of 0.01. @param direction `from`: only those that come over the link with this neighbour. Default: those of all.
   * @throws RangeError for another percentage.
   */
  lose(percent: number, direction: { readonly from?: Host } = {}): Promise<Loss> {
    return dropDatagrams(this, percent, direction.from && this.interfaceTo(direction.from).name)
  }

  /**
   * Makes its link to `neighbour` a bottleneck, in that direction alone: a token bucket with a queue, which drops what finds it full. Replaces an earlier
   * limit. Best set on a router: a program that sends over a limited link of its own host is held up by its socket's send buffer too.
   */
  limit(neighbour: Host, options: RateOptions): Promise<RateLimit> {
    return limitRate(this, this.interfaceTo(neighbour), options)
  }

  /**
   * Makes it a router with network address translation (NAT): what it forwards to `outside` has its own address there and a port of its choice, and only
   * answers come back in.
   */
  masquerade(outside: Host): Promise<Nat> {
    return Nat.create(this, outside)
  }

  /** What it has received from and sent to `neighbour`, as the kernel counted it at its interface, before any loss and after any limit of its own. */
  async traffic(neighbour: Host): Promise<{ readonly received: Traffic; readonly sent: Traffic }> {
    const { name } = this.interfaceTo(neighbour)
    const [link] = JSON.parse(await this.run(['ip', '-s', '-j', 'link', 'show', 'dev', name])) as [
      { stats64: { rx: Traffic; tx: Traffic } }
    ]
    const ofIp = ({ packets, bytes }: Traffic) => ({ packets, bytes: bytes - packets * ethernetHeaderLength })
    return { received: ofIp(link.stats64.rx), sent: ofIp(link.stats64.tx) }
  }
}
