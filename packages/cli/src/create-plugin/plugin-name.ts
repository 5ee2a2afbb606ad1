import { nearestKey, type PluginKind } from '@streamer/core'
import { shippedPlugins } from '../shipped.js'
import { UsageError } from '../usage-error.js'

const kinds: readonly PluginKind[] = ['transport', 'source', 'encoder']

/** What npm allows for the whole name of a package. */
const longestPackageName = 214

/**
 * The kind that was asked for.
 * @throws UsageError for anything else.
 */
export function kindOf(text: string): PluginKind {
  const kind = kinds.find((candidate) => candidate === text)
  if (kind) return kind
  const nearest = nearestKey(text, kinds)
  const guess = nearest === undefined ? '' : `did you mean ${nearest}? `
  throw new UsageError(`there is no kind of plugin "${text}"; ${guess}There are: ${kinds.join(', ')}`)
}

/** The name of the package, by which `use: <name>` finds it. */
export function packageNameOf(kind: PluginKind, name: string): string {
  return `streamer-${kind}-${name}`
}

/**
 * Checks a name for a new plugin.
 * @throws UsageError when npm or `use:` would not take it, or when it means another plugin.
 */
export function checkName(kind: PluginKind, name: string): void {
  const [, prefix, rest] = /^(@[^/]*\/|(?:@[^/]*\/)?streamer-[a-z]+-)(.+)$/.exec(name) ?? []
  if (prefix !== undefined && rest !== undefined && isName(rest))
    throw new UsageError(`the name is what will stand behind "use:", without ${prefix}: ${rest}`)
  if (!isName(name))
    throw new UsageError(
      `"${name}" is no name for a plugin: lower-case letters, digits, and single dashes between them, a letter first`
    )
  if (packageNameOf(kind, name).length > longestPackageName)
    throw new UsageError(
      `the name is too long: npm takes ${longestPackageName} characters with streamer-${kind}- before it`
    )
  if (shippedPlugins.some((shipped) => shipped.kind === kind && shipped.use === name))
    throw new UsageError(`"use: ${name}" means the ${kind} that comes with Streamer; take another name`)
}

function isName(text: string): boolean {
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text)
}

/** `my-lines` is `MyLines`. */
export function classNameOf(name: string): string {
  return name
    .split('-')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('')
}
