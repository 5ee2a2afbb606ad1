import type { LoadedConfig, LoadedPart, LoadedStream, TransportStatus } from '@streamer/core'
import { reachableUrls } from './addresses.js'
import { valueOnOneLine } from './listing.js'

/** What is told when everything listens. */
export interface Announcement {
  readonly configuration: string
  /** `main: fake 640x480, 30 fps -> jpeg quality 80` */
  readonly streams: ReadonlyArray<{ readonly name: string; readonly text: string }>
  readonly transports: ReadonlyArray<{
    readonly name: string
    readonly network: readonly string[]
    readonly local: readonly string[]
  }>
  /** Undefined when nothing can be reached from other machines. */
  readonly warning: string | undefined
}

export function announcementOf(loaded: LoadedConfig, statuses: readonly TransportStatus[]): Announcement {
  const transports = statuses
    .filter(({ state }) => state === 'up')
    .map(({ name, urls }) => {
      const reachable = reachableUrls(urls)
      const from = (place: string) => reachable.filter((one) => one.from === place).map(({ url }) => url)
      return { name, network: from('network'), local: from('this machine') }
    })
  return {
    configuration: loaded.file?.shownPath ?? 'none, these are the defaults (streamer init writes a file)',
    streams: loaded.streams.map((stream) => ({ name: stream.name, text: streamText(loaded, stream) })),
    transports,
    warning: transports.some(({ network }) => network.length > 0)
      ? 'Anyone on the network can watch; --host 127.0.0.1 keeps it on this machine.'
      : undefined
  }
}

function streamText(loaded: LoadedConfig, { source, encoder }: LoadedStream): string {
  return [source, encoder]
    .filter((part) => part !== undefined)
    .map((part) => partText(loaded, part))
    .join(' -> ')
}

/** The plugin with size, rate and quality, and with every other option that somebody set. */
function partText(loaded: LoadedConfig, part: LoadedPart): string {
  const { width, height, framerate, quality, ...others } = part.options as Record<string, unknown>
  const words = [width !== undefined && `${width}x${height}`, framerate !== undefined && `${framerate} fps`]
  if (quality !== undefined && part.kind === 'encoder') words.push(`quality ${quality}`)
  for (const [key, value] of Object.entries(others)) {
    if (value === undefined || loaded.originOf([...part.path, key]).kind === 'default') continue
    const text = Array.isArray(value) ? value.map(valueOnOneLine).join(' ') : valueOnOneLine(value)
    words.push(`${key}: ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`)
  }
  const settings = words.filter((word) => word !== false)
  return settings.length === 0 ? part.use : `${part.use} ${settings.join(', ')}`
}

/** For a log: one plain line each. */
export function plainLines(version: string, { configuration, streams, transports, warning }: Announcement): string[] {
  return [
    `Streamer ${version}; configuration: ${configuration}`,
    ...streams.map(({ name, text }) => `stream ${name}: ${text}`),
    ...transports.map(({ name, network, local }) => `${name}: ${[...network, ...local].join(' ')}`),
    ...(warning ? [warning] : [])
  ]
}

interface Paint {
  bold(text: string): string
  dim(text: string): string
  cyan(text: string): string
  yellow(text: string): string
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
    ...transports.flatMap(({ name, network, local }) =>
      [...network.map(cyan), ...local.map((url) => `${cyan(url)} ${dim('(this machine)')}`)].map((text, index) =>
        row(index === 0 ? name : '', text)
      )
    ),
    ...(warning ? [`  ${yellow(warning)}`] : []),
    `  ${dim('Ctrl-C stops it.')}`,
    ''
  ]
}
