import type { SourceFixture } from '../fixtures.js'
import type { TestRunner } from '../runner.js'
import { declareRules } from './rules.js'
import { sourceRules } from './source-rules.js'

/**
 * Declares the tests that every source must pass: frames, start and stop in any order, what is left open, and what it declares in `supports`.
 *
 * ```ts
 * import { describe, it } from 'vitest'
 * import { sourceContract } from '@streamer/testkit'
 * import plugin from '../src/index.js'
 *
 * sourceContract({ describe, it }, { plugin, options: { framerate: 20 }, impossible: { device: '/dev/none' } })
 * ```
 * @throws TypeError when the fixture has no `impossible` and the source is not declared as `alwaysStarts`.
 */
export function sourceContract(runner: TestRunner, fixture: SourceFixture): void {
  declareRules(runner, `source ${fixture.plugin.name}: contract`, sourceRules(fixture))
}
