import {
  defaultTransports,
  type LoadedConfig,
  loadConfig,
  type PartConfig,
  type Path,
  type StreamerConfig
} from '@streamer/core'
import type { Plugin, PluginKind } from '@streamer/core/plugin'
import type { TestPart, TestServerOptions, TestStream } from './options.js'
import { finishedPart, writtenPart } from './parts.js'

/** What a stream has for a camera when it is given none. */
const defaultSource: PartConfig = { use: 'fake', width: 320, height: 240, output: 'jpeg' }

/**
 * The configuration of a test's server, with its plugins. Nothing is started.
 * @throws ConfigError or StreamerError, as `loadConfig` does; TypeError when it is not clear which camera belongs to which stream.
 */
export async function testConfiguration(options: TestServerOptions, isManual: boolean): Promise<LoadedConfig> {
  checkCameras(options)
  const { transports = defaultTransports, baseDir = process.cwd(), host = '127.0.0.1' } = options
  // A manual camera is silent for as long as the test likes.
  const { linger = 0, watchdog = isManual ? 0 : 2, encoder } = options
  const hasCamera = options.camera !== undefined || options.cameras !== undefined
  const config = {
    host,
    linger,
    watchdog,
    ...(encoder && { encoder: writtenPart('encoder', encoder, ['encoder']) }),
    ...writtenStreams(options, hasCamera),
    transports: transports.map((part, index) => writtenPart('transport', part, ['transports', index]))
  } as StreamerConfig
  const loaded = await loadConfig({
    config,
    cwd: baseDir,
    resolveFrom: [import.meta.url],
    replaced: new Set<PluginKind>(hasCamera ? ['source'] : [])
  })
  const streams = streamsOf(options)
  return {
    ...loaded,
    streams: await Promise.all(
      loaded.streams.map(async (stream) => {
        const { source, encoder: own = encoder } = streams?.[stream.name] ?? options
        return {
          ...stream,
          source: await finished(stream.source, source),
          encoder: await finished(stream.encoder, own)
        }
      })
    ),
    transports: await Promise.all(
      (loaded.transports ?? []).map((part, index) => finishedPart(part, transports[index]!, { host, port: 0 }))
    )
  }
}

/** A part that was not written is as it was loaded. */
async function finished<Loaded extends Parameters<typeof finishedPart>[0]>(
  loaded: Loaded | undefined,
  part: TestPart<Plugin> | undefined
): Promise<Loaded | undefined> {
  return loaded && part ? finishedPart(loaded, part, {}) : loaded
}

/** Several streams by name; undefined when there is one without a name. */
function streamsOf({ streams, cameras }: TestServerOptions): Readonly<Record<string, TestStream>> | undefined {
  if (!cameras) return streams
  const named = Object.keys(cameras).map((name): [string, TestStream] => [name, streams?.[name] ?? {}])
  return Object.fromEntries(named)
}

/** Source and streams as the core's configuration has them. */
function writtenStreams(options: TestServerOptions, hasCamera: boolean): Pick<StreamerConfig, 'source' | 'streams'> {
  const { source } = options
  const streams = streamsOf(options)
  const sourceAt = (part: TestStream['source'], path: Path): PartConfig =>
    part ? writtenPart('source', part, path) : defaultSource
  if (!streams) return hasCamera ? {} : { source: sourceAt(source, ['source']) }
  const written = Object.entries(streams).map(([name, { source: own, encoder, ...rest }]) => {
    const path = ['streams', name]
    return [
      name,
      {
        ...rest,
        ...(hasCamera ? {} : { source: sourceAt(own, [...path, 'source']) }),
        ...(encoder && { encoder: writtenPart('encoder', encoder, [...path, 'encoder']) })
      }
    ]
  })
  // A source beside streams is a mistake, and the core says so.
  return { ...(source && { source: sourceAt(source, ['source']) }), streams: Object.fromEntries(written) }
}

function checkCameras({ camera, cameras, source, streams }: TestServerOptions): void {
  const names = Object.keys(streams ?? {})
  if (camera && cameras) throw new TypeError('startStreamer: give either camera, for one stream, or cameras')
  if (camera && names.length > 1)
    throw new TypeError(
      `startStreamer: one camera for ${names.length} streams (${names.join(', ')}): give cameras, by their names`
    )
  if (!camera && !cameras) return
  const lacking = cameras ? names.filter((name) => !(name in cameras)) : []
  if (lacking.length > 0) throw new TypeError(`startStreamer: cameras has none for the stream ${lacking.join(', ')}`)
  const sourced = names.filter((name) => streams?.[name]?.source)
  if (source || sourced.length > 0)
    throw new TypeError('startStreamer: a camera and a source are given for the same stream')
}
