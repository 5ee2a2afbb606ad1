import type { PartConfig, StreamerConfig, Supervision } from '@streamer/core'
import type { EncoderPlugin, Source, SourcePlugin, TransportPlugin } from '@streamer/core/plugin'

/** A part as in `.streamerrc`, or with the plugin itself in place of its name; the plugin's options stand beside it. */
export type TestPart<Plugin> = PartConfig | ({ readonly plugin: Plugin } & Readonly<Record<string, unknown>>)

// biome-ignore-start lint/suspicious/noExplicitAny: the options of any plugin.
/** A source by name or as a plugin: `{ plugin: mySource, framerate: 5 }`. */
export type TestSource = TestPart<SourcePlugin<any>>
/** An encoder by name or as a plugin. */
export type TestEncoder = TestPart<EncoderPlugin<any>>
/** A transport by name or as a plugin: `{ plugin: myTransport, port: 0 }`. `name` and `optional` are as in `.streamerrc`. */
export type TestTransport = TestPart<TransportPlugin<any>>
// biome-ignore-end lint/suspicious/noExplicitAny: the options of any plugin.

/** One of several streams. */
export interface TestStream {
  readonly source?: TestSource
  readonly encoder?: TestEncoder
  readonly linger?: number | 'always'
  readonly watchdog?: number
}

/** What `startStreamer` may be told: a configuration as in `.streamerrc`, in which all is optional, and what is a test's own. */
export interface TestServerOptions extends Pick<StreamerConfig, 'host' | 'linger' | 'watchdog'> {
  /** The camera of the only stream: a `fakeCamera()`, or any other `Source`. Default: the plugin `fake`, 320x240, JPEG. */
  readonly camera?: Source
  /** The cameras of several streams, by the names of the streams. */
  readonly cameras?: Readonly<Record<string, Source>>
  /** A source plugin in place of a camera that is given. */
  readonly source?: TestSource
  /** Default: `jpeg`. */
  readonly encoder?: TestEncoder
  /** Several streams with sources of their own. */
  readonly streams?: Readonly<Record<string, TestStream>>
  /** Default: http, tcp and udp. A transport that has an option `port` and is given none takes a free one. */
  readonly transports?: readonly TestTransport[]
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string
  /** Seconds that the camera goes on after its last viewer. Default 0: it stops at once. */
  readonly linger?: number | 'always'
  /** Seconds without a frame after which the camera is started again. Default 2, and 0 (never) with a manual camera. */
  readonly watchdog?: number
  /** Absolute path of the folder that paths (`use: './dist/index.js'`) refer to, and from which packages are looked for first. Default: the working directory. */
  readonly baseDir?: string
  /** When the server steps in for a part. Default: `testSupervision`. */
  readonly supervision?: Partial<Supervision>
}

/**
 * Pauses that no test needs to wait for: a part is started again after 10 ms, 20 ms, … 100 ms; what clients see in the place of missing frames comes
 * after 0.2 s, "no signal" after 0.3 s. What is not here is as in a server.
 */
export const testSupervision = {
  backoffMinMs: 10,
  backoffMaxMs: 100,
  repeatMs: 200,
  noSignalAfterMs: 300,
  startTimeoutMs: 10_000,
  detectAgainMs: 200
} as const satisfies Partial<Supervision>

/** With a manual camera clients get the frames that the test asked for and no others: nothing is repeated, "no signal" included. A day. */
export const manualRepeatMs = 86_400_000
