import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, it } from 'vitest'
import { root } from '../support/documents.js'
import { run } from './programs.js'
import { publishedPackages, readManifest } from './published.js'

const tarballs = inject('tarballs')
const whole = readManifest(root)

/** What belongs to the repository; what a tarball has besides is made by `tsc`. */
const tracked = new Set(
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8'
  }).split('\n')
)

/** First cells of the tables in the README. */
const rows = Array.from(readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| (.+?) \|/gm), ([, cell]) => cell)

/** Paths in a tarball, without the `package/` before each. */
function filesIn(tarball: string): string[] {
  const list = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
  return list
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
}

describe.each(publishedPackages)('$name', ({ name, folder, manifest }) => {
  const tarball = tarballs[name] ?? ''

  it('is clean for publint', async () => {
    const packed = readFileSync(tarball)
    const { messages, pkg } = await publint({
      pack: { tarball: packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.length) },
      strict: true,
      level: 'suggestion'
    })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it('has types that every ES module can import', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
    if (!analysis.types) throw new Error('there are no types')
    // CommonJS is not offered: `require` of an ES module works in every Node that is supported, and types of old resolutions are nobody's need.
    const problems = analysis.problems.filter((problem) =>
      (['node16-esm', 'bundler'] as const).some((kind) => problemAffectsResolutionKind(problem, kind, analysis))
    )
    expect(problems).toEqual([])
  })

  it('holds what it needs and nothing else', () => {
    const files = filesIn(tarball)
    for (const file of ['package.json', 'README.md', 'LICENSE']) expect(files).toContain(file)
    const stray = files.filter((file) => {
      const source = file.replace(/^dist\//, 'src/').replace(/\.(d\.ts|js)(\.map)?$/, '.ts')
      const isBuilt = file.startsWith('dist/') && source !== file && tracked.has(`${folder}/${source}`)
      return !isBuilt && !tracked.has(`${folder}/${file}`)
    })
    // Files of sources that were deleted go with `rm -r packages/*/dist`, before the build.
    expect(stray).toEqual([])
    expect(files.filter((file) => /(^|\/)(test|tests|coverage)\/|\.test\.|\.tsbuildinfo$|\.log$/.test(file))).toEqual(
      []
    )
  })

  it('tells who may use it, where it runs and what it is', () => {
    expect(manifest).toMatchObject({
      version: readManifest(join(root, 'packages/core')).version,
      license: whole.license,
      type: 'module',
      engines: { node: whole.engines?.node },
      publishConfig: { access: 'public' }
    })
    expect(manifest.description).toMatch(/\w/)
    expect(manifest.keywords).toContain('streamer')
    expect(readFileSync(join(root, folder, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
    expect(readFileSync(join(root, folder, 'README.md'), 'utf8')).toMatch(new RegExp(`^# \`?${name}\`?\n`))
  })

  it('stands in the table of the README', () => {
    expect(rows).toContain(`[\`${name}\`](${folder})`)
  })

  it('leaves the core to whoever uses it, if it is a plugin', () => {
    const isPlugin = /^@streamer\/(source|encoder|transport)-/.test(name)
    expect(manifest.keywords?.includes('streamer-plugin') ?? false).toBe(isPlugin)
    if (!isPlugin) return
    expect(manifest.peerDependencies).toHaveProperty('@streamer/core')
    expect(manifest.dependencies).not.toHaveProperty('@streamer/core')
  })
})

it('all that is used is declared, and all that is declared is used', async () => {
  await run(process.execPath, [join(root, 'node_modules/knip/bin/knip.js'), '--no-progress'], { cwd: root })
})
