import { describe, expect, it } from 'vitest'
import { encoderRules } from '../src/contract/encoder-rules.js'
import { type BrokenEncoder, brokenEncoders, changedPlugin } from './encoder-broken.js'
import { failingRules, failingRulesOf } from './failing-rules.js'

const rulesFor = (changes: Pick<BrokenEncoder, 'plugin' | 'encoder'>, limitMs = 20_000) =>
  encoderRules({ plugin: changedPlugin(changes), options: { quality: 80 }, limitMs })

describe('the rules of encoders', () => {
  it('find nothing wrong with a sound one', async () => {
    expect(await failingRules(rulesFor({}))).toEqual({})
  })

  it.each(brokenEncoders.map((broken) => [broken.rule, broken.how, broken] as const))(
    '"%s" alone finds one that %s',
    async (rule, _how, { hangs, message, ...changes }) => {
      const failing = await failingRulesOf((limitMs) => rulesFor(changes, limitMs), rule, hangs)
      expect(failing).toEqual({ [rule]: expect.stringMatching(message) })
    }
  )

  it('are each broken by some encoder above', () => {
    const broken = new Set(brokenEncoders.map(({ rule }) => rule))
    const names = rulesFor({}).map(({ name }) => name)
    expect(names.filter((name) => !broken.has(name))).toEqual([])
  })

  it('are asked of controls only where there are some', () => {
    const plugin = changedPlugin({ plugin: { supports: {} } })
    expect(encoderRules({ plugin }).map(({ group }) => group)).not.toContain('controls')
  })
})
