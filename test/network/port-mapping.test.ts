import { execFile, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { StunClient } from '../../packages/port-mapping/src/index.js'
import { type Host, TestNetwork } from '../support/network/network.js'
import type { NodeProgram } from '../support/network/program.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const programPath = fileURLToPath(new URL('port-mapping-program.mjs', import.meta.url))

const routerInside = '192.168.1.1'
const routerOutside = '203.0.113.1'
const serverOutside = '203.0.113.9'
/** miniupnpd works for no router that has an address for documentation outside, unless it is told another one; nothing is ever sent there. */
const announcedAddress = '11.22.33.44'

/** What a home router does: answers come in, and what its miniupnpd lets in. */
const rules = `
table inet home {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "inside" accept
    jump let_in
  }
  chain let_in { }
  chain prerouting { type nat hook prerouting priority -100; jump to_inside; }
  chain postrouting { type nat hook postrouting priority 100; jump from_inside; oifname "outside" masquerade; }
  chain to_inside { }
  chain from_inside { }
}`

const miniupnpdOptions = `
ext_ifname=outside
ext_ip=${announcedAddress}
listening_ip=inside
http_port=0
enable_upnp=yes
enable_natpmp=yes
secure_mode=yes
upnp_table_name=home
upnp_nat_table_name=home
upnp_forward_chain=let_in
upnp_nat_chain=to_inside
upnp_nat_postrouting_chain=from_inside
uuid=ae35298b-fa11-42d4-8e95-d00849f42d43
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`

interface Mapped {
  readonly method?: string
  readonly externalHost?: string
  readonly externalPort?: number
  readonly error?: string
  readonly code?: string
}

/** A program that is not Node's, ended with the thread that started it. */
class Daemon {
  readonly #child
  readonly #ended: Promise<unknown>
  #said = ''

  /** @param ready what it says when it can be asked. */
  static async start(command: readonly string[], ready: RegExp): Promise<Daemon> {
    const daemon = new Daemon(command)
    await daemon.#says(ready)
    return daemon
  }

  private constructor(command: readonly string[]) {
    const [program = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', ...command]
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close')
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text
        this.#child.emit('said')
      })
    }
  }

  async #says(ready: RegExp): Promise<void> {
    while (!ready.test(this.#said)) {
      await Promise.race([once(this.#child, 'said'), this.#ended])
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}: ${this.#said}`)
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

async function inHost(host: Host, command: readonly string[], ready: RegExp): Promise<Daemon> {
  return Daemon.start(['ip', 'netns', 'exec', host.namespace, ...command], ready)
}

function turnserver(address: string, port: number, folder: string): readonly string[] {
  return [
    ...['turnserver', '-v', '-n', '--stun-only', '--no-cli', '--no-tls', '--no-dtls', '--no-tcp', '--simple-log'],
    ...['--log-file', 'stdout', '-L', address, '-p', String(port), '--pidfile', join(folder, 'turnserver')],
    // It looks through them all before it begins.
    ...['--min-port', '50000', '--max-port', '50001']
  ]
}

const turnserverReady = /listener opened on/

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-port-mapping-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a machine behind a home router', () => {
  let network: TestNetwork
  let client: Host
  let router: Host
  let outside: Host
  let miniupnpd: Daemon | undefined
  let program: NodeProgram

  beforeAll(async () => {
    // The program in the namespace is plain Node and has no sources of ours.
    await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'packages/port-mapping'], {
      cwd: root
    })
    network = await TestNetwork.create()
    ;[client, router, outside] = [
      await network.host('client'),
      await network.host('router'),
      await network.host('server')
    ]
    // miniupnpd asks for networks, where the links of the test network have two addresses alone.
    await client.run(['ip', 'link', 'add', 'home', 'type', 'veth', 'peer', 'name', 'inside', 'netns', router.namespace])
    await router.run([
      'ip',
      'link',
      'add',
      'outside',
      'type',
      'veth',
      'peer',
      'name',
      'world',
      'netns',
      outside.namespace
    ])
    for (const [host, device, address] of [
      [client, 'home', '192.168.1.2'],
      [router, 'inside', routerInside],
      [router, 'outside', routerOutside],
      [outside, 'world', serverOutside]
    ] as const) {
      await host.run(['ip', 'addr', 'add', `${address}/24`, 'dev', device])
      await host.run(['ip', 'link', 'set', device, 'up'])
    }
    await client.run(['ip', 'route', 'add', 'default', 'via', routerInside])
    await router.forward()
    await router.run(['nft', '-f', '-'], rules)
    program = client.spawn([programPath])
  })

  afterAll(async () => {
    await miniupnpd?.stop()
    await network?.close()
  })

  async function startMiniupnpd(option = ''): Promise<void> {
    await writeFile(join(folder, 'miniupnpd.conf'), miniupnpdOptions + option)
    const options = ['-d', '-f', join(folder, 'miniupnpd.conf'), '-P', join(folder, 'pid')]
    miniupnpd = await inHost(router, ['miniupnpd', ...options], /Listening for NAT-PMP/)
  }

  async function stopMiniupnpd(): Promise<void> {
    await miniupnpd?.stop()
    miniupnpd = undefined
    for (const chain of ['let_in', 'to_inside', 'from_inside']) {
      await router.run(['nft', 'flush', 'chain', 'inet', 'home', chain])
    }
  }

  /** Sends a datagram, from a port of its own each time: answers to an earlier one would be let in anyhow. */
  async function send(from: Host, text: string, port: number, address: string): Promise<void> {
    const script = `const socket = require('dgram').createSocket('udp4')
      socket.send(${JSON.stringify(text)}, ${port}, '${address}', () => socket.close())`
    await from.run([process.execPath, '-e', script])
  }

  /** What the program gets of a datagram from outside. One from the router follows it, over the same last cable, and shows when it did not come. */
  async function receivedFromOutside(port: number, own: number): Promise<string> {
    await send(outside, 'from outside', port, routerOutside)
    await send(router, 'from the router', own, '192.168.1.2')
    const first = await program.next<string>('received')
    if (first === 'from outside') expect(await program.next('received')).toBe('from the router')
    return first
  }

  /** Resolves when nothing is open but the program's own socket: what was closed is gone a little later on a busy machine. */
  async function onlyItsOwnSocket(): Promise<void> {
    while (JSON.stringify(await program.ask('resources')) !== '["UDPWrap"]');
  }

  describe.each<readonly [string, string, string?]>([
    ['PCP', 'pcp'],
    ['NAT-PMP', 'nat-pmp'],
    ['UPnP with a router of version 2', 'upnp'],
    ['UPnP with a router of version 1', 'upnp', 'force_igd_desc_v1=yes']
  ])('by %s', (_, method, option) => {
    beforeAll(() => startMiniupnpd(option))
    afterAll(stopMiniupnpd)

    it('is reached from outside while its port is mapped, and not before or after', async () => {
      const own = await program.ask<number>('ownPort')
      expect(await receivedFromOutside(own, own)).toBe('from the router')
      const mapped = await program.ask<Mapped>('map', { methods: [method] })
      expect(mapped).toEqual({
        method,
        gateway: routerInside,
        externalHost: announcedAddress,
        externalPort: own,
        internalHost: '192.168.1.2',
        isBehindAnotherRouter: false
      })
      expect(await receivedFromOutside(own, own)).toBe('from outside')
      await program.ask('close')
      expect(await router.run(['nft', 'list', 'chain', 'inet', 'home', 'to_inside'])).not.toContain('dnat')
      expect(await receivedFromOutside(own, own)).toBe('from the router')
      // Nothing is left open but the program's own socket.
      await onlyItsOwnSocket()
    })
  })

  describe('with a router that was switched off and on', () => {
    beforeAll(() => startMiniupnpd())
    afterAll(stopMiniupnpd)

    it('maps the port again, in place of a mapping that a killed program left', async () => {
      const killed = client.spawn([programPath])
      const port = await killed.ask<number>('ownPort')
      await killed.ask('map', { methods: ['pcp'] })
      process.kill(killed.pid, 'SIGKILL')
      await killed.ended
      expect(await program.ask<Mapped>('map', { port })).toMatchObject({ externalPort: port })
      await stopMiniupnpd()
      await startMiniupnpd()
      expect(await program.ask<Mapped>('map', { port })).toMatchObject({ method: 'pcp', externalPort: port })
      await program.ask('close')
    })

    it('is printed by the udp transport, which has the router forget it when it stops', async () => {
      const options = JSON.stringify({ use: 'udp', host: '0.0.0.0', port: 9998, portMapping: true })
      const serving = client.spawn([fileURLToPath(new URL('streamer-server.mjs', import.meta.url)), options])
      const text = `the router at ${routerInside} lets viewers in (pcp): udp://${announcedAddress}:9998`
      while ((await serving.next<string>('said')) !== text);
      expect(await router.run(['nft', 'list', 'chain', 'inet', 'home', 'to_inside'])).toContain('9998')
      await serving.stop()
      expect(await router.run(['nft', 'list', 'chain', 'inet', 'home', 'to_inside'])).not.toContain('9998')
    })

    it('is let in no more when the mapping is aborted', async () => {
      const own = await program.ask<number>('ownPort')
      expect(await program.ask<Mapped>('map', {})).toMatchObject({ externalPort: own })
      await program.ask('abort')
      expect(await router.run(['nft', 'list', 'chain', 'inet', 'home', 'to_inside'])).not.toContain('dnat')
      await onlyItsOwnSocket()
    })

    it('is told the address by the example of the README', async () => {
      const [first] = await readmeExamples()
      expect(await runExample(first!)).toBe(`for viewers outside: ${announcedAddress}:9999\n`)
      expect(await router.run(['nft', 'list', 'chain', 'inet', 'home', 'to_inside'])).not.toContain('9999')
    })
  })

  describe('with a router that lets nobody in', () => {
    const hook = '{ type filter hook input priority 0; policy drop; }'
    const silence = ['nft', 'add', 'chain', 'inet', 'home', 'input', hook]
    afterEach(() => router.run(['nft', 'flush', 'ruleset']).then(() => router.run(['nft', '-f', '-'], rules)))

    it('is told so when the router refuses to be asked', async () => {
      expect(await program.ask<Mapped>('map', {})).toMatchObject({
        code: 'ERR_NO_PORT_MAPPING',
        error: expect.stringContaining(
          'PCP: not offered (ECONNREFUSED); NAT-PMP: not offered (ECONNREFUSED); UPnP: no router'
        )
      })
    })

    it.for(['pcp', 'nat-pmp', 'upnp'])('leaves nothing open when %s is aborted', async (method) => {
      await router.run(silence)
      expect(await program.ask<Mapped>('map', { methods: [method], abortAfterMs: 300 })).toMatchObject({
        error: 'enough'
      })
      await onlyItsOwnSocket()
    })

    it('is told so when the router is silent', async () => {
      await router.run(silence)
      expect(await program.ask<Mapped>('map', {})).toMatchObject({
        error: expect.stringContaining('PCP: no answer; NAT-PMP: no answer; UPnP: no router')
      })
      await onlyItsOwnSocket()
    })
  })

  it('learns from coturn under which address it is seen outside', async () => {
    const coturn = await inHost(outside, turnserver(serverOutside, 3478, folder), turnserverReady)
    try {
      const own = await program.ask<number>('ownPort')
      expect(await program.ask('publicAddress', serverOutside)).toEqual({ host: routerOutside, port: own })
      const [, second] = await readmeExamples()
      expect(await runExample(second!, serverOutside)).toMatch(/^seen as 203\.0\.113\.1:\d+\n$/)
    } finally {
      await coturn.stop()
    }
  })

  async function readmeExamples(): Promise<string[]> {
    const readme = await readFile(join(root, 'packages/port-mapping/README.md'), 'utf8')
    return Array.from(readme.matchAll(/^```js\n([\s\S]*?)^```$/gm), ([, text = '']) => text)
  }

  /** Beside this file, where our packages are found. */
  async function runExample(text: string, ...args: readonly string[]): Promise<string> {
    const path = join(root, `test/network/.readme-${process.pid}.mjs`)
    await writeFile(path, text)
    try {
      return await client.run([process.execPath, path, ...args])
    } finally {
      await rm(path)
    }
  }
})

describe('coturn on loopback', () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1')
  )

  it.for(['127.0.0.1', '::1'])('tells a socket its address, at %s', async (address, { skip }) => {
    skip(address === '::1' && !hasIpv6, 'this machine has no IPv6')
    const socket = createSocket(address === '::1' ? 'udp6' : 'udp4')
    // coturn takes no port 0.
    const other = createSocket(address === '::1' ? 'udp6' : 'udp4')
    for (const unbound of [socket, other]) {
      unbound.bind(0, address)
      await once(unbound, 'listening')
    }
    const { port } = other.address()
    other.close()
    const coturn = await Daemon.start(turnserver(address, port, folder), turnserverReady)
    try {
      const client = new StunClient(socket)
      socket.on('message', (datagram, from) => {
        expect(client.receive(datagram, from.address, from.port)).toBe(true)
      })
      const server = address === '::1' ? `[::1]:${port}` : `${address}:${port}`
      expect(await client.publicAddress({ server })).toEqual({ host: address, port: socket.address().port })
    } finally {
      socket.close()
      await coturn.stop()
    }
  })
})
