import { nearestKey, valueText } from '../config/problems.js'
import { type Codec, type PluginKind, pixelFormats } from '../plugin/index.js'

/** What a value must be, in words, and whether it is. */
interface Rule {
  readonly needed: string
  holds(value: unknown): boolean
}

/** Every codec that there is. */
export const codecs: readonly Codec[] = ['mjpeg', 'h264']

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

/** One thing that is wrong with the `supports` of a plugin. */
export interface SupportsFault {
  /** `supports`, or one of its keys: `supports.codecs`. */
  readonly subject: string
  /** What it is, as text. */
  readonly value: string
  /** Why that is wrong, to follow the value: `; it must be true or false`. */
  readonly reason: string
}

/** What a plugin says that it supports, as far as that means something. */
export interface DeclaredSupports {
  /** What is declared as it must be. */
  readonly right: Readonly<Record<string, unknown>>
  /** What is not. */
  readonly faults: readonly SupportsFault[]
  /** Keys that mean nothing here; a newer version may know them. */
  readonly unknown: readonly string[]
}

/** Looks at the `supports` of a plugin, of which nothing is known. */
export function checkSupports(kind: PluginKind, supports: unknown): DeclaredSupports {
  if (supports === undefined) return { right: {}, faults: [], unknown: [] }
  if (typeof supports !== 'object' || supports === null || Array.isArray(supports)) {
    const fault = { subject: 'supports', value: valueText(supports), reason: ', not keys with values' }
    return { right: {}, faults: [fault], unknown: [] }
  }
  const known = rules[kind]
  const faults: SupportsFault[] = []
  const unknown: string[] = []
  const right: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(supports)) {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined
    if (value === undefined) continue
    if (rule === undefined) {
      const nearest = nearestKey(key, Object.keys(known))
      const guess = nearest === undefined ? '' : `did you mean ${nearest}? `
      unknown.push(`supports.${key} means nothing; ${guess}There are: ${Object.keys(known).join(', ')}`)
    } else if (rule.holds(value)) right[key] = value
    else faults.push({ subject: `supports.${key}`, value: valueText(value), reason: `; it must be ${rule.needed}` })
  }
  return { right, faults, unknown }
}
