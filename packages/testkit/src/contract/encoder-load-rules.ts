import type { EncodedFrame } from '@streamer/core/plugin'
import { brokenFrames, formatlessFrame, type TestFrame } from './encoder-pictures.js'
import type { EncoderRig, WithEncoder } from './encoder-rig.js'
import type { RecordedRun } from './part-run.js'
import type { Rule } from './rules.js'

const group = 'frames that it takes'
/** Pushed at once. */
const burst = 48
/** Frames that an encoder may hold: more wait for nothing but to grow old. */
const mostHeld = 16

/** What an encoder does with frames: when it is given too many, broken ones, and at the wrong time. */
export function encoderLoadRules(withEncoder: WithEncoder): Rule[] {
  return [
    rule('gives a frame back that comes before the start, and nothing comes of it', async (rig) => {
      const frame = rig.pushNext()
      const sequences: number[] = []
      const run = await rig.start(({ sequence }) => void sequences.push(sequence))
      await rig.gives(run, 2)
      if (sequences.includes(frame.sequence)) throw new Error('it encoded a frame that was pushed before the start')
      assertReleased(frame, 'that was pushed before the start')
    }),
    rule('gives a frame back that comes after the stop, and nothing comes of it', async (rig) => {
      const sequences: number[] = []
      const run = await rig.start(({ sequence }) => void sequences.push(sequence))
      await rig.gives(run, 2)
      run.abort()
      await rig.stop()
      const frame = rig.pushNext()
      await rig.settle([frame])
      await rig.linger()
      if (sequences.includes(frame.sequence)) throw new Error('it encoded a frame that was pushed after the stop')
      assertReleased(frame, 'that was pushed after the stop')
    }),
    rule('gives each frame back once that it encodes', async (rig) => {
      const run = await rig.start()
      const frames: TestFrame[] = []
      for (let count = 0; count < 4; count++) frames.push(await rig.encode(run))
      await rig.settle(frames)
      await rig.linger()
      run.abort()
      await rig.stop()
      for (const frame of frames) assertReleased(frame, 'that it encoded')
    }),
    rule('gives each frame back once that it drops or that is still in it at the stop', async (rig) => {
      const run = await rig.start()
      const frames = pushMany(rig)
      run.abort()
      await rig.stop()
      for (const frame of frames) assertReleased(frame, 'of several that came at once, until stop() had resolved')
    }),
    rule('holds few frames when more come than it can encode', async (rig) => {
      await rig.start()
      const held = pushMany(rig).filter(({ releases }) => releases === 0).length
      if (held > mostHeld)
        throw new Error(`it holds ${held} of ${burst} frames that came at once; ${mostHeld} are enough`)
    }),
    rule('always gives the newest of the frames that it was given', async (rig) => {
      let newest = -1
      const run = await rig.start(({ sequence }) => {
        newest = Math.max(newest, sequence)
      })
      for (let times = 0; times < 3; times++) {
        const last = pushMany(rig).at(-1)!.sequence
        await rig.until(run, 'encoding the newest of several frames that came at once', () => newest === last)
      }
    }),
    rule('counts the frames that it does not encode', async (rig) => {
      const run = await rig.start()
      await rig.gives(run, 1)
      const { count } = run
      const before = countersOf(rig)
      await rig.settle(pushMany(rig))
      await rig.flush(run)
      const dropped = burst + 1 - (run.count - count)
      const grown = Object.entries(countersOf(rig)).map(([name, value]) => value - (before[name] ?? 0))
      // Which of the counters it is, is its own business; one of them has to be.
      if (dropped > 0 && !grown.includes(dropped)) {
        throw new Error(`of ${burst} frames it did not encode ${dropped}, and none of its counters grew by ${dropped}`)
      }
    }),
    rule('neither throws nor hangs when a frame is not what it says', async (rig) => {
      let run: RecordedRun<EncodedFrame> | undefined
      for (const pixelFormat of rig.pixelFormats) {
        for (const [what, frame] of brokenFrames(pixelFormat, brokenSequence)) {
          run = await takesBroken(rig, run, `${what} (${frame.pixelFormat})`, frame)
        }
      }
      await takesBroken(rig, run, 'in a pixel format that there is not', formatlessFrame(brokenSequence))
    }),
    rule('goes on when a frame cannot be given back', async (rig) => {
      const run = await rig.start()
      const frames = Array.from({ length: burst }, () => rig.nextFrame())
      for (const frame of frames) {
        const release = () => {
          frame.releases++
          throw new Error('the source does not take this frame back')
        }
        rig.push(Object.assign(frame, { release }))
      }
      await rig.settle(frames)
      await rig.flush(run)
    })
  ]

  function rule(name: string, check: (rig: EncoderRig) => Promise<void>): Rule {
    return { group, name, check: () => withEncoder(check) }
  }
}

/** No frame that is whole has it. */
const brokenSequence = 1_000_000

function pushMany(rig: EncoderRig): TestFrame[] {
  return Array.from({ length: burst }, () => rig.pushNext({ width: 320, height: 240 }))
}

function assertReleased({ releases }: TestFrame, which: string): void {
  if (releases === 0) throw new Error(`it did not give a frame back ${which}: release() was not called`)
  if (releases > 1) throw new Error(`it gave a frame back ${releases} times ${which}: release() is called once`)
}

function countersOf(rig: EncoderRig): Readonly<Record<string, number>> {
  return { ...rig.enter(() => rig.part.stats?.()) }
}

/** Something that came of a broken frame is kept for `rethrow`. */
function startNoting(rig: EncoderRig): Promise<RecordedRun<EncodedFrame>> {
  return rig.start(({ sequence }) => {
    if (sequence === brokenSequence) throw new Error('it encoded a frame')
  })
}

/**
 * @param before the run that goes on, if there is one.
 * @returns the same, nothing if the broken frame was reason to fail.
 */
async function takesBroken(
  rig: EncoderRig,
  before: RecordedRun<EncodedFrame> | undefined,
  what: string,
  frame: TestFrame
): Promise<RecordedRun<EncodedFrame> | undefined> {
  const run = before ?? (await startNoting(rig))
  try {
    rig.push(frame)
    // What comes of a later frame comes after all that comes of this one.
    await rig.encode(run).catch((error: unknown) => {
      if (run.failures.length === 0) throw error
    })
    run.rethrow()
    await rig.settle([frame])
    const { length: failures } = run.failures
    if (failures > 1) throw new Error('fail() was called more than once')
    if (failures > 0) {
      run.abort()
      await rig.stop()
    }
    assertReleased(frame, 'that it could not encode')
    return failures > 0 ? undefined : run
  } catch (error) {
    throw new Error(`a frame ${what}: ${(error as Error).message}`)
  }
}
