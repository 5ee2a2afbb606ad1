import type { Codec, PixelFormat } from './frame.js'

/**
 * What a transport can do, as `streamer plugins` shows it and `transportContract` holds it to. What is left out is the strictest: a transport with
 * clients that gives every stream to all of them and loses nothing that it took.
 */
export interface TransportSupports {
  /** What its `accepts` says. Default `['mjpeg']`. */
  readonly codecs?: readonly Codec[]
  /** Every frame that it took from a subscription arrives. Otherwise some may be lost, and those that arrive are whole. Default true. */
  readonly reliable?: boolean
  /** Clients connect to an address, and only their subscriptions keep the camera running. Otherwise it takes frames from start to stop. Default true. */
  readonly clients?: boolean
  /** It serves every stream; otherwise the first one alone. Default true. */
  readonly severalStreams?: boolean
}

/** What a source can do, as `streamer plugins` shows it and `sourceContract` holds it to. */
export interface SourceSupports {
  /** What it pushes, depending on its options and on `run.codec`: raw frames, or frames that it encodes itself. Default `['raw']`. */
  readonly frames?: ReadonlyArray<'raw' | Codec>
  /** It has settings that can change while it runs. Default false. */
  readonly controls?: boolean
  /** It needs nothing (no device, no program, no file) that could be missing when it starts. Default false. */
  readonly alwaysStarts?: boolean
}

/** What an encoder can do, as `streamer plugins` shows it and `encoderContract` holds it to. */
export interface EncoderSupports {
  /** What its `output` says. Default `mjpeg`. */
  readonly codec?: Codec
  /** Raw frames that it can read. Default: all. */
  readonly pixelFormats?: readonly PixelFormat[]
  /** It has settings that can change while it runs. Default false. */
  readonly controls?: boolean
}

/** Every pixel format that there is. */
export const pixelFormats: readonly PixelFormat[] = ['rgb24', 'bgr24', 'rgba', 'bgra', 'gray', 'yuv420p', 'nv12']

/** `supports` of a transport with what was left out. */
export function transportSupports(declared: TransportSupports = {}): Required<TransportSupports> {
  return { codecs: ['mjpeg'], reliable: true, clients: true, severalStreams: true, ...declared }
}

/** `supports` of a source with what was left out. */
export function sourceSupports(declared: SourceSupports = {}): Required<SourceSupports> {
  return { frames: ['raw'], controls: false, alwaysStarts: false, ...declared }
}

/** `supports` of an encoder with what was left out. */
export function encoderSupports(declared: EncoderSupports = {}): Required<EncoderSupports> {
  return { codec: 'mjpeg', pixelFormats, controls: false, ...declared }
}
