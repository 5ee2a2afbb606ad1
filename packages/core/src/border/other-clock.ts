import type { Frame } from '../plugin/index.js'

/**
 * The first frame of a run is this old at the most: a camera and its driver hold a few frames, tenths of a second. Times that begin with the program or are
 * those of a sensor fall short by how long the machine has been up, which is more than this before any program of ours can run.
 */
const oldestUs = 5_000_000
/** Clocks that are the same do not differ; what is further ahead is a clock of its own, often the time of day. */
const furthestAheadUs = 1_000_000

/** Whether the first frame of a run tells that its source counts time by another clock than `monotonicUs`. */
export function isOfOtherClock({ timestampUs }: Frame, nowUs: number): boolean {
  return nowUs - timestampUs > oldestUs || timestampUs - nowUs > furthestAheadUs
}

/** The same frame, taken for captured at `timestampUs`. Shares its bytes; its `release` is the other's. */
export function capturedAt(frame: Frame, timestampUs: number): Frame {
  const { kind, sequence, width, height } = frame
  if (kind === 'encoded') {
    const { codec, keyframe, data } = frame
    return { kind, codec, keyframe, sequence, timestampUs, width, height, data }
  }
  const { pixelFormat, planes } = frame
  const raw = { kind, pixelFormat, sequence, timestampUs, width, height, planes }
  return frame.release === undefined ? raw : { ...raw, release: () => frame.release?.() }
}
