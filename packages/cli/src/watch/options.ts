import { readFileSync } from 'node:fs'
import type { TlsOptions } from '@streamer/receiver'
import type { CommandLine } from '../arguments.js'
import { UsageError } from '../usage-error.js'
import { durationMs } from './duration.js'

/** What `streamer watch` was told. */
export interface WatchOptions {
  readonly url: string
  /** Address and port of the page; undefined without one. */
  readonly serve: { readonly host: string; readonly port: number } | undefined
  /** Folder, file, or `-` for standard output. */
  readonly output: string | undefined
  /** What is there may be written over. */
  readonly force: boolean
  readonly durationMs: number | undefined
  readonly frames: number | undefined
  readonly delayMs: number
  readonly key: string | undefined
  readonly keyName: string | undefined
  /** For `https:` and `tcps:`. */
  readonly tls: TlsOptions
  readonly json: boolean
}

/** Where the server of a scheme looks for its key as well. */
const keyVariables: Readonly<Record<string, string>> = {
  udp: 'STREAMER_UDP_KEY',
  tcp: 'STREAMER_TCP_KEY',
  tcps: 'STREAMER_TCP_KEY'
}

/**
 * @param environment has the key where no flag says it.
 * @throws UsageError for a value that is not allowed.
 */
export function watchOptions(
  { operands, values, switches }: CommandLine,
  environment: Readonly<Record<string, string | undefined>>
): WatchOptions {
  const last = (flag: string): string | undefined => values[flag]?.at(-1)
  const url = operands[0] ?? ''
  const scheme = (/^([a-z]+):/i.exec(url)?.[1] ?? '').toLowerCase()
  const [serve, duration, frames, delay] = ['serve', 'duration', 'frames', 'delay'].map(last)
  return {
    url,
    serve: serve === undefined ? undefined : placeOf(serve),
    output: last('output'),
    force: switches.has('force'),
    durationMs: duration === undefined ? undefined : durationMs('--duration', duration),
    frames: frames === undefined ? undefined : countOf(frames),
    delayMs: delay === undefined ? 0 : delayOf(delay),
    key: keyOf(last('key'), last('key-file')) ?? keyIn(environment, scheme),
    keyName: last('key-name'),
    tls: tlsOf(last('ca'), switches.has('insecure'), scheme),
    json: switches.has('json')
  }
}

/** A port, on this machine alone, or an address and a port. */
function placeOf(text: string): { host: string; port: number } {
  const [, host = '', digits = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535)
    throw new UsageError(
      `--serve: ${JSON.stringify(text)} is not allowed; it must be a port from 0 to 65535, or address:port`
    )
  return { host: host === '' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''), port }
}

function countOf(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count
  throw new UsageError(`--frames: ${JSON.stringify(text)} is not allowed; it must be a whole number above 0`)
}

function delayOf(text: string): number {
  const delayMs = durationMs('--delay', text)
  if (delayMs <= 60_000) return delayMs
  throw new UsageError(`--delay: ${text} is not allowed; it must be 60s at most`)
}

/** A secret on the command line is seen by everybody on this machine; the one in a file is not. */
function keyOf(key: string | undefined, file: string | undefined): string | undefined {
  if (file === undefined) return key
  if (key !== undefined) throw new UsageError('--key and --key-file say the same; give one of them')
  let text: string
  try {
    text = readFileSync(file, 'utf8').trimEnd()
  } catch (error) {
    throw new UsageError(`--key-file: ${file} cannot be read: ${(error as Error).message}`)
  }
  if (text === '') throw new UsageError(`--key-file: ${file} is empty`)
  return text
}

function keyIn(environment: Readonly<Record<string, string | undefined>>, scheme: string): string | undefined {
  const key = environment[keyVariables[scheme] ?? '']
  return key === '' ? undefined : key
}

/** Which servers are believed. */
function tlsOf(file: string | undefined, isInsecure: boolean, scheme: string): TlsOptions {
  const flag = isInsecure ? '--insecure' : '--ca'
  if (file === undefined && !isInsecure) return {}
  if (file !== undefined && isInsecure) throw new UsageError('--ca and --insecure contradict each other; give one')
  if (scheme !== 'https' && scheme !== 'tcps')
    throw new UsageError(`${flag} is for addresses that begin with https:// or tcps://`)
  if (file === undefined) return { rejectUnauthorized: false }
  try {
    return { ca: readFileSync(file) }
  } catch (error) {
    throw new UsageError(`--ca: ${file} cannot be read: ${(error as Error).message}`)
  }
}
