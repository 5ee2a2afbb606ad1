import { messageOf, StreamerError } from '@streamer/core/plugin'

/** What a bare code of the system means to people. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the server cut the connection',
  EHOSTUNREACH: 'there is no way to that address',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the name cannot be looked up just now',
  EPIPE: 'the server cut the connection'
}

/** An `ERR_RECEIVE`: `receive: udp://pi:9999/door: nothing listens there`. */
export function receiveError(address: string, what: string, cause?: unknown): StreamerError {
  return new StreamerError('ERR_RECEIVE', `receive: ${address}: ${what}`, cause === undefined ? {} : { cause })
}

/** The same for an error of a socket. */
export function socketError(address: string, cause: unknown): StreamerError {
  const { code } = cause as { code?: string }
  return receiveError(address, reasons[code ?? ''] ?? messageOf(cause), cause)
}

/** A key was given, and what is spoken there has none: to go on without would be to trust anybody. */
export function noKeyError(address: string): StreamerError {
  return receiveError(address, 'a key was given, and what is spoken there has no keys')
}
