import {
  type EncoderSupports,
  encoderSupports,
  nearestKey,
  type PluginKind,
  pixelFormats,
  type SourceSupports,
  sourceSupports,
  type TransportSupports,
  transportSupports,
  valueText
} from '@streamer/core'

/** Every codec that there is. */
export const codecs: readonly string[] = ['mjpeg', 'h264']

/** What may stand after a key of `supports`. */
interface Field {
  readonly allowed: string
  readonly isAllowed: (value: unknown) => boolean
}

const flag: Field = { allowed: 'true or false', isAllowed: (value) => typeof value === 'boolean' }
const oneOf = (words: readonly string[]): Field => ({
  allowed: `one of ${words.join(', ')}`,
  isAllowed: (value) => words.includes(value as string)
})
const listOf = (words: readonly string[]): Field => ({
  allowed: `a list of one or more of ${words.join(', ')}`,
  isAllowed: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((item) => words.includes(item as string))
})

const fields: Readonly<Record<PluginKind, Readonly<Record<string, Field>>>> = {
  transport: { codecs: listOf(codecs), reliable: flag, clients: flag, severalStreams: flag },
  source: { frames: listOf(['raw', ...codecs]), controls: flag, alwaysStarts: flag },
  encoder: { codec: oneOf(codecs), pixelFormats: listOf(pixelFormats), controls: flag }
}

/** What a plugin declares in `supports`, complete. */
export type Supports = Readonly<Record<string, unknown>>

/**
 * What a plugin supports, with the defaults for what it does not declare, or declares in a way that means nothing.
 * @param declared its `supports`, of which nothing is known.
 * @returns with what is wrong with the declaration, and what it has that means nothing here.
 */
export function supportsOf(
  kind: PluginKind,
  declared: unknown
): { readonly supports: Supports; readonly problems: readonly string[]; readonly unknown: readonly string[] } {
  if (declared !== undefined && (typeof declared !== 'object' || declared === null))
    return {
      supports: complete(kind, {}),
      problems: [`supports is ${valueText(declared)}, not keys with values`],
      unknown: []
    }
  const problems: string[] = []
  const unknown: string[] = []
  const known = fields[kind]
  const right: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(declared ?? {})) {
    const field = Object.hasOwn(known, key) ? known[key] : undefined
    if (value === undefined) continue
    if (field === undefined) {
      const nearest = nearestKey(key, Object.keys(known))
      const guess = nearest === undefined ? '' : `did you mean ${nearest}? `
      unknown.push(`supports.${key} means nothing; ${guess}There are: ${Object.keys(known).join(', ')}`)
    } else if (field.isAllowed(value)) right[key] = value
    else problems.push(`supports.${key} is ${valueText(value)}; it must be ${field.allowed}`)
  }
  return { supports: complete(kind, right), problems, unknown }
}

function complete(kind: PluginKind, declared: Supports): Supports {
  if (kind === 'transport') return { ...transportSupports(declared as TransportSupports) }
  return kind === 'source'
    ? { ...sourceSupports(declared as SourceSupports) }
    : { ...encoderSupports(declared as EncoderSupports) }
}

/** `Carries mjpeg; clients connect; nothing that was taken is lost; all streams.` */
export function supportsText(kind: PluginKind, supports: Supports): string {
  const words = {
    transport: () => transportWords(supports as Required<TransportSupports>),
    source: () => sourceWords(supports as Required<SourceSupports>),
    encoder: () => encoderWords(supports as Required<EncoderSupports>)
  }
  return `${words[kind]().join('; ')}.`
}

function transportWords({ codecs, reliable, clients, severalStreams }: Required<TransportSupports>): string[] {
  return [
    `Carries ${codecs.join(' and ')}`,
    clients ? 'clients connect' : 'no clients, it takes frames from start to stop',
    reliable ? 'nothing that was taken is lost' : 'frames may be lost',
    severalStreams ? 'all streams' : 'the first stream alone'
  ]
}

function sourceWords({ frames, controls, alwaysStarts }: Required<SourceSupports>): string[] {
  return [
    `Gives ${frames.map((kind) => (kind === 'raw' ? 'raw frames' : kind)).join(' or ')}`,
    liveText(controls),
    alwaysStarts ? 'needs nothing to start' : 'needs something that can be missing'
  ]
}

function encoderWords({ codec, pixelFormats: formats, controls }: Required<EncoderSupports>): string[] {
  const isAll = pixelFormats.every((format) => formats.includes(format))
  return [`Makes ${codec}`, isAll ? 'of all pixel formats' : `of ${formats.join(', ')}`, liveText(controls)]
}

function liveText(controls: boolean): string {
  return controls ? 'settings can change while it runs' : 'no settings change while it runs'
}
