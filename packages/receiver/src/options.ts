import { parseKey } from '@streamer/protocol'
import type { ConnectionOptions, TlsOptions } from './connection.js'

/** What `receive` may be told; all of it optional. */
export interface ReceiveOptions {
  /**
   * The secret that the server shares with its clients, of 16 bytes or more: text, without white space around it, or its bytes. With one, nothing is taken from a server that does not prove to have it; a protocol without
   * keys is refused.
   */
  readonly key?: string | Uint8Array
  /** Which of the server's keys it is, where there are several. */
  readonly keyName?: string
  /** Aborting it is the same as `close()`: the loop over the frames ends. */
  readonly signal?: AbortSignal
  /**
   * Milliseconds after its capture (and the shortest time on the way) at which a frame is handed out, so that frames come evenly and in order whatever the
   * network does. Default 0: as they come, and what comes after a newer one is left out.
   */
  readonly delayMs?: number
  /** A frame of more bytes is refused before memory is reserved for it. Default 16 MiB. */
  readonly maxFrameBytes?: number
  /** Connect again by itself, for as long as it takes. With false the first failure is thrown to the loop. Default true. */
  readonly reconnect?: boolean
  /** Milliseconds until the server must have answered. Default 5000. */
  readonly connectTimeoutMs?: number
  /** For `https:` and `tcps:`. */
  readonly tls?: TlsOptions
  /** Told of changes, with the protocol or the reason. What it throws is ignored. */
  readonly onState?: (state: 'connecting' | 'receiving' | 'waiting', detail?: string) => void
}

/** The options with their defaults. */
export interface CheckedOptions extends Omit<ConnectionOptions, 'clock'> {
  readonly signal: AbortSignal | undefined
  readonly reconnect: boolean
  readonly onState: ReceiveOptions['onState']
}

/** @throws TypeError for a value that is not allowed. */
export function checkOptions(options: ReceiveOptions): CheckedOptions {
  const { key, keyName, signal, reconnect = true, tls = {}, onState } = options
  return {
    key: key === undefined ? undefined : keyOf(key),
    keyName,
    signal,
    delayMs: numberIn('delayMs', options.delayMs ?? 0, 0, 60_000),
    maxFrameBytes: numberIn('maxFrameBytes', options.maxFrameBytes ?? 16 * 1024 * 1024, 1, 0x7fff_ffff),
    reconnect,
    connectTimeoutMs: numberIn('connectTimeoutMs', options.connectTimeoutMs ?? 5000, 1, 0x7fff_ffff),
    tls,
    onState
  }
}

function keyOf(key: string | Uint8Array): Uint8Array {
  try {
    return parseKey(key)
  } catch (error) {
    // It says how long the key is, and nothing else of it.
    throw new TypeError(`receive: key: ${(error as Error).message}`)
  }
}

function numberIn(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value
  throw new TypeError(`receive: ${name} must be a number from ${least} to ${most}, not ${value}`)
}
