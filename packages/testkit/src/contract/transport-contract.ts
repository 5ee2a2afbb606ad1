import type { TransportFixture } from '../fixtures.js'
import type { TestRunner } from '../runner.js'
import { declareRules } from './rules.js'
import { transportRules } from './transport-rules.js'

/**
 * Declares the tests that every transport must pass. Which ones there are follows from what the plugin declares in `supports`; there is no way to leave one out.
 *
 * ```ts
 * import { describe, it } from 'vitest' // or 'node:test'
 *
 * transportContract({ describe, it }, { plugin, options: (port) => ({ host: '127.0.0.1', port }), connect })
 * ```
 */
export function transportContract(runner: TestRunner, fixture: TransportFixture): void {
  declareRules(runner, `transport ${fixture.plugin.name}: contract`, transportRules(fixture))
}
