import { resolve } from 'node:path'
import type { Setting, SettingName, Settings } from '@streamer/core'
import { type Flag, flags, variableOf } from './flags.js'

/** What flags and environment say together; flags win. */
export interface CommandSettings {
  readonly settings: Settings
  /** The configuration file that was asked for. */
  readonly file: string | undefined
  /** Variables that begin with `STREAMER_` and mean nothing. */
  readonly unknownVariables: readonly string[]
}

/** Values of flags by name, as they were written; a flag that was repeated has several. */
export type FlagValues = Readonly<Record<string, readonly string[]>>

/** What our variables begin with. */
const prefix = 'STREAMER_'

/** Names that later versions read. */
const reservedVariables = new Set([
  'STREAMER_UDP_KEY',
  'STREAMER_TCP_KEY',
  'STREAMER_CACHE_DIR',
  'STREAMER_SKIP_HELPER_BUILD'
])

/**
 * Reads the settings; nothing is checked here, because only the plugins' schemas know what is allowed.
 * @param env an empty variable counts as not set.
 * @param cwd absolute; paths on the command line and in the environment refer to it.
 */
export function readSettings(values: FlagValues, env: NodeJS.ProcessEnv, cwd: string): CommandSettings {
  const settings: Partial<Record<SettingName, Setting>> = {}
  let file: string | undefined
  for (const flag of flags) {
    const given = values[flag.flag]
    const variable = variableOf(flag)
    const fromEnvironment = env[variable]
    const texts = given ?? (fromEnvironment ? [fromEnvironment] : undefined)
    if (!texts) continue
    if (flag.name === 'config') {
      file = texts.at(-1)
      continue
    }
    settings[flag.name] = {
      value: readValue(flag, texts, cwd),
      origin: given ? { kind: 'flag', name: `--${flag.flag}` } : { kind: 'environment', name: variable }
    }
  }
  return { settings, file, unknownVariables: unknownVariables(env) }
}

function readValue(flag: Flag, texts: readonly string[], cwd: string): unknown {
  if (flag.type === 'list')
    return texts
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => text !== '')
  const last = texts.at(-1) ?? ''
  if (flag.type === 'number') return numberOrText(last)
  return flag.type === 'path' && last !== '' ? resolve(cwd, last) : last
}

/** Decimal numbers only: no blanks, hexadecimal digits, exponents or units. */
function numberOrText(text: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(flags.map(variableOf))
  return Object.keys(env).filter((name) => name.startsWith(prefix) && !known.has(name) && !reservedVariables.has(name))
}

/** What is said about variables that mean nothing, each with the nearest one that does. */
export async function variableWarnings(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return []
  const { nearestKey } = await import('@streamer/core')
  // Compared without what they all begin with, which would make everything near.
  const known = flags.map((flag) => variableOf(flag).slice(prefix.length))
  return names.map((name) => {
    const nearest = nearestKey(name.slice(prefix.length), known)
    return `${name} means nothing to Streamer${nearest ? `; did you mean ${prefix}${nearest}?` : ''}`
  })
}
