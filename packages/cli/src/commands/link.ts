import type { LoadedConfig } from '@streamer/core'
import type { HttpOptions } from '@streamer/transport-http'
import { reachableUrls } from '../addresses.js'
import type { CommandLine } from '../arguments.js'
import { print } from '../listing.js'
import { load, settingsOf, warnOnStderr } from '../load.js'
import { UsageError } from '../usage-error.js'

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Ten years: longer is a mistake. */
const longestMs = 3650 * 86_400_000

/** `streamer link`: addresses with a token that let whoever has them watch for a while. */
export async function link(line: CommandLine): Promise<number> {
  const stream = line.values.stream?.at(-1)
  const expiresAtMs = Date.now() + validityMs(line.values.for?.at(-1) ?? '24h')
  const settings = await settingsOf(line)
  warnOnStderr(settings.warnings)
  const loaded = await load(settings)
  warnOnStderr(loaded.warnings)
  const names = loaded.streams.map(({ name }) => name)
  if (stream !== undefined && !names.includes(stream))
    throw new UsageError(`there is no stream ${JSON.stringify(stream)}; there is ${names.join(', ')}`)
  const { name, options } = httpTransport(loaded, line.values.name?.at(-1))
  const { makeLinkToken, readLinkKey } = await import('@streamer/transport-http')
  const key = await readLinkKey(options, name, loaded)
  if (key === undefined)
    throw new UsageError(`the transport ${name} has no key that could sign a link; give it the option key or keyFile`)
  const token = makeLinkToken({ stream: stream ?? '*', expiresAtMs }, key)
  const paths =
    stream === undefined
      ? ['', ...names.map((one) => `${encodeURIComponent(one)}/stream.mjpg`)]
      : ['stream.mjpg', 'snapshot.jpg'].map((leaf) => `${encodeURIComponent(stream)}/${leaf}`)
  const urls = basesOf(options, line.values.url?.at(-1)).flatMap((base) =>
    paths.map((path) => `${base}${path}?token=${token}`)
  )
  print(urls)
  return 0
}

/** @throws UsageError */
function validityMs(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN)
  if (ms > 0 && ms <= longestMs) return ms
  throw new UsageError(
    `--for: ${JSON.stringify(text)} is not allowed; write a number of minutes, hours or days up to ten years, as in 30m, 24h or 7d`
  )
}

function httpTransport(
  { transports }: LoadedConfig,
  wanted: string | undefined
): { readonly name: string; readonly options: HttpOptions } {
  const found = (transports ?? []).filter(({ use }) => use === 'http')
  const names = found.map(({ name }) => name)
  const chosen = wanted === undefined ? found[0] : found.find(({ name }) => name === wanted)
  if (chosen === undefined) {
    const what = wanted === undefined ? 'no transport that uses http' : `no http transport ${JSON.stringify(wanted)}`
    throw new UsageError(`there is ${what}${names.length > 0 ? `; there is ${names.join(', ')}` : ''}`)
  }
  if (wanted === undefined && names.length > 1)
    throw new UsageError(`there are several http transports: ${names.join(', ')}; --name says which one`)
  return { name: chosen.name, options: chosen.options as HttpOptions }
}

/** Addresses of the server, each with a slash at its end. */
function basesOf({ host, port, tls, basePath }: HttpOptions, given: string | undefined): string[] {
  if (given !== undefined) {
    if (!/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/.test(given))
      throw new UsageError(`--url: ${JSON.stringify(given)} is no address such as https://camera.example/`)
    return [given.endsWith('/') ? given : `${given}/`]
  }
  if (port === 0)
    throw new UsageError('the port is 0, so nobody knows yet which one it will be; --url says the address')
  const shown = host.includes(':') ? `[${host}]` : host
  return reachableUrls([`${tls ? 'https' : 'http'}://${shown}:${port}${basePath}/`]).map(({ url }) => url)
}
