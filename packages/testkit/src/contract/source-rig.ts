import type { Codec, DetectContext, Frame, PluginContext, Source, SourcePlugin } from '@streamer/core/plugin'
import { sourceSupports } from '@streamer/core/plugin'
import type { SourceFixture, WrittenOptions } from '../fixtures.js'
import { contextOf, fixtureOptions, inEmptyFolder } from './make-plugin.js'
import { OpenResources } from './open-resources.js'
import { PartRig, type RigOptions, type WithRig } from './part-rig.js'
import type { RecordedRun, Take } from './part-run.js'
import { defaultLimitMs } from './within.js'

/** What a source is made of. */
interface Makings {
  // biome-ignore lint/suspicious/noExplicitAny: the options of any plugin.
  readonly plugin: SourcePlugin<any>
  readonly options: unknown
  readonly context: PluginContext
}

/** A source as a stream of the core has it. */
export class SourceRig extends PartRig<Frame, Source> {
  readonly #makings: Makings
  /** What the stream carries; undefined = it is not told. */
  codec: Codec | undefined
  /** Gives frames back at once, as if nobody watched. */
  protected readonly take: Take<Frame> = (frame) => {
    if (frame.kind === 'raw') frame.release?.()
  }

  constructor(options: RigOptions, makings: Makings) {
    super(options, () => makings.plugin.create(makings.options, makings.context))
    this.#makings = makings
    this.codec = codecsOf(makings.plugin)[0] ?? 'mjpeg'
  }

  async gives(run: RecordedRun<Frame>, count: number): Promise<void> {
    for (let frames = 0; frames < count; frames++) {
      const { count: before } = run
      await this.until(run, 'giving a frame', () => run.count > before)
    }
  }

  stir(): void {
    // It pushes by itself.
  }

  /** @param signal aborted when it shall end. */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.enter(() => this.part.prepare?.(signal))
  }

  override async lookAround(): Promise<void> {
    // What it throws changes nothing.
    await this.within(
      'prepare()',
      this.prepare(new AbortController().signal).catch(() => {})
    )
  }

  protected get frameMs(): number {
    return Math.max(0, ...this.runs.map((run) => run.longestGapMs))
  }

  /** Asks whether there is something to capture from. */
  async detect(signal: AbortSignal): Promise<unknown> {
    const { plugin, options, context } = this.#makings
    const detectContext: DetectContext = { ...context, signal }
    return this.enter(() => plugin.detect?.(options, detectContext))
  }

  protected override startPart(run: RecordedRun<Frame>): Promise<void> {
    const { signal, push, fail } = run
    return this.part.start({ signal, push, fail, ...(this.codec && { codec: this.codec }) })
  }
}

/** @param options in place of the fixture's. */
export type WithSource = WithRig<SourceRig, { readonly options?: WrittenOptions | undefined }>

/** Gives each rule a new source of the fixture's. */
export function sourceRigs({ plugin, options, baseDir, limitMs = defaultLimitMs }: SourceFixture): WithSource {
  return (body, { watch = false, options: otherOptions } = {}) =>
    inEmptyFolder(async (folder) => {
      const makings = {
        plugin,
        options: await fixtureOptions(plugin, otherOptions ?? options),
        context: contextOf(plugin.name, baseDir ?? folder)
      }
      const resources = watch ? new OpenResources() : undefined
      try {
        const rig = new SourceRig({ kind: 'source', limitMs, resources }, makings)
        try {
          await body(rig)
        } finally {
          await rig.dispose()
        }
      } finally {
        resources?.close()
      }
    })
}

/** Codecs that the source can give itself. */
export function codecsOf({ supports }: Pick<SourcePlugin, 'supports'>): readonly Codec[] {
  return sourceSupports(supports).frames.filter((kind) => kind !== 'raw')
}
