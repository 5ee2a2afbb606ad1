import { StreamerError, withoutSecrets } from '@streamer/core/plugin'
import type { Connection, ConnectionOptions } from './connection.js'
import { HttpConnection } from './http/connection.js'
import { TcpConnection } from './tcp/connection.js'
import { UdpConnection } from './udp/connection.js'

/** Where a stream is, cut out of its address. */
export interface Target {
  /** The address without its password, for people. */
  readonly address: string
  readonly host: string
  readonly port: number
  /** Name of the stream; empty for the first one. */
  readonly stream: string
}

const ports: Readonly<Record<string, number>> = { 'tcp:': 8888, 'tcps:': 8888, 'udp:': 9999 }

/**
 * What makes connections to an address.
 * @throws StreamerError (`ERR_RECEIVE_ADDRESS`) when nothing does.
 */
export function connectorOf(address: string, options: ConnectionOptions): () => Connection {
  const url = URL.canParse(address) ? new URL(address) : undefined
  switch (url?.protocol) {
    case 'http:':
    case 'https:':
      if (options.key !== undefined) throw addressError(url.href, 'HTTP has no keys')
      return () => new HttpConnection(url, options)
    case 'tcp:':
    case 'tcps:': {
      const target = targetOf(url)
      return () => new TcpConnection(target, url.protocol === 'tcps:', options)
    }
    case 'udp:': {
      const target = targetOf(url)
      return () => new UdpConnection(target, options)
    }
    default:
      throw addressError(address, 'it must begin with http://, https://, tcp://, tcps:// or udp://')
  }
}

function targetOf(url: URL): Target {
  if (url.hostname === '') throw addressError(url.href, 'it names no host')
  const port = url.port === '' ? ports[url.protocol]! : Number(url.port)
  if (port === 0) throw addressError(url.href, 'nothing can listen on port 0')
  let stream: string
  try {
    stream = decodeURIComponent(url.pathname.replace(/^\//, ''))
  } catch {
    throw addressError(url.href, 'its path has a broken % code')
  }
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return { address: shown.href, host: url.hostname.replace(/^\[|\]$/g, ''), port, stream }
}

function addressError(address: string, reason: string): StreamerError {
  return new StreamerError(
    'ERR_RECEIVE_ADDRESS',
    `receive: ${JSON.stringify(withoutSecrets(address))} is no address of a stream: ${reason}`
  )
}
