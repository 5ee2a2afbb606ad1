import { encoderSupports } from '@streamer/core/plugin'
import type { EncoderFixture } from '../fixtures.js'
import { controlsRules } from './controls-rules.js'
import { declarationRules } from './declaration-rules.js'
import { assertOutput, encoderFrameRules } from './encoder-frame-rules.js'
import { encoderLoadRules } from './encoder-load-rules.js'
import { encoderRigs } from './encoder-rig.js'
import { declaredControlsRule, partRules } from './part-rules.js'
import { startRules } from './part-start-rules.js'
import type { Rule } from './rules.js'

/** All that an encoder must do, by what it declares. */
export function encoderRules(fixture: EncoderFixture): Rule[] {
  const { plugin, options = {} } = fixture
  const { codec, controls } = encoderSupports(plugin.supports)
  const withEncoder = encoderRigs(fixture)
  return [
    ...declarationRules('encoder', plugin, options),
    {
      group: 'declaration',
      name: 'gives the codec that it declares',
      check: () => withEncoder(async (rig) => assertOutput(codec, rig.part))
    },
    declaredControlsRule(withEncoder, controls),
    ...startRules(withEncoder),
    ...partRules(withEncoder),
    ...encoderFrameRules(withEncoder),
    ...encoderLoadRules(withEncoder),
    ...(controls ? controlsRules(withEncoder) : [])
  ]
}
