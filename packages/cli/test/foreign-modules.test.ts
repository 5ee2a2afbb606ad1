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
    expect(stderr).toMatch(/^streamer: streamer\.config\.mjs: line 2, column \d+: Unexpected token '}'/)
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
