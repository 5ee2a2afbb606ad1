/**
 * What the contracts need of a test runner; vitest, `node:test` and others have it:
 *
 * ```ts
 * import { describe, it } from 'node:test' // or 'vitest'
 * ```
 */
export interface TestRunner {
  /** Groups the tests that `body` declares. */
  readonly describe: (name: string, body: () => void) => unknown
  /** Declares a test; it fails when `body` rejects. */
  readonly it: (name: string, body: () => Promise<void>) => unknown
}
