/** What `performance.now()` lacks to the host's monotonic clock, in microseconds; both come from the same clock, so it is constant. */
const offsetUs = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000

/** Now on this host's monotonic clock (CLOCK_MONOTONIC on Linux), in integer microseconds: the clock of every `timestampUs`. */
export function monotonicUs(): number {
  return Math.round(offsetUs + performance.now() * 1000)
}

/** The wall-clock time of a monotonic timestamp, in milliseconds since the Unix epoch (with a fraction), by today's offset of both clocks. */
export function wallClockMs(timestampUs: number): number {
  return Date.now() - (monotonicUs() - timestampUs) / 1000
}
