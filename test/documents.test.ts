import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './support/documents.js'

const documents = [
  'README.md',
  'UPGRADING.md',
  ...markdownIn('docs'),
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`)
]

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}

/** The anchors that headings make, as on the sites that show Markdown. */
function anchorsOf(text: string): string[] {
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  )
}

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(root, document), 'utf8')

  it('links to files and headings that exist', () => {
    const broken = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target).filter((target) => {
      if (/^https?:/.test(target)) return false
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? join(root, document) : join(root, dirname(document), file)
      if (!existsSync(path)) return true
      return anchor !== undefined && !anchorsOf(readFileSync(path, 'utf8')).includes(anchor)
    })
    expect(broken).toEqual([])
  })
})

it('every file of the core’s frame path stands in the architecture', () => {
  const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  for (const file of [
    'compose',
    'pipeline',
    'hub',
    'streamer',
    'transport-runner',
    'supervision',
    'no-signal',
    'tokens',
    'di'
  ]) {
    expect(architecture).toContain(`packages/core/src/${file}.ts`)
  }
})
