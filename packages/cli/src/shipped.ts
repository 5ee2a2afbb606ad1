import type { PluginKind } from '@streamer/core'

/** The plugins that come with this command. */
export const shippedPlugins: ReadonlyArray<{ readonly kind: PluginKind; readonly use: string }> = [
  { kind: 'source', use: 'fake' },
  { kind: 'source', use: 'command' },
  { kind: 'encoder', use: 'jpeg' },
  { kind: 'transport', use: 'http' },
  { kind: 'transport', use: 'tcp' },
  { kind: 'transport', use: 'udp' }
]

/** From where plugins are looked for after the folder of the configuration: beside this command. */
export const resolveFrom: readonly string[] = [import.meta.url]
