import { fileURLToPath } from 'node:url'
import type { Host, NodeProgram } from '../support/network/network.js'

/** A datagram, and whom it seems to come from. */
export interface Received {
  readonly text: string
  readonly address: string
  readonly port: number
}

/** A UDP socket on a host of a test's network. */
export class Peer {
  private constructor(
    readonly program: NodeProgram,
    readonly port: number
  ) {}

  /** @param port Default: a free one. */
  static async start(host: Host, port = 0): Promise<Peer> {
    const program = host.spawn([fileURLToPath(new URL('udp-peer.mjs', import.meta.url)), String(port)])
    return new Peer(program, await program.next<number>('listening'))
  }

  /** Resolves when they were handed to the network. */
  async send(address: string, port: number, ...texts: string[]): Promise<void> {
    await this.program.ask('send', { address, port, texts })
  }

  /** The next datagram that nobody asked for yet. */
  next(): Promise<Received> {
    return this.program.ask<Received>('next')
  }

  /** How many have come. */
  received(): Promise<number> {
    return this.program.ask<number>('received')
  }
}
