import type { HostView, Stream, StreamStats, TransportStatus } from '@streamer/core/plugin'

/** What `/state` answers. Names and meanings do not change between major versions; fields may be added. */
export interface HttpState {
  /** Of the core. */
  readonly version: string
  /** Milliseconds since the Unix epoch, by the clock as it was then; changes only with a restart of the program. */
  readonly startedAtMs: number
  /** Milliseconds since then, whatever happened to the clock. */
  readonly uptimeMs: number
  /** In the order of the configuration. */
  readonly streams: readonly HttpStreamState[]
  readonly transports: readonly TransportStatus[]
  /** Only for `/state?viewer=word`: names of the streams that are open over HTTP with the same `viewer=word`. */
  readonly viewing?: readonly string[]
}

/** One stream in `/state`: its statistics, and where it is to be had over HTTP. */
export interface HttpStreamState extends StreamStats {
  /** Paths on this server; null when its codec cannot be served over HTTP. */
  readonly paths: { readonly page: string; readonly stream: string; readonly snapshot: string } | null
}

/**
 * The state of the whole program.
 * @param served the streams that this transport carries; all of the program's streams are listed.
 * @param uptimeMs since the start of the program.
 * @param basePath the option of that name.
 */
export function describeState(
  host: HostView,
  served: ReadonlyMap<string, Stream>,
  uptimeMs: number,
  basePath: string
): HttpState {
  const streams: HttpStreamState[] = []
  for (const [name, stream] of host.streams) {
    streams.push({ ...stream.stats(), paths: served.has(name) ? pathsOf(name, basePath) : null })
  }
  return {
    version: host.version,
    startedAtMs: host.startedAtMs,
    uptimeMs,
    streams,
    transports: host.transports()
  }
}

/** Where a stream is to be had on this server. @param basePath the option of that name. */
export function pathsOf(name: string, basePath: string): NonNullable<HttpStreamState['paths']> {
  const base = `${basePath}/${encodeURIComponent(name)}/`
  return { page: base, stream: `${base}stream.mjpg`, snapshot: `${base}snapshot.jpg` }
}
