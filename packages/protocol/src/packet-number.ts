const cycle = 0x1_0000_0000

/** The number nearest to `expected` whose lower 32 bits are `low`; never below 0. `expected` is one above the highest that was seen. */
export function expandNumber(low: number, expected: number): number {
  const base = expected - (expected % cycle)
  const candidate = base + low
  if (candidate + cycle / 2 <= expected) return candidate + cycle
  if (candidate > expected + cycle / 2 && candidate >= cycle) return candidate - cycle
  return candidate
}

/** `later - earlier` of 32-bit numbers that wrap: -2^31 to 2^31 - 1. */
export function difference(later: number, earlier: number): number {
  return (later - earlier) | 0
}
