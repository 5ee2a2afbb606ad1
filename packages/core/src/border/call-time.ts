/** Calls within calls (a source's `push` within its timer, `onFrame` within an encoder's `push`) are few; deeper ones are not measured. */
const maxDepth = 64
/** When each of the calls under way began, in milliseconds. Numbers in typed arrays cost no memory per call. */
const begun = new Float64Array(maxDepth)
/** What the calls within each of them took: that time is not its own. */
const within = new Float64Array(maxDepth)
let depth = 0

/** Marks the begin of a call into a plugin; `endCall` must follow in the same turn, whatever the call throws. */
export function beginCall(): void {
  if (depth < maxDepth) {
    begun[depth] = performance.now()
    within[depth] = 0
  }
  depth++
}

/** @returns for how many milliseconds the call held this thread, without the calls into other plugins within it. */
export function endCall(): number {
  depth--
  if (depth >= maxDepth) return 0
  const took = performance.now() - begun[depth]!
  if (depth > 0) within[depth - 1]! += took
  return took - within[depth]!
}

/**
 * `1 s` for whatever took from one to two seconds: of a few steps, so that the same trouble has the same words.
 * @param limitMs the shortest time that is told.
 */
export function roundedTime(tookMs: number, limitMs: number): string {
  let stepMs = limitMs
  while (stepMs * 2 <= tookMs) stepMs *= 2
  return `${stepMs / 1000} s`
}
