import { type PluginKind, shippedPlugins as shippedNames } from '@streamer/core'

const kinds: readonly PluginKind[] = ['source', 'encoder', 'transport']

/** The plugins that come with this command. */
export const shippedPlugins: ReadonlyArray<{ readonly kind: PluginKind; readonly use: string }> = kinds.flatMap(
  (kind) => shippedNames[kind].map((use) => ({ kind, use }))
)

/** From where plugins are looked for after the folder of the configuration: beside this command. */
export const resolveFrom: readonly string[] = [import.meta.url]
