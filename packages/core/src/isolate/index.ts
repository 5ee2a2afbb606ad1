import type { LoadedPart } from '../config/part-loader.js'
import {
  type EncoderPlugin,
  encoderSupports,
  type PluginContext,
  type SourcePlugin,
  sourceSupports,
  type TransportPlugin,
  transportSupports
} from '../plugin/index.js'
import { IsolatedEncoder } from './isolated-encoder.js'
import { IsolatedSource } from './isolated-source.js'
import { IsolatedTransport } from './isolated-transport.js'
import { IsolatedPlace } from './place.js'

/** What stands here for a part in a worker thread. What the part can do is known from what its plugin declares. */
export function isolated(
  part: LoadedPart,
  context: PluginContext,
  hangMs: number
): IsolatedSource | IsolatedEncoder | IsolatedTransport {
  const place = new IsolatedPlace(part, context, hangMs)
  if (part.kind === 'source') {
    return new IsolatedSource(sourceSupports((part.plugin as SourcePlugin).supports).controls, place)
  }
  if (part.kind === 'encoder') {
    const { codec, controls } = encoderSupports((part.plugin as EncoderPlugin).supports)
    return new IsolatedEncoder(codec, controls, place)
  }
  return new IsolatedTransport(transportSupports((part.plugin as TransportPlugin).supports).codecs, place)
}
