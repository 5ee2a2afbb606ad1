import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configSchema, loadConfig, searchPlaces } from '@streamer/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { flags, variableOf } from '../src/flags.js'
import { resolveFrom } from '../src/shipped.js'

const page = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

/** What stands for the plugin that the reader has written. */
const standInPlugin = `export default { kind: 'transport', apiVersion: 1, name: 'mine', create () {},
  configSchema: { '~standard': { version: 1, vendor: 'mine', validate: (value) => ({ value }) } } }
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-docs-'))
  await writeFile(join(folder, 'my-transport.js'), standInPlugin)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(folder, { recursive: true }))

describe.each(['configuration.md', 'running.md'])('docs/%s', (name) => {
  it('has only configurations that are accepted', async () => {
    const blocks = [...(await page(name)).matchAll(/```yaml\n([\s\S]*?)```/g)]
    expect(blocks.length).toBeGreaterThan(1)
    for (const [, text = ''] of blocks) await loadConfig({ config: parse(text) as object, cwd: folder, resolveFrom })
  })
})

describe('docs/configuration.md', () => {
  it('names every place where a file is looked for', async () => {
    const text = await page('configuration.md')
    for (const place of searchPlaces) expect(text).toContain(`\`${place}\``)
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

describe('docs/running.md', () => {
  it('starts the command that there is', async () => {
    const [, path = ''] =
      /^ExecStart=\/usr\/bin\/node \/home\/pi\/streamer(\/\S+)$/m.exec(await page('running.md')) ?? []
    await access(new URL(`../../..${path}`, import.meta.url))
    expect(path).toBe('/packages/cli/bin/streamer.js')
  })
})
