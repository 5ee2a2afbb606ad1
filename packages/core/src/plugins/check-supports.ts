import { valueText } from '../config/problems.js'
import { type Codec, type PluginKind, pixelFormats } from '../plugin/index.js'

/** What a value must be, in words, and whether it is. */
interface Rule {
  readonly needed: string
  holds(value: unknown): boolean
}

const codecs: readonly Codec[] = ['mjpeg', 'h264']

const flag: Rule = { needed: 'true or false', holds: (value) => typeof value === 'boolean' }

function oneOf(words: readonly string[]): Rule {
  return { needed: `one of ${words.join(', ')}`, holds: (value) => words.includes(value as string) }
}

function listOf(words: readonly string[]): Rule {
  return {
    needed: `a list of one or more of ${words.join(', ')}`,
    holds: (value) => Array.isArray(value) && value.length > 0 && value.every((item) => words.includes(item))
  }
}

const rules: Readonly<Record<PluginKind, Readonly<Record<string, Rule>>>> = {
  source: { frames: listOf(['raw', ...codecs]), controls: flag, alwaysStarts: flag },
  encoder: { codec: oneOf(codecs), pixelFormats: listOf(pixelFormats), controls: flag },
  transport: { codecs: listOf(codecs), reliable: flag, clients: flag, severalStreams: flag }
}

/** What is wrong with the `supports` of a plugin; undefined when nothing is. Keys that are not known here may be known to a newer version. */
export function supportsFault(kind: PluginKind, supports: unknown): string | undefined {
  if (supports === undefined) return undefined
  if (typeof supports !== 'object' || supports === null || Array.isArray(supports))
    return `has the supports ${valueText(supports)}, not keys with values`
  for (const [key, rule] of Object.entries(rules[kind])) {
    const value = (supports as Record<string, unknown>)[key]
    if (value !== undefined && !rule.holds(value))
      return `has supports.${key} ${valueText(value)}; it must be ${rule.needed}`
  }
  return undefined
}
