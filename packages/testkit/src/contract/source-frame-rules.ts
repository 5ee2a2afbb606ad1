import { type Frame, type RawFrame, type SourcePlugin, sourceSupports } from '@streamer/core/plugin'
import type { Rule } from './rules.js'
import {
  bytesOf,
  encodedProblem,
  hasBytes,
  jpegSizeProblem,
  kindProblem,
  planesProblem,
  sizeProblem
} from './source-frames.js'
import { codecsOf, type SourceRig, type WithSource } from './source-rig.js'

const group = 'frames'
/** Frames that a rule looks at. */
const someFrames = 6
/** An exposure may have begun before the start was called; this long before it has not. */
const longestExposureUs = 10_000_000
/** What two ways to read the same clock may differ by. */
const clockErrorUs = 10_000
/** Frames that may be lost before the first one arrives; a counter that somebody else began is beyond. */
const lostAtFirst = 100
/** More than any encoder holds at once. */
const heldFrames = 12

type Look = (frame: Frame, atUs: number) => string | undefined

/** What every frame of a source must be. */
export function sourceFrameRules(withSource: WithSource, plugin: Pick<SourcePlugin, 'supports'>): Rule[] {
  const kinds = sourceSupports(plugin.supports).frames
  return [
    lookRule('gives frames of the kinds that it declares', () => (frame) => kindProblem(frame, kinds)),
    lookRule('says sizes in whole pixels', () => sizeProblem),
    lookRule('numbers frames upwards', () => {
      let before = -1
      return ({ sequence }) => {
        const isNext = Number.isSafeInteger(sequence) && sequence > before
        const problem = `has the sequence ${sequence}${before < 0 ? '' : `, and the one before had ${before}`}`
        before = sequence
        return isNext ? undefined : problem
      }
    }),
    lookRule('dates frames in whole microseconds of the monotonic clock', () => {
      let startUs: number | undefined
      return ({ timestampUs }, atUs) => {
        startUs ??= atUs
        if (!Number.isSafeInteger(timestampUs)) return `has the timestampUs ${timestampUs}, which is no whole number`
        if (timestampUs > atUs + clockErrorUs) return `is dated ${timestampUs - atUs} us after it came`
        if (timestampUs >= startUs - longestExposureUs) return undefined
        return `is dated ${startUs - timestampUs} us before it was asked for: it is not by monotonicUs()`
      }
    }),
    lookRule('never dates a frame before the one that it gave before', () => {
      let before = Number.NEGATIVE_INFINITY
      return ({ timestampUs }) => {
        const backUs = before - timestampUs
        before = timestampUs
        return backUs > 0 ? `is dated ${backUs} us before the one that came before it` : undefined
      }
    }),
    lookRule(
      'gives whole encoded frames',
      () => (frame) => (frame.kind === 'encoded' ? encodedProblem(frame) : undefined)
    ),
    lookRule('says the size that a JPEG has', () => (frame) => {
      if (frame.kind !== 'encoded' || frame.codec !== 'mjpeg' || sizeProblem(frame)) return undefined
      return jpegSizeProblem(frame.data, frame.width, frame.height)
    }),
    lookRule(
      'gives raw frames with all their pixels',
      () => (frame) => (frame.kind === 'raw' && !sizeProblem(frame) ? planesProblem(frame) : undefined)
    ),
    {
      group,
      name: 'counts frames from 0 in each run',
      check: () =>
        withSource(async (rig) => {
          let before = Number.POSITIVE_INFINITY
          for (let times = 0; times < 2; times++) {
            const sequences: number[] = []
            const run = await rig.start((frame) => {
              sequences.push(frame.sequence)
              giveBack(frame)
            })
            await rig.gives(run, someFrames)
            run.abort()
            await rig.stop()
            const first = sequences[0]!
            if (first > lostAtFirst) throw new Error(`the first frame of a run has the sequence ${first}, not 0`)
            if (first > before)
              throw new Error(`the second run goes on counting: it begins with ${first} after ${before}`)
            before = sequences.at(-1)!
          }
        })
    },
    {
      group,
      name: 'gives frames when it is not told what the stream carries',
      check: () =>
        withSource(async (rig) => {
          rig.codec = undefined
          await rig.gives(await rig.start(), 2)
        })
    },
    {
      group,
      name: 'gives a stream the codec that it carries, or raw frames',
      check: async () => {
        for (const codec of codecsOf(plugin)) {
          await withSource(async (rig) => {
            rig.codec = codec
            await looksAt(rig, (frame) =>
              frame.kind === 'raw' || frame.codec === codec ? undefined : `is ${frame.codec} for a stream of ${codec}`
            )
          })
        }
      }
    },
    {
      group,
      name: 'leaves the bytes of encoded frames alone once they are pushed',
      check: () => withSource((rig) => assertUnchanged(rig, 'encoded'))
    },
    {
      group,
      name: 'leaves the bytes of raw frames alone until they are given back',
      check: () => withSource((rig) => assertUnchanged(rig, 'raw'))
    },
    {
      group,
      name: 'takes raw frames back at any time',
      check: () => withSource(assertReleases)
    },
    {
      group,
      name: 'goes on when raw frames are not given back',
      check: () =>
        withSource(async (rig) => {
          let isRaw = false
          const run = await rig.start((frame) => {
            isRaw = frame.kind === 'raw'
          })
          await rig.gives(run, 1)
          if (isRaw) await rig.gives(run, heldFrames)
        })
    }
  ]

  /** @param begin called for each run: gives what looks at its frames and says what is wrong with one. */
  function lookRule(name: string, begin: () => Look): Rule {
    return { group, name, check: () => withSource((rig) => looksAt(rig, begin())) }
  }
}

/** Looks at some frames as they are pushed. @throws Error with what is wrong with the first that is. */
async function looksAt(rig: SourceRig, look: Look): Promise<void> {
  const run = await rig.start((frame, atUs) => {
    const problem = look(frame, atUs)
    if (problem) throw new Error(`the frame ${run.count} of a run ${problem}`)
    giveBack(frame)
  })
  await rig.gives(run, someFrames)
  run.rethrow()
}

/** Giving frames back is looked at by a rule of its own. */
function giveBack(frame: Frame): void {
  try {
    if (frame.kind === 'raw') frame.release?.()
  } catch {
    // See `assertReleases`.
  }
}

/** Keeps the first frames while more come. */
async function assertUnchanged(rig: SourceRig, kind: Frame['kind']): Promise<void> {
  const kept: Array<{ readonly frame: Frame; readonly bytes: Uint8Array[] }> = []
  const run = await rig.start((frame) => {
    if (frame.kind === kind && kept.length < 3) kept.push({ frame, bytes: bytesOf(frame) })
    else giveBack(frame)
  })
  await rig.gives(run, someFrames + 2)
  for (const { frame, bytes } of kept) {
    const deed = kind === 'raw' ? 'before it was given back' : 'after it was pushed'
    if (!hasBytes(frame, bytes)) throw new Error(`the bytes of the frame ${frame.sequence} were changed ${deed}`)
    giveBack(frame)
  }
}

/** Gives frames back at once, later, out of order, and after the end. */
async function assertReleases(rig: SourceRig): Promise<void> {
  const held: RawFrame[] = []
  const run = await rig.start((frame) => {
    if (frame.kind !== 'raw') return
    if (run.count > 2) held.push(frame)
    else release(frame, 'within push()')
  })
  await rig.gives(run, someFrames)
  const [last, ...others] = held.splice(0).reverse()
  for (const frame of others) release(frame, 'later')
  await rig.gives(run, someFrames)
  run.abort()
  await rig.stop()
  for (const frame of [...held, ...(last ? [last] : [])]) release(frame, 'after stop()')
  run.rethrow()
}

function release(frame: RawFrame, when: string): void {
  try {
    frame.release?.()
  } catch (error) {
    throw new Error(`release() of a frame threw ${when}: ${error}`)
  }
}
