import { sourceSupports } from '@streamer/core/plugin'
import type { SourceFixture } from '../fixtures.js'
import { controlsRules } from './controls-rules.js'
import { declarationRules } from './declaration-rules.js'
import { declaredControlsRule, partRules } from './part-rules.js'
import { startRules } from './part-start-rules.js'
import type { Rule } from './rules.js'
import { detectRules, failingStartRules, prepareRules } from './source-failure-rules.js'
import { sourceFrameRules } from './source-frame-rules.js'
import { sourceRigs } from './source-rig.js'

/**
 * All that a source must do, by what it declares.
 * @throws TypeError for a source that need not start, and a fixture that does not say when it cannot.
 */
export function sourceRules(fixture: SourceFixture): Rule[] {
  const { plugin, options, impossible } = fixture
  const { controls, alwaysStarts } = sourceSupports(plugin.supports)
  if (!alwaysStarts && !impossible) {
    const text = 'give it options with which it cannot start as `impossible`, or declare it as alwaysStarts'
    throw new TypeError(`sourceContract(${plugin.name}): ${text}`)
  }
  const withSource = sourceRigs(fixture)
  return [
    ...declarationRules('source', plugin, options),
    declaredControlsRule(withSource, controls),
    ...startRules(withSource),
    ...(alwaysStarts ? [] : failingStartRules(withSource, impossible)),
    ...partRules(withSource),
    ...sourceFrameRules(withSource, plugin),
    ...prepareRules(withSource),
    ...(plugin.detect ? detectRules(withSource, impossible) : []),
    ...(controls ? controlsRules(withSource) : [])
  ]
}
