import {
  checkSupports,
  type EncoderSupports,
  encoderSupports,
  type PluginKind,
  pixelFormats,
  type SourceSupports,
  sourceSupports,
  type TransportSupports,
  transportSupports
} from '@streamer/core'

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
  const { right, faults, unknown } = checkSupports(kind, declared)
  const problems = faults.map(({ subject, value, reason }) => `${subject} is ${value}${reason}`)
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
