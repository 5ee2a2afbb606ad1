import {
  type LoadedConfig,
  type LoadedPart,
  type LoadedStream,
  type TransportStatus,
  withoutSecrets
} from '@streamer/core'
import { type ReachableUrl, reachableUrls } from './addresses.js'
import { shownValue, valueOnOneLine } from './listing.js'

/** What is told when everything listens. */
export interface Announcement {
  readonly configuration: string
  /** `main: fake 640x480, 30 fps -> jpeg quality 80` */
  readonly streams: ReadonlyArray<{ readonly name: string; readonly text: string }>
  readonly transports: ReadonlyArray<{
    readonly name: string
    readonly urls: readonly ReachableUrl[]
  }>
  /** Undefined when nothing can be reached from other machines. */
  readonly warning: string | undefined
}

export function announcementOf(loaded: LoadedConfig, statuses: readonly TransportStatus[]): Announcement {
  const transports = statuses
    .filter(({ state }) => state === 'up')
    .map(({ name, urls }) => ({ name, urls: reachableUrls(urls) }))
  return {
    configuration: loaded.file?.shownPath ?? 'none, these are the defaults (`streamer init` writes a file)',
    streams: loaded.streams.map((stream) => ({ name: stream.name, text: streamText(loaded, stream) })),
    transports,
    warning: statuses.some(({ state, urls }) => state === 'up' && urls.some(isOpenToNetwork))
      ? 'Anyone on the network can watch; --host 127.0.0.1 keeps it on this machine.'
      : undefined
  }
}

/** Of the address that is listened on: a wildcard takes in networks that come up later, too. */
function isOpenToNetwork(url: string): boolean {
  // Only a wildcard is shown as something else than it is.
  return reachableUrls([url], {}).some(({ url: shown, from }) => from === 'network' || shown !== url)
}

function streamText(loaded: LoadedConfig, { source, encoder }: LoadedStream): string {
  return [source, encoder]
    .filter((part) => part !== undefined)
    .map((part) => partText(loaded, part))
    .join(' -> ')
}

/** The plugin with size, rate and quality, and with every other option that somebody set. */
function partText(loaded: LoadedConfig, part: LoadedPart): string {
  const { width, height, framerate, ...others } = part.options as Record<string, unknown>
  const words: string[] = []
  if (width !== undefined) words.push(`${width}x${height}`)
  if (framerate !== undefined) words.push(`${framerate} fps`)
  for (const [key, value] of Object.entries(others)) {
    const isWorthTelling = part.kind === 'encoder' && key === 'quality'
    if (value === undefined) continue
    if (!isWorthTelling && loaded.originOf([...part.path, key]).kind === 'default') continue
    const text = Array.isArray(value) ? withoutSecrets(value.map(valueOnOneLine).join(' ')) : shownValue(key, value)
    const short = text.length > 60 ? `${text.slice(0, 59)}…` : text
    // `command: ffmpeg …` needs no second `command`.
    words.push(key === part.use ? short : `${key} ${short}`)
  }
  return words.length === 0 ? part.use : `${part.use} ${words.join(', ')}`
}

/** For a log: one plain line each. */
export function plainLines(version: string, { configuration, streams, transports, warning }: Announcement): string[] {
  return [
    `Streamer ${version}; configuration: ${configuration}`,
    ...streams.map(({ name, text }) => `stream ${name}: ${text}`),
    ...transports.map(({ name, urls }) => `${name}: ${urls.map(({ url }) => url).join(' ')}`),
    ...(warning ? [warning] : [])
  ]
}

interface Paint {
  bold(text: string): string
  dim(text: string): string
  cyan(text: string): string
  yellow(text: string): string
}

/** Two URLs with one address fit on a line. */
function rowsOf(urls: readonly ReachableUrl[]): ReachableUrl[][] {
  const rows: ReachableUrl[][] = []
  for (const url of urls) {
    const last = rows.at(-1)
    const count = urls.filter(({ host }) => host === url.host).length
    if (last && count === 2 && last[0]?.host === url.host) last.push(url)
    else rows.push([url])
  }
  return rows
}

/** For people. */
export function terminalLines(version: string, announcement: Announcement, paint: Paint): string[] {
  const { configuration, streams, transports, warning } = announcement
  const { bold, dim, cyan, yellow } = paint
  const width = Math.max(...transports.map(({ name }) => name.length), 'Configuration'.length)
  const row = (name: string, text: string) => `  ${dim(name.padEnd(width))}  ${text}`
  return [
    `${bold(`Streamer ${version}`)}`,
    row('Configuration', configuration),
    ...streams.map(({ name, text }) => row(streams.length === 1 ? 'Stream' : `Stream ${name}`, text)),
    ...transports.flatMap(({ name, urls }) =>
      rowsOf(urls).map((together, index) => {
        const here = together[0]?.from === 'this machine' ? dim('  (this machine)') : ''
        return row(index === 0 ? name : '', `${together.map(({ url }) => cyan(url)).join('  ')}${here}`)
      })
    ),
    ...(warning ? [`  ${yellow(warning)}`] : []),
    `  ${dim('Ctrl-C stops it.')}`,
    ''
  ]
}
