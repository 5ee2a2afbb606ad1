import type { Controls } from './controls.js'
import type { Codec, EncodedFrame, Frame } from './frame.js'
import type { Stream } from './stream.js'

/** Counters of a part by name, for people and state pages: `{ refusedRegistrations: 3 }`. They only go up. */
export type Counters = Readonly<Record<string, number>>

/** One run of a part, from `start` to `stop`. */
export interface Run {
  /** Aborted when the part is to stop; whatever it still awaits must end. */
  readonly signal: AbortSignal
  /** Says once that the part can no longer do its work. It is then stopped and started again by the core; parts never restart themselves. */
  fail(error: Error): void
}

/** One run of a source, and where its frames go. */
export interface SourceRun extends Run {
  /** What the stream carries. A source that can give this codec itself spares the encoder; raw frames always do. */
  readonly codec?: Codec
  /** Takes the next frame; never throws and never waits. Without effect once `signal` is aborted. */
  push(frame: Frame): void
}

/** Makes frames: a camera, a program, a test picture. Started and stopped many times in its life. */
export interface Source {
  /**
   * Called when the program begins to serve, before anybody watches: a chance to look around and to say what was found. Nobody waits for it, `start` may
   * come meanwhile, and what it throws changes nothing.
   * @param signal aborted when the program stops; whatever it still awaits must end then.
   */
  prepare?(signal: AbortSignal): Promise<void>
  /**
   * Resolves when frames are on their way. Rejects, or calls `run.fail` later, when there are none to be had.
   * The watchdog counts from then on, or from the first frame; before, it has `Supervision.startTimeoutMs` (two minutes).
   */
  start(run: SourceRun): Promise<void>
  /** Resolves when processes are gone and devices are free. May be called twice, and without `start`. */
  stop(): Promise<void>
  readonly controls?: Controls | undefined
  stats?(): Counters
}

/** One run of an encoder, and where its frames go. */
export interface EncoderRun extends Run {
  push(frame: EncodedFrame): void
}

/** Makes encoded frames of raw ones (or of frames in another codec). */
export interface Encoder {
  readonly output: Codec
  start(run: EncoderRun): Promise<void>
  /** Takes a frame to encode; never throws and never waits. When it cannot keep up the newest frame replaces the waiting one, and that is counted. */
  push(frame: Frame): void
  stop(): Promise<void>
  readonly controls?: Controls | undefined
  stats?(): Counters
}

/** Carries encoded frames to clients over one protocol. */
export interface Transport {
  /** Streams of another codec are not handed to it. */
  readonly accepts: readonly Codec[]
  /**
   * Resolves when clients can connect, with the real addresses (port 0 resolved) as URLs, one or more per stream.
   * @param streams every stream this transport can carry, in the order of the configuration; the first is the default one.
   * @throws StreamerError `ERR_LISTEN` when it cannot listen.
   */
  start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]>
  /** Resolves when its sockets are closed. May be called twice, and without `start`. */
  stop(): Promise<void>
  stats?(): Counters
}
