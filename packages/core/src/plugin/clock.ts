/**
 * What `performance.now()` lacks to the host's monotonic clock, in microseconds; both come from the same clock, so it is constant. The two cannot be read at
 * once, and a first call takes Node up to milliseconds: of several readings the one counts that took the least time.
 */
const offsetUs = measureOffsetUs()

function measureOffsetUs(): number {
  let leastUs = Number.POSITIVE_INFINITY
  let offset = 0
  for (let reading = 0; reading < 16; reading++) {
    const beforeUs = performance.now() * 1000
    const hostUs = Number(process.hrtime.bigint()) / 1000
    const afterUs = performance.now() * 1000
    if (afterUs - beforeUs >= leastUs) continue
    leastUs = afterUs - beforeUs
    offset = hostUs - (beforeUs + afterUs) / 2
  }
  return offset
}

/** Now on this host's monotonic clock (CLOCK_MONOTONIC on Linux), in integer microseconds: the clock of every `timestampUs`. */
export function monotonicUs(): number {
  return Math.round(offsetUs + performance.now() * 1000)
}

/** What the wall clock is ahead of the monotonic one, in milliseconds, as last seen. */
let wallOffsetMs = Number.NEGATIVE_INFINITY
/** `Date.now()` counts whole milliseconds, so that what is measured falls short by up to one; less than that is a clock that was set. */
const wallStepMs = 2

/**
 * The wall-clock time of a monotonic timestamp, in milliseconds since the Unix epoch, with a fraction: what is one microsecond later has a later
 * time, unless the wall clock was set in between. It follows the wall clock of now, since a Raspberry Pi learns the time only after it has started.
 */
export function wallClockMs(timestampUs: number): number {
  const measuredMs = Date.now() - monotonicUs() / 1000
  if (measuredMs > wallOffsetMs || measuredMs < wallOffsetMs - wallStepMs) wallOffsetMs = measuredMs
  return wallOffsetMs + timestampUs / 1000
}
