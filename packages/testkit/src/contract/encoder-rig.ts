import {
  type EncodedFrame,
  type Encoder,
  encoderSupports,
  type Frame,
  messageOf,
  type PixelFormat
} from '@streamer/core/plugin'
import type { EncoderFixture } from '../fixtures.js'
import { drawQuarters, type Rows, TestFrame } from './encoder-pictures.js'
import { contextOf, fixtureOptions, inEmptyFolder } from './make-plugin.js'
import { OpenResources } from './open-resources.js'
import { PartRig, type RigOptions, type WithRig } from './part-rig.js'
import type { RecordedRun, Take } from './part-run.js'
import { defaultLimitMs } from './within.js'

/** What a test frame is like; the default is small, in the first format that the encoder declares, without padding. */
export interface Picture extends Rows {
  readonly pixelFormat?: PixelFormat
  readonly width?: number
  readonly height?: number
  readonly sequence?: number
}

/** An encoder as a stream of the core has it. */
export class EncoderRig extends PartRig<EncodedFrame, Encoder> {
  readonly pixelFormats: readonly PixelFormat[]
  #sequence = 0
  protected frameMs = 0
  protected readonly take: Take<EncodedFrame> = () => {}

  constructor(options: RigOptions, pixelFormats: readonly PixelFormat[], make: () => Encoder) {
    super(options, make)
    this.pixelFormats = pixelFormats
  }

  /** Frames one after another, each when the one before has come out. */
  async gives(run: RecordedRun<EncodedFrame>, count: number): Promise<void> {
    for (let frames = 0; frames < count; frames++) await this.encode(run)
  }

  stir(): void {
    this.pushNext()
  }

  /** A frame with the next sequence. */
  nextFrame({ pixelFormat, width = 64, height = 48, sequence, ...rows }: Picture = {}): TestFrame {
    const format = pixelFormat ?? this.pixelFormats[0] ?? 'rgb24'
    const planes = drawQuarters(format, width, height, rows)
    return new TestFrame(format, width, height, sequence ?? this.#sequence++, planes)
  }

  /** Pushes a frame with the next sequence. */
  pushNext(picture: Picture = {}): TestFrame {
    const frame = this.nextFrame(picture)
    this.push(frame)
    return frame
  }

  /** @throws Error when `push` throws. */
  push(frame: Frame): void {
    try {
      this.enter(() => this.part.push(frame))
    } catch (error) {
      throw new Error(`push() of the encoder threw: ${messageOf(error)}`)
    }
  }

  /** Pushes a frame while nothing else is on its way, and waits for what comes of it. @returns the frame that was pushed. */
  async encode(run: RecordedRun<EncodedFrame>, picture: Picture = {}): Promise<TestFrame> {
    const { count } = run
    const frame = this.nextFrame(picture)
    const beganMs = performance.now()
    this.push(frame)
    await this.until(
      run,
      `encoding a frame of ${frame.width}x${frame.height} in ${frame.pixelFormat}`,
      () => run.count > count
    )
    this.frameMs = Math.max(this.frameMs, performance.now() - beganMs)
    return frame
  }

  /** Waits until all of these have been given back, at most a step's time. Whether they are is asked by rules of their own. */
  async settle(frames: readonly TestFrame[]): Promise<void> {
    const limit = new AbortController()
    const settled = (async () => {
      while (frames.some(({ releases }) => releases === 0) && !limit.signal.aborted) await this.pause()
    })()
    await this.within('giving frames back', settled).catch(() => limit.abort())
  }

  /** Waits until all that comes of frames which have been given back is there: until a later frame is. */
  async flush(run: RecordedRun<EncodedFrame>): Promise<void> {
    const { sequence } = this.pushNext()
    await this.until(run, 'encoding a frame after others', () => run.lastSequence === sequence)
  }

  /** Waits as long as it takes for some frames. */
  async linger(): Promise<void> {
    for (let times = 0; times < 3; times++) await this.pause()
  }
}

export type WithEncoder = WithRig<EncoderRig>

/** Gives each rule a new encoder of the fixture's. */
export function encoderRigs({ plugin, options = {}, limitMs = defaultLimitMs }: EncoderFixture): WithEncoder {
  const { pixelFormats } = encoderSupports(plugin.supports)
  return (body, { watch = false } = {}) =>
    inEmptyFolder(async (folder) => {
      const valid = await fixtureOptions(plugin, options)
      const context = contextOf(plugin.name, folder)
      const resources = watch ? new OpenResources() : undefined
      try {
        const rig = new EncoderRig({ kind: 'encoder', limitMs, resources }, pixelFormats, () =>
          plugin.create(valid, context)
        )
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
