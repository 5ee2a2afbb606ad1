import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})
afterEach(() => place.dispose())

describe('a syntax error has its place', () => {
  const broken = 'export default {\n  source: { use: "fake" }}}\n'

  it('in a configuration', async () => {
    await writeFile(join(place.folder, 'streamer.config.mjs'), broken)
    const { code, stderr } = await place.run([])
    expect(stderr).toMatch(/^streamer: streamer\.config\.mjs:2:27: Unexpected token '}'/)
    expect(code).toBe(2)
  })

  it.each(['x.mjs', 'x.cjs'])(
    'that is behind the last character where the end comes too early, in %s',
    async (name) => {
      await writeFile(join(place.folder, name), 'const a = {\n  b: {')
      expect((await place.run(['config', '--config', name])).stderr).toContain(`${name}:2:7: Unexpected end of input`)
      await writeFile(join(place.folder, name), 'const a = {\n  b: {\n')
      expect((await place.run(['config', '--config', name])).stderr).toContain(`${name}:3:1: Unexpected end of input`)
    }
  )

  it('in TypeScript, as one problem', async () => {
    await writeFile(join(place.folder, 'x.ts'), 'const a: number = 3\nexport default { source: { use "fake" } }\n')
    const { code, stderr } = await place.run(['--config', 'x.ts'])
    expect(stderr).toMatch(/^streamer: x\.ts:2:32: Unexpected token, expected ","\n/)
    expect(code).toBe(2)
  })

  it('in a plugin', async () => {
    await writeFile(join(place.folder, 'broken.mjs'), broken)
    const { code, stderr } = await place.run(['--source', './broken.mjs'])
    expect(stderr).toMatch(/could not be loaded: line 2, column \d+: Unexpected token '}'/)
    expect(code).toBe(2)
  })
})

it('a plugin named like a module of Node is not found, which is no bug', async () => {
  const { code, stderr } = await place.run(['--source', 'http'])
  expect(stderr).toContain('no source plugin "http"')
  expect(stderr).not.toContain('bug')
  expect(code).toBe(2)
})

it('a signal while plugins are being loaded ends it with 0', async () => {
  const hanging = 'process.stdout.write("loading\\n"); await new Promise((resolve) => setTimeout(resolve, 1e6))'
  await writeFile(join(place.folder, 'slow.mjs'), hanging)
  const running = place.start(['--source', './slow.mjs'])
  await running.output(/loading/)
  running.child.kill('SIGTERM')
  expect(await running.ended).toEqual({ code: 0, signal: null })
})
