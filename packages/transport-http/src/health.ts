import { type HostView, type Stream, wallClockMs } from '@streamer/core/plugin'

/**
 * Whether frames of a stream can be had, as far as is known without starting its camera: it is live, or off (or starting) without a failure that came
 * after its last frame.
 * @returns undefined when they can, else a sentence with the reason.
 */
export function whyNotReady(stream: Stream): string | undefined {
  const { name, state, latest } = stream
  if (state === 'live') return undefined
  const { lastFailure } = stream.stats()
  if (state !== 'recovering' && !lastFailure) return undefined
  const isMended = state !== 'recovering' && lastFailure && latest && wallClockMs(latest.timestampUs) > lastFailure.atMs
  if (isMended) return undefined
  return `"${name}" gives no pictures just now: it is ${state}; its last failure: ${lastFailure?.message ?? 'none is known'}`
}

/** The answer of `/health/ready`. Looks, and wakes no camera. */
export function readiness(host: HostView): { readonly status: 200 | 503; readonly text: string } {
  const reasons = Array.from(host.streams.values(), whyNotReady).filter((reason) => reason !== undefined)
  return reasons.length === 0 ? { status: 200, text: 'ready' } : { status: 503, text: reasons.join('\n') }
}
