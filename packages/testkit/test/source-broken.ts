import { setTimeout as pause } from 'node:timers/promises'
import type { Frame, RawFrame, Source, SourceRun } from '@streamer/core/plugin'
import { z } from 'zod'
import { brokenControls } from './controls-broken.js'
import { brokenParts, changed, leak } from './part-broken.js'
import { type Options, type SourceChanges, type StandInSource, withFrames, withRun } from './stand-in-source.js'

type Change = NonNullable<SourceChanges['source']>

/** A source that breaks one rule. */
export interface BrokenSource extends SourceChanges {
  readonly rule: string
  /** How it breaks it. */
  readonly how: string
  /** What the rule says of it. */
  readonly message: RegExp
  readonly output?: Options['output']
  /** It never does something that is awaited. */
  readonly hangs?: true
}

const schema = z.object({ output: z.enum(['raw', 'mjpeg']), device: z.string().default('camera') })

/** Validates, and forgets where what is wrong is. */
const withoutPaths = {
  '~standard': {
    version: 1 as const,
    vendor: 'stand-in',
    validate(value: unknown) {
      const { success, data, error } = z.strictObject(schema.shape).safeParse(value)
      return success ? { value: data } : { issues: error.issues.map(({ message }) => ({ message })) }
    }
  }
}

function encoded(change: (frame: Frame & { kind: 'encoded' }) => Partial<Frame>): Change {
  return (source) =>
    withFrames(source, (frame) => (frame.kind === 'encoded' ? ({ ...frame, ...change(frame) } as Frame) : frame))
}

function raw(change: (frame: RawFrame) => Partial<RawFrame>): Change {
  return (source) => withFrames(source, (frame) => (frame.kind === 'raw' ? { ...frame, ...change(frame) } : frame))
}

function anyFrame(change: (frame: Frame) => Partial<Frame>): Change {
  return (source) => withFrames(source, (frame) => ({ ...frame, ...change(frame) }) as Frame)
}

/** A source that fails to start in another way. */
function failing(fail: (error: unknown, run: SourceRun) => Promise<never>): Change {
  return (source, { device }) =>
    changed(source, {
      start: (run) =>
        source.start(run).catch((error: unknown) => {
          // An aborted start is no failure.
          if (device !== 'none') throw error
          return fail(error, run)
        })
    })
}

const never = () => new Promise<never>(() => {})

export const brokenSources: readonly BrokenSource[] = [
  {
    rule: 'is a source plugin of this API version',
    how: 'is made for another version',
    message: /its API version is 2/,
    plugin: { apiVersion: 2 }
  },
  {
    rule: 'refuses an option that it does not have, by name',
    how: 'takes any option',
    message: /takes the option noSuchOption/,
    plugin: { configSchema: schema }
  },
  {
    rule: 'refuses a wrong value with the path of its key',
    how: 'does not say where a wrong option is',
    message: /output/,
    plugin: { configSchema: withoutPaths }
  },
  {
    rule: 'has controls if it declares them, and only then',
    how: 'does not declare the controls that it has',
    message: /has controls that `supports` does not declare/,
    plugin: { supports: { frames: ['raw'] } }
  },
  {
    rule: 'has controls if it declares them, and only then',
    how: 'declares controls and has none',
    message: /declares controls and has none/,
    source: (source) => changed<Source>(source, { controls: undefined })
  },
  ...brokenParts<StandInSource>().map(
    ({ change, ...broken }): BrokenSource => ({ ...broken, source: (source) => change(source) })
  ),
  {
    rule: 'tells a start that fails once, with the reason',
    how: 'rejects with something that is no Error',
    message: /no Error with a message/,
    source: failing(() => Promise.reject('no camera'))
  },
  {
    rule: 'tells a start that fails once, with the reason',
    how: 'rejects and calls fail, too',
    message: /told that it cannot start 2 times/,
    source: failing((error, run) => {
      run.fail(error as Error)
      return Promise.reject(error)
    })
  },
  {
    rule: 'can be tried again after a start that failed',
    how: 'hangs in the start after one that failed',
    message: /start\(\) with options that are impossible was not done/,
    hangs: true,
    source: (source, options) => {
      let failures = 0
      return failing((error) => (failures++ > 0 ? never() : Promise.reject(error)))(source, options)
    }
  },
  {
    rule: 'leaves nothing open after a start that failed',
    how: 'leaves a timer when it cannot start',
    message: /after a start\(\) that failed the source still has open: a timer/,
    source: failing((error) => {
      leak()
      return Promise.reject(error)
    })
  },
  {
    rule: 'gives frames of the kinds that it declares',
    how: 'gives raw frames and declares JPEGs',
    message: /is raw, and declared are mjpeg/,
    plugin: { supports: { frames: ['mjpeg'], controls: true } }
  },
  {
    rule: 'says sizes in whole pixels',
    how: 'says a width with a fraction',
    message: /has the size 64.5x48/,
    source: anyFrame(({ width }) => ({ width: width + 0.5 }))
  },
  {
    rule: 'numbers frames upwards',
    how: 'does not count',
    message: /has the sequence 0, and the one before had 0/,
    source: anyFrame(() => ({ sequence: 0 }))
  },
  {
    rule: 'dates frames in whole microseconds of the monotonic clock',
    how: 'dates frames by the wall clock',
    message: /is dated \d+ us after it came/,
    source: anyFrame(() => ({ timestampUs: Date.now() * 1000 }))
  },
  {
    rule: 'dates frames in whole microseconds of the monotonic clock',
    how: 'dates frames in milliseconds',
    message: /is not by monotonicUs/,
    source: anyFrame(({ timestampUs }) => ({ timestampUs: Math.floor(timestampUs / 1000) }))
  },
  {
    rule: 'never dates a frame before the one that it gave before',
    how: 'dates every second frame 5 s before it is',
    message: /us before the one that came before it/,
    source: anyFrame(({ sequence, timestampUs }) => ({ timestampUs: timestampUs - (sequence % 2) * 5_000_000 }))
  },
  {
    rule: 'gives whole encoded frames',
    how: 'gives half JPEGs',
    message: /is no JPEG: its \d+ bytes are no whole JPEG/,
    output: 'mjpeg',
    source: encoded(({ data }) => ({ data: data.subarray(0, data.length / 2) }))
  },
  {
    rule: 'gives whole encoded frames',
    how: 'gives JPEGs with bytes after them',
    message: /has 3 bytes besides the JPEG/,
    output: 'mjpeg',
    source: encoded(({ data }) => ({ data: Buffer.concat([data, Buffer.alloc(3)]) }))
  },
  {
    rule: 'gives whole encoded frames',
    how: 'does not call JPEGs keyframes',
    message: /not marked as a keyframe/,
    output: 'mjpeg',
    source: encoded(() => ({ keyframe: false }))
  },
  {
    rule: 'says the size that a JPEG has',
    how: 'says another size',
    message: /is a JPEG of 64x48 pixels, not of 128x48/,
    output: 'mjpeg',
    source: encoded(() => ({ width: 128 }))
  },
  {
    rule: 'gives raw frames with all their pixels',
    how: 'gives planes that are too short',
    message: /has 9206 bytes in plane 0, and its stride and height need 9216/,
    source: raw(({ planes }) => ({ planes: planes.map(({ data, stride }) => ({ data: data.subarray(10), stride })) }))
  },
  {
    rule: 'gives raw frames with all their pixels',
    how: 'gives one plane for three',
    message: /has 1 planes, and yuv420p has 3/,
    source: raw(() => ({ pixelFormat: 'yuv420p' }))
  },
  {
    rule: 'counts frames from 0 in each run',
    how: 'goes on counting in the next run',
    message: /the second run goes on counting/,
    source: (source) => {
      let next = 0
      return withFrames(source, (frame) => ({ ...frame, sequence: next++ }))
    }
  },
  {
    rule: 'counts frames from 0 in each run',
    how: 'numbers frames by the time',
    message: /the first frame of a run has the sequence \d+, not 0/,
    source: (source) => {
      let next = Date.now()
      return withFrames(source, (frame) => ({ ...frame, sequence: next++ }))
    }
  },
  {
    rule: 'gives frames when it is not told what the stream carries',
    how: 'needs run.codec',
    message: /no codec/,
    source: (source) =>
      changed(source, {
        start: (run) => (run.codec ? source.start(run) : Promise.reject(new Error('no codec')))
      })
  },
  {
    rule: 'gives a stream the codec that it carries, or raw frames',
    how: 'gives JPEGs for H.264',
    message: /is mjpeg for a stream of h264/,
    output: 'mjpeg',
    plugin: { supports: { frames: ['raw', 'mjpeg', 'h264'], controls: true } }
  },
  {
    rule: 'leaves the bytes of encoded frames alone once they are pushed',
    how: 'writes each JPEG into the same memory',
    message: /the bytes of the frame 0 were changed after it was pushed/,
    output: 'mjpeg',
    source: (source) => {
      const memory = Buffer.alloc(4096)
      return encoded(({ data }) => {
        memory.set(data)
        return { data: memory.subarray(0, data.length) }
      })(source, { output: 'mjpeg', device: '' })
    }
  },
  {
    rule: 'leaves the bytes of raw frames alone until they are given back',
    how: 'draws each picture into the same memory',
    message: /the bytes of the frame 0 were changed before it was given back/,
    source: (source) => {
      const memory = Buffer.alloc(64 * 48 * 3)
      return raw(({ planes: [plane] }) => {
        memory.set(plane!.data)
        return { planes: [{ data: memory, stride: plane!.stride }] }
      })(source, { output: 'raw', device: '' })
    }
  },
  {
    rule: 'takes raw frames back at any time',
    how: 'throws when a frame comes back after the stop',
    message: /release\(\) of a frame threw after stop\(\)/,
    source: (source) => {
      let isStopped = false
      const whole = withFrames(source, (frame) => {
        if (frame.kind === 'encoded') return frame
        const release = () => {
          if (isStopped) throw new Error('the memory is gone')
          frame.release?.()
        }
        return { ...frame, release }
      })
      return changed(whole, {
        start: (run) => whole.start(run),
        stop: () => {
          isStopped = true
          return whole.stop()
        }
      })
    }
  },
  {
    rule: 'goes on when raw frames are not given back',
    how: 'waits for frames to come back when eight are out',
    message: /giving a frame was not done/,
    hangs: true,
    source: (source) => {
      let out = 0
      return withRun(source, (run) => ({
        push: (frame) => {
          if (frame.kind === 'encoded' || out >= 8) return
          out++
          run.push({
            ...frame,
            release: () => {
              out--
              frame.release?.()
            }
          })
        }
      }))
    }
  },
  {
    rule: 'ends prepare when its signal is aborted, and leaves nothing open',
    how: 'leaves a timer when prepare is aborted',
    message: /after prepare\(\) the source still has open: a timer/,
    source: (source) =>
      changed(source, {
        prepare: (signal) =>
          source.prepare(signal).catch(() => {
            leak()
          })
      })
  },
  {
    rule: 'ends prepare when its signal is aborted, and leaves nothing open',
    how: 'does not hear of the abort',
    message: /prepare\(\), whose signal was aborted, was not done/,
    hangs: true,
    source: (source) => changed(source, { prepare: (signal) => source.prepare(signal).catch(() => never()) })
  },
  {
    rule: 'starts while it prepares',
    how: 'cannot start while it looks around',
    message: /the camera is being looked at/,
    source: (source) => {
      let isPreparing = false
      return changed(source, {
        async prepare(signal) {
          isPreparing = true
          await source.prepare(signal).finally(() => {
            isPreparing = false
          })
        },
        start: (run) => (isPreparing ? Promise.reject(new Error('the camera is being looked at')) : source.start(run))
      })
    }
  },
  {
    rule: 'says what it found, or why nothing',
    how: 'gives no reason',
    message: /gave neither/,
    plugin: { detect: async () => ({ found: false }) as never }
  },
  {
    rule: 'says what it found, or why nothing',
    how: 'throws something that is no Error',
    message: /threw something that is no Error/,
    plugin: { detect: () => Promise.reject('no camera') }
  },
  {
    rule: 'ends detect when its signal is aborted',
    how: 'does not look whether its signal is aborted already',
    message: /detect\(\), whose signal was aborted, was not done/,
    hangs: true,
    plugin: {
      detect: async (_options, { signal }) => {
        if (signal.aborted) await never()
        await pause(2)
        return { found: true, what: 'camera' }
      }
    }
  },
  {
    rule: 'leaves nothing open after detect',
    how: 'leaves a timer',
    message: /after detect\(\) the source still has open: a timer/,
    plugin: {
      detect: async () => {
        leak()
        return { found: true, what: 'camera' }
      }
    }
  },
  ...brokenControls.map(({ change, ...broken }): BrokenSource => ({ ...broken, source: (source) => change(source) }))
]
