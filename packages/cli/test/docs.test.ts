import { readFile } from 'node:fs/promises'
import { configSchema, loadConfig } from '@streamer/core'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { flags, variableOf } from '../src/flags.js'
import { resolveFrom } from '../src/shipped.js'

const page = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

describe('docs/configuration.md', () => {
  it('has only configurations that are accepted', async () => {
    const blocks = [...(await page('configuration.md')).matchAll(/```yaml\n([\s\S]*?)```/g)]
    expect(blocks.length).toBeGreaterThan(1)
    for (const [, text = ''] of blocks) await loadConfig({ config: parse(text) as object, resolveFrom })
  })

  it('names every key', async () => {
    const text = await page('configuration.md')
    for (const key of Object.keys(configSchema.shape).filter((name) => name !== 'log'))
      expect(text).toContain(`| \`${key}\` |`)
    for (const key of ['level', 'format', 'file']) expect(text).toContain(`| \`log.${key}\` |`)
  })
})

describe('docs/cli.md', () => {
  it('names every flag with its variable', async () => {
    const text = await page('cli.md')
    for (const flag of flags)
      expect(text).toMatch(new RegExp(`^\\| \`--${flag.flag} <[^>]+>\` \\| \`${variableOf(flag)}\` \\|`, 'm'))
  })
})
