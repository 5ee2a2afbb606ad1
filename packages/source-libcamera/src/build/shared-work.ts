/** Work that is done once for all who ask for it while it is under way, and stopped when none of them waits any more. */
export class SharedWork<Result> {
  readonly #running = new Map<string, { promise: Promise<Result>; abort: AbortController; waiting: number }>()

  /**
   * @param key what is the same work.
   * @param signal of the one who asks.
   * @throws what `work` throws; the reason of `signal` as soon as that is aborted and, for the last one who waited, the work has ended.
   */
  async run(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<Result>
  ): Promise<Result> {
    signal?.throwIfAborted()
    const entry = this.#running.get(key) ?? this.#start(key, work)
    entry.waiting++
    let leave = () => {}
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    const onAbort = () => {
      entry.waiting--
      if (entry.waiting > 0) return leave()
      // Somebody who asks from now on needs a run of its own.
      if (this.#running.get(key) === entry) this.#running.delete(key)
      entry.abort.abort(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const result = await Promise.race([entry.promise, left])
      signal?.throwIfAborted()
      return result as Result
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<Result>) {
    const abort = new AbortController()
    const entry = { promise: work(abort.signal), abort, waiting: 0 }
    this.#running.set(key, entry)
    const forget = () => {
      if (this.#running.get(key) === entry) this.#running.delete(key)
    }
    entry.promise.then(forget, forget)
    return entry
  }
}
