import { readFile } from 'node:fs/promises'
import { loadConfig } from '@streamer/core'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { resolveFrom } from '../src/shipped.js'

describe.each(['security.md', 'reverse-proxy.md'])('docs/%s', (name) => {
  it('has only configurations that are accepted', async () => {
    const text = await readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')
    const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)]
    expect(blocks.length).toBeGreaterThan(0)
    for (const [, block = ''] of blocks) await loadConfig({ config: parse(block) as object, resolveFrom })
  })
})
