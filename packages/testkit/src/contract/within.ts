/** The default of `limitMs`: what a single step may take before it counts as hanging. */
export const defaultLimitMs = 10_000

/**
 * What `work` gives.
 * @param deed for the message: `stop()`.
 * @throws Error when it takes longer than `limitMs`, or what it rejects with.
 */
export async function within<T>(limitMs: number, deed: string, work: Promise<T> | T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${deed} was not done after ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
