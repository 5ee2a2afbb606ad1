import type { Socket } from 'node:dgram'
import { hostPort, type Logger } from '@streamer/core/plugin'
import type { PortMapping, StunClient } from '@streamer/port-mapping'
import type { UdpOptions } from './config.js'

/** How long to wait between questions that keep a mapping of the router open; such mappings last 30 s and up (RFC 4787 section 4.3). Milliseconds. */
const stunAgainMs = 25_000

/** Sees to it that viewers outside a home router can reach the socket, and prints under which address. Trouble with that never stops the transport. */
export class Outside {
  readonly #logger: Logger
  readonly #controller = new AbortController()
  #stun: StunClient | undefined
  #mapping: Promise<PortMapping | undefined> | undefined
  #asking: NodeJS.Timeout | undefined
  #lastAddress: string | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Begins; answers are printed as they come. */
  start({ portMapping, stun }: Pick<UdpOptions, 'portMapping' | 'stun'>, socket: Socket): void {
    if (portMapping) this.#mapping = this.#map(socket.address().port)
    if (stun !== undefined) void this.#ask(stun, socket)
  }

  /** Takes a datagram; true when it was an answer to a question about the address. */
  receive(datagram: Buffer, address: string, port: number): boolean {
    return this.#stun?.receive(datagram, address, port) ?? false
  }

  /** Asks nothing more, and has the router forget. Does not reject. */
  async close(): Promise<void> {
    this.#controller.abort(new Error('the transport stopped'))
    clearTimeout(this.#asking)
    await (await this.#mapping)?.close()
  }

  async #map(port: number): Promise<PortMapping | undefined> {
    const { signal } = this.#controller
    try {
      const { mapPort } = await import('@streamer/port-mapping')
      const mapping = await mapPort({
        protocol: 'udp',
        port,
        description: 'Streamer',
        signal,
        onEvent: (event) => {
          const { externalHost, externalPort } = event.mapping
          if (event.kind === 'moved') this.#tell(externalHost, externalPort, 'the router lets viewers in elsewhere now')
          else if (event.kind === 'regained') this.#tell(externalHost, externalPort, 'the router lets viewers in again')
          else if (event.kind === 'lost')
            this.#logger.warn(`the router lets nobody in any more: ${event.error.message}`)
        }
      })
      this.#tell(
        mapping.externalHost,
        mapping.externalPort,
        `the router at ${mapping.gateway} lets viewers in (${mapping.method})`
      )
      if (mapping.isBehindAnotherRouter) {
        this.#logger.warn('that router is behind another one, which lets nobody in: the address is of no use outside')
      }
      return mapping
    } catch (error) {
      if (!signal.aborted) this.#logger.warn(`viewers outside cannot be let in: ${(error as Error).message}`)
      return undefined
    }
  }

  async #ask(server: string, socket: Socket): Promise<void> {
    const { signal } = this.#controller
    try {
      const { StunClient } = await import('@streamer/port-mapping')
      if (signal.aborted) return
      this.#stun ??= new StunClient(socket)
      const { host, port } = await this.#stun.publicAddress({ server, signal })
      const address = hostPort(host, port)
      if (address !== this.#lastAddress) this.#logger.info(`seen from outside as udp://${address}`)
      this.#lastAddress = address
    } catch (error) {
      if (signal.aborted) return
      this.#logger.warn(`the public address is not known: ${(error as Error).message}`)
    }
    if (!signal.aborted) this.#asking = setTimeout(() => void this.#ask(server, socket), stunAgainMs)
  }

  #tell(host: string | undefined, port: number, what: string): void {
    this.#logger.info(
      host === undefined
        ? `${what} at port ${port}, of an address that it does not tell`
        : `${what}: udp://${hostPort(host, port)}`
    )
  }
}
