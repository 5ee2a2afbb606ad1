import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runNode } from '../../../test/support/run-node.js'
import { toolVersions } from '../src/create-plugin/manifest.js'
import { checkName } from '../src/create-plugin/plugin-name.js'
import { Workplace } from './run-command.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const kinds = ['transport', 'source', 'encoder'] as const
/** For a compiler and a test runner, on a machine that has other things to do. */
const slow = 240_000

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

const read = (...path: string[]) => readFile(join(place.folder, ...path), 'utf8')

/** Runs a script of the plugin's package.json, without npm. */
async function runScript(folder: string, name: string): Promise<string> {
  const { scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const [program = '', ...args] = scripts[name]!.split(' ')
  const programs: Record<string, string> = { tsc: 'typescript/bin/tsc', vitest: 'vitest/vitest.mjs' }
  const script = join(root, 'node_modules', programs[program]!)
  return runNode([script, ...args, ...(program === 'vitest' ? ['--reporter=json'] : [])], folder)
}

/** Writes a plugin as the command does; the packages of this repository are installed in it. */
async function created(kind: string, name = 'my-own'): Promise<string> {
  const { code, stderr } = await place.run(['create-plugin', kind, name])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const folder = join(place.folder, `streamer-${kind}-${name}`)
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

describe.each(kinds)('streamer create-plugin %s', (kind) => {
  it('writes a package that type-checks, builds, passes its contract and has nothing wrong with it', {
    timeout: slow
  }, async () => {
    const folder = await created(kind)
    await runScript(folder, 'typecheck')
    await runScript(folder, 'build')
    const output = await runScript(folder, 'test')
    const report = JSON.parse(output.slice(output.indexOf('{"num')))
    expect(report).toMatchObject({ success: true, numPendingTests: 0, numTodoTests: 0 })
    expect(report.numPassedTests).toBeGreaterThan(20)
    expect(await place.run(['plugins', 'check', `./streamer-${kind}-my-own`])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^${kind} my-own\n[^]*\n\nNothing is wrong\\.\n$`))
    })
    const example = join(folder, '.streamerrc')
    expect(await place.run(['config', '--config', example])).toMatchObject({ code: 0, stderr: '' })
    // By its name, where it is installed.
    await mkdir(join(place.folder, 'node_modules'))
    await symlink(folder, join(place.folder, 'node_modules', `streamer-${kind}-my-own`))
    const part = kind === 'transport' ? 'transports: [{ use: my-own }]' : `${kind}: { use: my-own }`
    await writeFile(join(place.folder, '.streamerrc'), `${part}\n`)
    expect(await place.run(['config'])).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await place.run(['plugins', '--json'])
    const known = (JSON.parse(stdout) as Array<{ use: string; options: { properties: Record<string, unknown> } }>).find(
      ({ use }) => use === 'my-own'
    )
    const rows = [...(await read(`streamer-${kind}-my-own`, 'README.md')).matchAll(/^\| `(\w+)` \|/gm)]
    expect(rows.map(([, option]) => option)).toEqual(Object.keys(known?.options.properties ?? {}))
  })

  it('says what it wrote and what comes next', async () => {
    const { stdout } = await place.run(['create-plugin', kind, 'lines'])
    expect(stdout).toMatch(new RegExp(`^Wrote the ${kind} lines to streamer-${kind}-lines:\n`))
    expect(stdout).toMatch(/^ {2}src\/index\.ts +the plugin itself: change it into yours$/m)
    expect(stdout).toMatch(
      new RegExp(
        `^Next:\n {2}cd streamer-${kind}-lines\n {2}npm install\n {2}npm test\n {2}npm run build\n {2}node `,
        'm'
      )
    )
    expect(stdout).toContain('licence')
  })

  it('names everything after the plugin', async () => {
    await place.run(['create-plugin', kind, 'h264-over-2-wires'])
    const folder = `streamer-${kind}-h264-over-2-wires`
    const manifest = JSON.parse(await read(folder, 'package.json'))
    expect(manifest.name).toBe(folder)
    expect(manifest).not.toHaveProperty('license')
    const text = await read(folder, 'src/index.ts')
    expect(text).toMatch(/^class H264Over2Wires(Transport|Source|Encoder) /m)
    expect(text).toContain("name: 'h264-over-2-wires'")
    for (const file of ['src/index.ts', 'test/contract.test.ts', 'README.md', '.streamerrc'])
      expect(await read(folder, file)).not.toMatch(/plugin-name|PluginName/)
  })
})

describe('streamer create-plugin', () => {
  it('writes a transport of at most 60 lines of code', async () => {
    await place.run(['create-plugin', 'transport', 'lines'])
    const text = await read('streamer-transport-lines', 'src/index.ts')
    const withoutBlocks = text.replace(/\/\*[\s\S]*?\*\//g, '')
    const code = withoutBlocks.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//'))
    expect(code.length).toBeGreaterThan(30)
    expect(code.length).toBeLessThanOrEqual(60)
  })

  it('asks for the tools in the versions that this repository uses, and for its own version of Streamer', async () => {
    await place.run(['create-plugin', 'transport', 'lines'])
    const { version } = JSON.parse(await readFile(join(root, 'packages/cli/package.json'), 'utf8'))
    const manifest = JSON.parse(await read('streamer-transport-lines', 'package.json'))
    expect(manifest.peerDependencies).toEqual({ '@streamer/core': `^${version}` })
    expect(manifest.devDependencies).toMatchObject({
      '@streamer/core': `^${version}`,
      '@streamer/testkit': `^${version}`
    })
    const whole = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const core = JSON.parse(await readFile(join(root, 'packages/core/package.json'), 'utf8'))
    const used = { ...whole.dependencies, ...whole.devDependencies, ...core.dependencies }
    for (const [name, range] of Object.entries(toolVersions))
      expect(range.replace('^', '')).toBe(used[name].replace('^', ''))
  })

  it('writes where it is told', async () => {
    expect((await place.run(['create-plugin', 'source', 'clock', '--folder', 'plugins/mine'])).code).toBe(0)
    expect(JSON.parse(await read('plugins/mine', 'package.json')).name).toBe('streamer-source-clock')
    const { stdout } = await place.run(['create-plugin', 'source', 'clock', '--folder', '.', '--force'])
    expect(stdout).toMatch(/^Wrote the source clock to \.:\n/)
    expect(stdout).toMatch(/^Next:\n {2}npm install$/m)
  })

  it('leaves a folder alone that is not empty, unless it is told not to', async () => {
    const args = ['create-plugin', 'transport', 'lines']
    await mkdir(join(place.folder, 'streamer-transport-lines'))
    expect((await place.run(args)).code).toBe(0)
    await writeFile(join(place.folder, 'streamer-transport-lines', 'README.md'), 'mine')
    await writeFile(join(place.folder, 'streamer-transport-lines', 'notes.txt'), 'mine')
    expect(await place.run(args)).toMatchObject({
      code: 2,
      stderr:
        'streamer: streamer-transport-lines is there already, and not empty; --folder writes it somewhere else, --force into it\n'
    })
    expect(await read('streamer-transport-lines', 'README.md')).toBe('mine')
    expect((await place.run([...args, '--force'])).code).toBe(0)
    expect(await read('streamer-transport-lines', 'README.md')).toContain('# streamer-transport-lines')
    expect(await read('streamer-transport-lines', 'notes.txt')).toBe('mine')
  })

  it('says why it cannot write', async () => {
    await writeFile(join(place.folder, 'file'), '')
    for (const [folder, message] of [
      ['file', 'file is there already, and is no folder'],
      ['file/below', 'cannot write file/below: ']
    ] as const) {
      expect(await place.run(['create-plugin', 'source', 'clock', '--folder', folder])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(`streamer: ${message}`)
      })
    }
    await rm(join(place.folder, 'file'))
  })

  it('refuses what cannot be, before anything is written', async () => {
    expect(await place.run(['create-plugin', 'transprot', 'lines'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'streamer: there is no kind of plugin "transprot"; did you mean transport? There are: transport, source, encoder\n'
    })
    expect(await place.run(['create-plugin', 'transport', '../lines'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"../lines" is no name for a plugin')
    })
    expect(await readdir(place.folder)).toEqual([])
  })
})

describe('the name of a new plugin', () => {
  it.each(['lines', 'h264', 'my-own-2', 'a'])('may be %s', (name) => {
    expect(() => checkName('transport', name)).not.toThrow()
  })

  it.each([
    ['Lines', '"Lines" is no name for a plugin: lower-case letters, digits, and single dashes'],
    ['3d', '"3d" is no name for a plugin'],
    ['-lines', '"-lines" is no name'],
    ['two--dashes', '"two--dashes" is no name'],
    ['lines\n', 'is no name for a plugin'],
    ['a'.repeat(300), 'the name is too long'],
    ['streamer-transport-lines', 'without streamer-transport-: lines'],
    ['@acme/lines', 'without @acme/: lines'],
    ['http', '"use: http" means the transport that comes with Streamer']
  ])('may not be %j', (name, message) => {
    expect(() => checkName('transport', name)).toThrow(message)
  })
})
