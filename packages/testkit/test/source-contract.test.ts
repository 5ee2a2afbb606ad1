import { describe, expect, it } from 'vitest'
import { sourceRules } from '../src/contract/source-rules.js'
import { failingRules, failingRulesOf } from './failing-rules.js'
import { brokenSources } from './source-broken.js'
import { type Options, type SourceChanges, standInPlugin } from './stand-in-source.js'

function rulesFor(changes: SourceChanges, output: Options['output'] = 'raw', limitMs = 20_000) {
  const options = { output, device: 'camera' }
  return sourceRules({ plugin: standInPlugin(changes), options, impossible: { output, device: 'none' }, limitMs })
}

describe('the rules of sources', () => {
  it.each(['raw', 'mjpeg'] as const)('find nothing wrong with a sound one that gives %s', async (output) => {
    expect(await failingRules(rulesFor({}, output))).toEqual({})
  })

  it.each(brokenSources.map((broken) => [broken.rule, broken.how, broken] as const))(
    '"%s" alone finds one that %s',
    async (rule, _how, { output, hangs, message, plugin, source }) => {
      const changes = { ...(plugin && { plugin }), ...(source && { source }) }
      const failing = await failingRulesOf((limitMs) => rulesFor(changes, output, limitMs), rule, hangs)
      expect(failing).toEqual({ [rule]: expect.stringMatching(message) })
    }
  )

  it('are each broken by some source above', () => {
    const broken = new Set(brokenSources.map(({ rule }) => rule))
    expect(
      rulesFor({})
        .map(({ name }) => name)
        .filter((name) => !broken.has(name))
    ).toEqual([])
  })

  it('ask for what makes a start impossible, unless the source always starts', () => {
    const options = { output: 'raw' }
    expect(() => sourceRules({ plugin: standInPlugin(), options })).toThrow(
      /sourceContract\(stand-in\): .*`impossible`/
    )
    const plugin = standInPlugin({ plugin: { supports: { alwaysStarts: true } } })
    const groups = sourceRules({ plugin, options }).map(({ group }) => group)
    expect(groups).not.toContain('a start that fails')
  })

  it('are asked of controls and of detection only where there are some', () => {
    const { detect: _, ...plugin } = standInPlugin({ plugin: { supports: {} } })
    const groups = sourceRules({ plugin, options: {}, impossible: {} }).map(({ group }) => group)
    expect(groups).not.toContain('controls')
    expect(groups).not.toContain('detection')
  })
})
