import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig, readConfigFile } from '../src/index.js'

let cwd: string

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'streamer-config-file-'))
})
afterEach(() => rm(cwd, { recursive: true }))

const write = (name: string, text: string) => writeFile(join(cwd, name), text)

/** Where cosmiconfig would look for a configuration of its own is the folder of the process. */
function workThere(): void {
  const before = process.cwd()
  process.chdir(cwd)
  onTestFinished(() => process.chdir(before))
}

/** For root, no file is unreadable. */
async function asNobody<Result>(deed: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return deed()
  process.seteuid?.('nobody')
  try {
    return await deed()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a file that is there and cannot be read is not passed over', () => {
  it.each(['.streamerrc', 'streamer.config.ts', 'package.json'])('when %s is a folder', async (name) => {
    await mkdir(join(cwd, name))
    await expect(readConfigFile(cwd)).rejects.toMatchObject({
      code: 'ERR_CONFIG_NOT_FOUND',
      exitCode: 2,
      message: `${name}: it is not a file`
    })
  })

  it('when it is a link to nothing, or to itself', async () => {
    await symlink('nothing', join(cwd, '.streamerrc.yaml'))
    await expect(readConfigFile(cwd)).rejects.toMatchObject({
      code: 'ERR_CONFIG_NOT_FOUND',
      exitCode: 2,
      message: '.streamerrc.yaml: it is a link to a file that is not there'
    })
    await symlink('.streamerrc', join(cwd, '.streamerrc'))
    await expect(readConfigFile(cwd)).rejects.toThrow(/^\.streamerrc: ELOOP/)
  })

  it.each(['.streamerrc', 'package.json'])('when %s is for other users only', async (name) => {
    await write(name, '{ "streamer": { "linger": 7 } }')
    await chmod(join(cwd, name), 0o000)
    await chmod(cwd, 0o755)
    const failure = { code: 'ERR_CONFIG_NOT_FOUND', exitCode: 2, message: `${name}: this user may not read it` }
    await asNobody(() => expect(readConfigFile(cwd)).rejects.toMatchObject(failure))
    await asNobody(() => expect(readConfigFile(cwd, name)).rejects.toMatchObject(failure))
  })

  it('when the folder does not let it be seen', async () => {
    await write('.streamerrc', 'linger: 7')
    await chmod(cwd, 0o000)
    try {
      await asNobody(() => expect(readConfigFile(cwd)).rejects.toThrow('.streamerrc: this user may not read it'))
    } finally {
      await chmod(cwd, 0o700)
    }
  })
})

describe('the first file that is there is taken', () => {
  it('also when it is empty', async () => {
    await write('.streamerrc', '\n')
    await write('streamer.config.yaml', 'linger: 7')
    expect(await readConfigFile(cwd)).toMatchObject({ shownPath: '.streamerrc', value: {} })
  })

  it('and not a later one when it is broken', async () => {
    await write('.streamerrc.json', '{ "linger": 3')
    await write('streamer.config.yaml', 'linger: 7')
    await expect(readConfigFile(cwd)).rejects.toThrow(/^\.streamerrc\.json:1:14: /)
  })

  it('and there may be none', async () => {
    expect(await readConfigFile(cwd)).toBeUndefined()
  })
})

describe('package.json', () => {
  it.each(['{ "name": "x" }', '', '[]', 'null', '{ "cosmiconfig": { "searchPlaces": ["other.yaml"] } }'])(
    'without the key is none: %s',
    async (text) => {
      workThere()
      await write('package.json', text)
      await write('other.yaml', 'linger: 7')
      expect(await readConfigFile(cwd)).toBeUndefined()
    }
  )

  it('without the key is an error when it was asked for', async () => {
    await write('package.json', '{ "name": "x" }')
    await expect(readConfigFile(cwd, 'package.json')).rejects.toMatchObject({
      code: 'ERR_CONFIG_NOT_FOUND',
      message: 'package.json: it has no key "streamer"'
    })
  })

  it('has its problems in their places', async () => {
    await write('package.json', '{\n  "name": "x",\n  "streamer": {\n    "linger": -1\n  }\n}\n')
    await expect(loadConfig({ cwd })).rejects.toThrow('package.json:4:5: linger: -1 is not allowed')
  })

  it('that is broken is an error with its place, and none where another file comes first or is named', async () => {
    workThere()
    await write('package.json', '{\n  "name": x y": 1,\n')
    await expect(readConfigFile(cwd)).rejects.toMatchObject({
      code: 'ERR_CONFIG_PARSE',
      exitCode: 2,
      message: expect.stringMatching(/^package\.json:2:\d+: /)
    })
    await write('named.yaml', 'linger: 7')
    expect(await readConfigFile(cwd, 'named.yaml')).toMatchObject({ value: { linger: 7 } })
    await write('.streamerrc', 'linger: 8')
    expect(await readConfigFile(cwd)).toMatchObject({ value: { linger: 8 } })
  })
})

it('nothing in .config is read or run', async () => {
  workThere()
  await mkdir(join(cwd, '.config'))
  await write('.config/config.cjs', 'globalThis.ranConfig = true; throw new Error("this was run")')
  await write('.config/streamerrc', 'linger: 5')
  await write('named.yaml', 'linger: 7')
  expect(await readConfigFile(cwd)).toBeUndefined()
  expect(await readConfigFile(cwd, 'named.yaml')).toMatchObject({ value: { linger: 7 } })
  await write('.config/config.json', '{ "streamer": { "linger": 5 }, "cosmiconfig": { "searchPlaces": ["named.yaml"] }')
  await write('.config/config.yaml', ': broken')
  expect(await readConfigFile(cwd)).toBeUndefined()
  expect(globalThis).not.toHaveProperty('ranConfig')
})

describe('$import', () => {
  it.each([
    ['.streamerrc', '.streamerrc:2:1: ', '# others\n$import: other.yaml\n'],
    ['streamer.config.mjs', 'streamer.config.mjs: ', 'export default { $import: "other.yaml" }'],
    ['package.json', 'package.json:2:3: ', '{ "streamer": {\n  "$import": "other.yaml" } }']
  ])('is a key like any other that is not known, in %s', async (name, place, text) => {
    await write(name, text)
    await write('other.yaml', 'linger: 7')
    await expect(loadConfig({ cwd })).rejects.toThrow(`${place}$import: unknown key with the value "other.yaml"`)
  })
})

describe('a syntax error of TypeScript', () => {
  it('is one problem with its place', async () => {
    await write('a.ts', 'const a: number = 3\nexport default { source: { use "fake" } }\n')
    await expect(readConfigFile(cwd, 'a.ts')).rejects.toMatchObject({
      code: 'ERR_CONFIG_PARSE',
      message: 'a.ts:2:32: Unexpected token, expected ","'
    })
  })

  it('in a file that is imported names that file', async () => {
    await write('other.ts', 'export default {')
    await write('a.ts', "import other from './other.ts'\nexport default other\n")
    await expect(readConfigFile(cwd, 'a.ts')).rejects.toThrow(/^other\.ts:1:\d+: \S/)
  })
})

it('what a module throws is told in one line', async () => {
  await write('a.mjs', 'throw new Error("first\\n  second")')
  await expect(readConfigFile(cwd, 'a.mjs')).rejects.toThrow(/^a\.mjs: first second$/)
  await write('a.ts', "import x from './nothing.ts'\nexport default x")
  await expect(readConfigFile(cwd, 'a.ts')).rejects.toThrow(
    /^a\.ts: Cannot find module '\.\/nothing\.ts' Require stack: [^\n]+$/
  )
})
