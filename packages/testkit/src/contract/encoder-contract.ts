import type { EncoderFixture } from '../fixtures.js'
import type { TestRunner } from '../runner.js'
import { encoderRules } from './encoder-rules.js'
import { declareRules } from './rules.js'

/**
 * Declares the tests that every encoder must pass: what comes out of it, what it does with frames that it cannot take, start and stop in any order, and what
 * it declares in `supports`.
 *
 * ```ts
 * import { describe, it } from 'vitest'
 * import { encoderContract } from '@streamer/testkit'
 * import plugin from '../src/index.js'
 *
 * encoderContract({ describe, it }, { plugin })
 * ```
 */
export function encoderContract(runner: TestRunner, fixture: EncoderFixture): void {
  declareRules(runner, `encoder ${fixture.plugin.name}: contract`, encoderRules(fixture))
}
