import { readFile } from 'node:fs/promises'
import { loadConfig } from '@streamer/core'
import { configSchema } from '@streamer/source-libcamera'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { resolveFrom } from '../src/shipped.js'

const page = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe.each(['docs/raspberry-pi.md', 'docs/sources/libcamera.md', 'packages/source-libcamera/README.md'])(
  '%s',
  (path) => {
    it('has only configurations that are accepted', async () => {
      const blocks = [...(await page(path)).matchAll(/```yaml\n([\s\S]*?)```/g)]
      expect(blocks.length).toBeGreaterThan(0)
      for (const [, text = ''] of blocks) await loadConfig({ config: parse(text) as object, resolveFrom })
    })
  }
)

it('docs/sources/libcamera.md names every option', async () => {
  const text = await page('docs/sources/libcamera.md')
  for (const option of Object.keys(configSchema.shape)) expect(text).toMatch(new RegExp(`^\\| .*\`${option}\``, 'm'))
})

it('docs/cli.md has a section for each command about cameras', async () => {
  const text = await page('docs/cli.md')
  for (const command of ['cameras', 'doctor', 'setup-camera']) expect(text).toContain(`\n## ${command}\n`)
})
