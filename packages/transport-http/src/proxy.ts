import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostPort } from '@streamer/core/plugin'
import { isHouseAddress, plainAddress, Subnets } from './access/addresses.js'

/** Who sent a request, and what for, as far as it can be believed. */
export interface Client {
  readonly address: string
  /** For people. */
  readonly label: string
  /** Of this house, for all that is known. */
  readonly isOfHouse: boolean
  /** The host that the client asked, with its port; empty when it did not say. */
  readonly host: string
  readonly isEncrypted: boolean
}

const forwardingFields = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const

/** Knows the proxies before us. What others say of whom they speak for is not believed. */
export class Proxies {
  readonly #trusted: Subnets

  /** @param trusted addresses and subnets. */
  constructor(trusted: readonly string[]) {
    this.#trusted = new Subnets(trusted)
  }

  /** Whether a connection from there is that of a proxy. */
  trusts(address: string | undefined): boolean {
    return this.#trusted.has(plainAddress(address ?? ''))
  }

  /** Who sent this request. */
  clientOf(request: IncomingMessage): Client {
    const { socket, headers } = request
    const peer = plainAddress(socket.remoteAddress ?? '?')
    const isEncrypted = 'encrypted' in socket && socket.encrypted === true
    if (!this.#trusted.has(peer)) {
      // A proxy that nobody told us of: its own address is not that of the client.
      const isForwarded = forwardingFields.some((name) => headers[name] !== undefined)
      const isOfHouse = isHouseAddress(peer) && !isForwarded
      return {
        address: peer,
        label: labelOf(peer, socket.remotePort),
        isOfHouse,
        host: headers.host ?? '',
        isEncrypted
      }
    }
    const address = this.#behind(headers['x-forwarded-for'], peer)
    return {
      address,
      // Several clients of a proxy may share an address; the port of its connection tells them apart.
      label: labelOf(address, socket.remotePort),
      isOfHouse: isHouseAddress(address),
      host: lastOf(headers['x-forwarded-host']) ?? headers.host ?? '',
      isEncrypted: (lastOf(headers['x-forwarded-proto']) ?? (isEncrypted ? 'https' : 'http')) === 'https'
    }
  }

  /** The last address that was not written by a client: from the right, the first that is no proxy of ours. */
  #behind(forwardedFor: string | string[] | undefined, peer: string): string {
    const addresses = [forwardedFor ?? []].flat().join(',').split(',').reverse()
    let known = peer
    for (const text of addresses) {
      const address = bareAddress(text.trim())
      // What is no address can be no client of the house either.
      if (address === undefined) return text.trim() === '' ? known : 'unknown'
      if (!this.#trusted.has(address)) return address
      known = address
    }
    return known
  }
}

function labelOf(address: string, port: number | undefined): string {
  return hostPort(address, port ?? 0)
}

/** Some proxies write a port, or IPv6 in brackets. */
function bareAddress(text: string): string | undefined {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1]
  const withoutPort = bracketed ?? (isIP(text) === 0 ? text.replace(/:\d+$/, '') : text)
  const address = plainAddress(withoutPort)
  return isIP(address) === 0 ? undefined : address
}

/** The one that the nearest proxy wrote. */
function lastOf(field: string | string[] | undefined): string | undefined {
  const last = [field ?? []].flat().join(',').split(',').at(-1)?.trim()
  return last === '' ? undefined : last
}

/**
 * The target of a request without the folder under which a proxy shows us.
 * @param basePath begins with a slash and does not end with one, or is empty.
 * @returns undefined when it is not below it.
 */
export function withoutBasePath(target: string, basePath: string): string | undefined {
  if (basePath === '') return target
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '')
  if (!local.startsWith(basePath)) return undefined
  const rest = local.slice(basePath.length)
  return rest.startsWith('/') ? rest : undefined
}
