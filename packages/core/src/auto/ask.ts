import { type Detection, messageOf } from '../plugin/index.js'

/** `work`, or the reason of `signal` as soon as that is aborted, whatever becomes of the work. */
export async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
  })
  aborted.catch(() => {})
  signal.addEventListener('abort', onAbort)
  try {
    if (signal.aborted) onAbort()
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * Asks a plugin whether it finds something. What it throws, and an answer that does not come in time, count as no.
 * @param signal ends the asking; its reason is thrown then.
 */
export async function askWithin(
  timeoutMs: number,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Detection | undefined>
): Promise<Detection> {
  const abort = new AbortController()
  const onAbort = () => abort.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
  try {
    signal.throwIfAborted()
    const answer = await untilAborted(ask(abort.signal), abort.signal)
    if (answer?.found === true) return { found: true, what: String(answer.what) }
    return { found: false, reason: String(answer?.reason ?? 'it gave no answer') }
  } catch (error) {
    signal.throwIfAborted()
    return { found: false, reason: messageOf(error) }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    abort.abort()
  }
}
