import type {
  Codec,
  Counters,
  EncodedFrame,
  Encoder,
  EncoderRun,
  Frame,
  Logger,
  Run,
  Source,
  SourceRun,
  Stream,
  Subscription,
  Transport
} from '../src/plugin/index.js'
import { monotonicUs } from '../src/plugin/index.js'

/** A frame whose bytes are not a JPEG; the core must not mind. */
export function standInFrame(sequence: number, change: Partial<EncodedFrame> = {}): EncodedFrame {
  return {
    kind: 'encoded',
    codec: 'mjpeg',
    keyframe: true,
    sequence,
    timestampUs: monotonicUs(),
    width: 64,
    height: 48,
    data: new Uint8Array([sequence & 255, 1, 2, 3]),
    ...change
  }
}

/** A source that a test drives by hand. */
export class StandInSource implements Source {
  readonly runs: SourceRun[] = []
  stops = 0
  running = false
  startError: Error | undefined
  neverStops = false
  statsError: Error | undefined
  #sequence = 0
  #held: Promise<void> | undefined
  #release = () => {}

  get run(): SourceRun {
    const run = this.runs.at(-1)
    if (!run) throw new Error('the source was never started')
    return run
  }

  async start(run: SourceRun): Promise<void> {
    this.runs.push(run)
    this.#sequence = 0
    await this.#held
    if (this.startError) throw this.startError
    this.running = true
  }

  /** Starts do not come to an end until `finishStart`. */
  holdStart(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  finishStart(): void {
    this.#held = undefined
    this.#release()
  }

  async stop(): Promise<void> {
    this.stops++
    this.running = false
    if (this.neverStops) await new Promise(() => {})
  }

  stats(): Counters {
    if (this.statsError) throw this.statsError
    return {}
  }

  /** Gives one frame, or the frame given. */
  give(frame: Frame = standInFrame(this.#sequence++)): Frame {
    this.run.push(frame)
    return frame
  }
}

/** An encoder whose "JPEG" is the raw frame's first plane. */
export class StandInEncoder implements Encoder {
  readonly output: Codec = 'mjpeg'
  readonly pushed: Frame[] = []
  starts = 0
  stops = 0
  startError: Error | undefined
  fault: 'none' | 'start hangs' | 'gives nothing' | 'push throws' = 'none'
  #run: EncoderRun | undefined

  async start(run: EncoderRun): Promise<void> {
    this.starts++
    if (this.startError) throw this.startError
    if (this.fault === 'start hangs') await new Promise(() => {})
    this.#run = run
  }

  push(frame: Frame): void {
    this.pushed.push(frame)
    if (this.fault === 'push throws') throw new Error('no push')
    if (frame.kind !== 'raw' || this.fault === 'gives nothing') return
    const { sequence, timestampUs, width, height, planes } = frame
    const data = planes[0]?.data.slice(0, 4) ?? new Uint8Array()
    this.#run?.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data })
    frame.release?.()
  }

  fail(error: Error): void {
    this.#run?.fail(error)
  }

  async stop(): Promise<void> {
    this.stops++
    this.#run = undefined
  }
}

/** A transport that subscribes when a test says so. */
export class StandInTransport implements Transport {
  readonly accepts: readonly Codec[] = ['mjpeg']
  starts = 0
  stops = 0
  startErrors: Error[] = []
  /** Called in `start`, before it resolves. */
  onStart: (run: Run, streams: ReadonlyMap<string, Stream>) => void | Promise<void> = () => {}
  streams: ReadonlyMap<string, Stream> = new Map()
  run: Run | undefined

  async start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    this.starts++
    const error = this.startErrors.shift()
    if (error) throw error
    this.run = run
    this.streams = streams
    await this.onStart(run, streams)
    return ['stand-in://host:1']
  }

  async stop(): Promise<void> {
    this.stops++
  }
}

/** A client that keeps every frame and is ready again at once, or when a test says so. */
export class StandInClient {
  readonly frames: EncodedFrame[] = []
  readonly subscription: Subscription

  constructor(
    subscribe: (onFrame: (frame: EncodedFrame) => void) => Subscription,
    ready: 'at once' | 'by hand' = 'at once'
  ) {
    this.subscription = subscribe((frame) => {
      this.frames.push(frame)
      if (ready === 'at once') this.subscription.ready()
    })
  }

  get sequences(): number[] {
    return this.frames.map(({ sequence }) => sequence)
  }
}

/** Keeps what is logged. */
export class StandInLogger implements Logger {
  readonly lines: string[]
  readonly #name: string

  constructor(lines: string[] = [], name = '') {
    this.lines = lines
    this.#name = name
  }
  error(message: string): void {
    this.lines.push(`error ${this.#name}: ${message}`)
  }
  warn(message: string): void {
    this.lines.push(`warn ${this.#name}: ${message}`)
  }
  info(message: string): void {
    this.lines.push(`info ${this.#name}: ${message}`)
  }
  debug(): void {}
  child(name: string): Logger {
    return new StandInLogger(this.lines, name)
  }
}
