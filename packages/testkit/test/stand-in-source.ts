import { setTimeout as pause } from 'node:timers/promises'
import {
  type Control,
  type Controls,
  type ControlValue,
  checkControls,
  createPicture,
  defineSource,
  type Frame,
  Lifecycle,
  monotonicUs,
  type Plane,
  type Source,
  type SourcePlugin,
  type SourceRun,
  StreamerError
} from '@streamer/core/plugin'
import { z } from 'zod'
import { jpeg } from '../../jpeg-splitter/test/jpegs.js'
import { changed } from './part-broken.js'

const configSchema = z.strictObject({
  output: z.enum(['raw', 'mjpeg']),
  /** `none` is one that is not there. */
  device: z.string().default('camera')
})
export type Options = z.output<typeof configSchema>

const size = { width: 64, height: 48 }

export const list: readonly Control[] = [
  { name: 'gain', description: 'Gain.', type: 'number', minimum: 0, maximum: 8, default: 1 },
  { name: 'quality', description: 'Quality.', type: 'integer', minimum: 1, maximum: 100, default: 80 },
  { name: 'flip', description: 'Upside down.', type: 'boolean', default: false },
  { name: 'mode', description: 'Mode.', type: 'enum', values: ['day', 'night'], default: 'day' }
]

/** Settings that do nothing. */
export class StandInControls implements Controls {
  current: Readonly<Record<string, ControlValue>> = Object.fromEntries(list.map((each) => [each.name, each.default]))

  list(): readonly Control[] {
    return list
  }

  values(): Readonly<Record<string, ControlValue>> {
    return this.current
  }

  async set(values: Readonly<Record<string, ControlValue>>): Promise<Readonly<Record<string, ControlValue>>> {
    checkControls('stand-in', list, values)
    this.current = { ...this.current, ...values }
    return this.current
  }
}

/** A camera that does all that a source must, for the suite of sources to be tested with: whole, and broken in one place. */
export class StandInSource implements Source {
  readonly controls: Controls = new StandInControls()
  readonly #options: Options
  readonly #lifecycle = new Lifecycle('stand-in', () => clearInterval(this.#timer))
  readonly #free: Plane[] = []
  #timer: NodeJS.Timeout | undefined
  #frames = 0

  constructor(options: Options) {
    this.#options = options
  }

  start(run: SourceRun): Promise<void> {
    return this.#lifecycle.start(run, async (signal) => {
      await pause(1)
      signal.throwIfAborted()
      if (this.#options.device === 'none') throw new StreamerError('ERR_SOURCE_NOT_FOUND', 'there is no such camera')
      let sequence = 0
      this.#timer = setInterval(() => run.push(this.#draw(sequence++)), 3)
    })
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  stats() {
    return { frames: this.#frames }
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await pause(20, undefined, { signal })
  }

  #draw(sequence: number): Frame {
    this.#frames++
    const header = { sequence, timestampUs: monotonicUs(), ...size }
    if (this.#options.output === 'mjpeg') {
      return {
        ...header,
        kind: 'encoded',
        codec: 'mjpeg',
        keyframe: true,
        data: jpeg({ ...size, fill: sequence % 200 })
      }
    }
    const plane = this.#free.pop() ?? createPicture(size.width, size.height)
    plane.data.fill(sequence)
    let release = () => {
      this.#free.push(plane)
      release = () => {}
    }
    return { ...header, kind: 'raw', pixelFormat: 'rgb24', planes: [plane], release: () => release() }
  }
}

/** What a broken one has in another way. */
export interface SourceChanges {
  readonly plugin?: Partial<SourcePlugin<Options>>
  /** Changes the source that is made. */
  readonly source?: (source: StandInSource, options: Options) => Source
}

/** The stand-in as a plugin, changed. */
export function standInPlugin({ plugin, source = (whole) => whole }: SourceChanges = {}): SourcePlugin<Options> {
  return {
    ...defineSource<Options>({
      name: 'stand-in',
      supports: { frames: ['raw', 'mjpeg'], controls: true },
      configSchema,
      create: (options) => source(new StandInSource(options), options),
      async detect({ device }, { signal }) {
        await pause(2, undefined, { signal })
        return device === 'none' ? { found: false, reason: 'there is no such camera' } : { found: true, what: device }
      }
    }),
    ...plugin
  }
}

/** A source whose `start` gets another run than it is given. */
export function withRun(source: Source, change: (run: SourceRun) => Partial<SourceRun>): Source {
  return changed(source, { start: (run) => source.start({ ...run, ...change(run) }) })
}

/** A source that pushes other frames than it would. */
export function withFrames(source: Source, change: (frame: Frame) => Frame): Source {
  return withRun(source, (run) => ({ push: (frame) => run.push(change(frame)) }))
}
