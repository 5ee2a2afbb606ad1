import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkedPlugin } from '../src/plugin-check/check-plugin.js'
import { supportsOf, supportsText } from '../src/plugin-supports.js'
import { RunningCommand, Workplace } from './run-command.js'

let place: Workplace
let count = 0

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(place.folder, name)), { recursive: true })
  await writeFile(join(place.folder, name), text)
}

/** What is found wrong, each as `problem export: …`. */
async function findings(asked: string): Promise<string[]> {
  const { findings: list } = await checkedPlugin(asked, place.folder)
  return list.map(({ level, subject, message }) => `${level} ${subject}: ${message}`)
}

/** Text of a module with a plugin that is sound, but for what is changed. */
function plugin(changes: Readonly<Record<string, string>> = {}): string {
  const members: Record<string, string> = {
    kind: "'transport'",
    apiVersion: '1',
    name: "'lines'",
    description: "'Lines of text.'",
    configSchema: `z.strictObject({ port: z.int().max(65535).default(7000).meta({ description: 'TCP port.' }) })`,
    create: "() => ({ accepts: ['mjpeg'], start: async () => [], stop: async () => {} })",
    ...changes
  }
  const text = Object.entries(members).flatMap(([name, value]) => (value === '' ? [] : [`  ${name}: ${value}`]))
  const zod = import.meta.resolve('zod')
  return `import { z } from '${zod}'\nexport default {\n${text.join(',\n')}\n}\n`
}

/** What is found wrong with a plugin that is changed so. */
async function found(changes: Readonly<Record<string, string>>): Promise<string[]> {
  // Of another name each time, or Node would give the module that it has loaded already.
  const name = `lines-${++count}.mjs`
  await write(name, plugin(changes))
  return findings(name)
}

describe('streamer plugins check', () => {
  it('says what a sound plugin is, and that nothing is wrong', async () => {
    await write('lines.mjs', plugin())
    expect(await place.run(['plugins', 'check', 'lines.mjs'])).toEqual({
      code: 0,
      stderr: '',
      stdout: `transport lines
  Lines of text.
  ${join(place.folder, 'lines.mjs')}
  Carries mjpeg; clients connect; nothing that was taken is lost; all streams.
  Options: port

Nothing is wrong.
`
    })
  })

  it('gives the same as JSON', async () => {
    await write('lines.mjs', plugin())
    const { stdout } = await place.run(['plugins', 'check', 'lines.mjs', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'transport',
      name: 'lines',
      apiVersion: 1,
      package: null,
      path: join(place.folder, 'lines.mjs'),
      supports: { codecs: ['mjpeg'], reliable: true, clients: true, severalStreams: true },
      options: { properties: { port: { default: 7000 } } },
      findings: []
    })
  })

  it('tells everything at once, problems first, with what helps, and ends with 2', async () => {
    await write(
      'wrong.mjs',
      plugin({ apiVersion: '2', name: "'Mine!'", description: '', configSchema: '5', create: '' })
    )
    const { code, stdout, stderr } = await place.run(['plugins', 'check', 'wrong.mjs'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(stdout).toMatch(
      /^problem {2}export {3}it was made for plugin API 2, and this Streamer has 1\n {18}-> update Streamer$/m
    )
    expect(stdout).toMatch(/^problem {2}export {3}its name is "Mine!"/m)
    expect(stdout).toMatch(/^problem {2}options {2}its configSchema is not a Standard Schema$/m)
    expect(stdout).toMatch(/\n\n4 problems, 0 warnings, 1 hint\. What "->" says helps\.\n$/)
    expect(stdout.indexOf('hint')).toBeGreaterThan(stdout.lastIndexOf('problem  '))
  })

  it('ends with 0 when there are only warnings and hints', async () => {
    const create = "() => { setInterval(() => {}, 1000); return { accepts: ['mjpeg'], start() {}, stop() {} } }"
    await write('lines.mjs', plugin({ create, description: '' }))
    const { code, stdout } = await place.run(['plugins', 'check', 'lines.mjs'])
    expect(stdout).toMatch(/^warning {2}create {2}create\(\) opens something already: Timeout$/m)
    expect(stdout).toMatch(/\n\nNo problem, 1 warning, 1 hint\.\n$/)
    expect(code).toBe(0)
  })

  it.each(['http', 'tcp', 'udp', 'fake', 'command', 'libcamera', 'jpeg'])(
    'finds nothing wrong with our own %s',
    async (use) => {
      const { findings: list } = await checkedPlugin(use, place.folder)
      expect(list.filter(({ level }) => level !== 'hint')).toEqual([])
    }
  )

  it('takes a folder, a file and the name of a package', async () => {
    const manifest = `{ "name": "streamer-transport-lines", "version": "1.2.3", "type": "module", "exports": "./lines.js" }`
    for (const folder of ['here', 'node_modules/streamer-transport-lines']) {
      await write(`${folder}/package.json`, manifest)
      await write(`${folder}/lines.js`, plugin())
    }
    for (const asked of ['here', './here', './here/lines.js', './here/lines', 'streamer-transport-lines', 'lines']) {
      const { packageName, version } = await checkedPlugin(asked, place.folder)
      expect([asked, packageName, version]).toEqual([asked, 'streamer-transport-lines', '1.2.3'])
    }
    const inside = new RunningCommand(join(place.folder, 'here'), ['plugins', 'check', '.'])
    await inside.ended
    expect(inside.stdout).toContain('streamer-transport-lines 1.2.3, ')
  })
})

describe('a module that is not there, or cannot be loaded', () => {
  it('is told with where it was looked for', async () => {
    expect(await findings('./nowhere')).toEqual([
      `problem module: there is no file or folder ${join(place.folder, 'nowhere')}`
    ])
    expect(await findings('nowhere')).toEqual([
      expect.stringMatching(/^problem module: there is no file or folder "nowhere" in .* no package of that name/)
    ])
  })

  it('is told to be built first', async () => {
    await write('mine/package.json', '{ "name": "mine", "exports": { ".": { "default": "./dist/index.js" } } }')
    expect(await findings('./mine')).toEqual([
      expect.stringMatching(/^problem module: .*mine\/package\.json leads to \.\/dist\/index\.js, which is not there$/)
    ])
    await mkdir(join(place.folder, 'empty'))
    expect(await findings('empty')).toEqual([expect.stringContaining('no package.json and no index.js')])
  })

  it.each([
    ["throw new Error('no libfoo.so')", 'no libfoo.so'],
    ["import 'nothing-of-that-name'", "Cannot find package 'nothing-of-that-name'"]
  ])('is told why: %s', async (text, reason) => {
    await write('broken.mjs', text)
    expect(await findings('broken.mjs')).toEqual([expect.stringContaining(`could not be loaded: ${reason}`)])
  })
})

it('a module that is no JavaScript is told with the place', async () => {
  await write('broken.mjs', 'export default {{')
  expect(await place.run(['plugins', 'check', 'broken.mjs'])).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('could not be loaded: line 1, column 17: ')
  })
})

describe('the default export', () => {
  it.each([
    ['export const plugin = 1', 'it has no default export; it exports plugin'],
    ['export default 5', 'its default export is a number, not a plugin'],
    ['export default () => {}', 'its default export is a function, not a plugin'],
    ['export default null', 'its default export is null, not a plugin']
  ])('%s is none', async (text, message) => {
    await write('none.mjs', text)
    expect(await findings('none.mjs')).toEqual([`problem export: ${message}`])
  })

  it('must be of this API version, and it is said who has to be updated', async () => {
    const remedies = async (apiVersion: string) => {
      await write(`of-${apiVersion}.mjs`, plugin({ apiVersion }))
      return (await checkedPlugin(`of-${apiVersion}.mjs`, place.folder)).findings
    }
    const message = (version: number) => `it was made for plugin API ${version}, and this Streamer has 1`
    expect(await remedies('2')).toMatchObject([{ level: 'problem', message: message(2), remedy: 'update Streamer' }])
    expect(await remedies('0')).toMatchObject([
      { level: 'problem', message: message(0), remedy: expect.stringContaining('update the plugin') }
    ])
    expect(await found({ apiVersion: '' })).toEqual([expect.stringContaining('does not say for which plugin API')])
    expect(await found({ apiVersion: "'1'" })).toEqual([expect.stringContaining('is "1", not a whole number')])
  })

  it.each([
    [{ kind: '' }, 'it does not say its kind; it must be one of transport, source, encoder'],
    [{ kind: "'oven'" }, 'it is of the kind "oven"; it must be one of transport, source, encoder'],
    [{ name: '' }, 'its name is nothing'],
    [{ name: "'My Lines'" }, 'its name is "My Lines"'],
    [{ create: '5' }, 'it has no create() function'],
    [{ description: '5' }, 'its description is 5, not text']
  ])('%j is a problem', async (changes, message) => {
    expect(await found(changes as Record<string, string>)).toEqual([
      expect.stringContaining(`problem export: ${message}`)
    ])
  })

  it('should have a description, and detect only if it is a source', async () => {
    expect(await found({ description: '', detect: '() => {}' })).toEqual([
      expect.stringContaining('warning export: its detect() is never called'),
      expect.stringContaining('hint export: it has no description')
    ])
    expect(await found({ detect: '5' })).toEqual(['problem export: its detect is not a function'])
  })
})

describe('the options', () => {
  it('need a Standard Schema', async () => {
    for (const configSchema of ['', '{}', 'null'])
      expect(await found({ configSchema })).toEqual([
        expect.stringMatching(/^problem options: it(s| has no) configSchema/)
      ])
  })

  it('should tell what they allow', async () => {
    const schema = (validate: string) => `{ '~standard': { version: 1, vendor: 'mine', validate: ${validate} } }`
    expect(await found({ configSchema: schema('(value) => ({ value })') })).toEqual([
      expect.stringContaining('warning options: it takes options that it does not have'),
      expect.stringContaining('hint options: its schema cannot tell what it allows')
    ])
    expect(await found({ configSchema: schema("() => { throw new Error('out of order') }") })).toEqual([
      'problem options: its schema threw while it checked options: out of order',
      expect.stringContaining('hint options: its schema cannot tell what it allows')
    ])
  })

  it('should be described, those inside of others too, and strict', async () => {
    const inside = "z.strictObject({ b: z.string().default('') }).prefault({}).meta({ description: 'Has b.' })"
    expect(await found({ configSchema: `z.strictObject({ a: z.int().default(1), c: ${inside} })` })).toEqual([
      'hint options: options without a description: a, c.b'
    ])
    expect(await found({ configSchema: 'z.object({})' })).toEqual([
      expect.stringContaining('warning options: it takes options that it does not have without a word')
    ])
  })

  it('must take their own defaults', async () => {
    const wrong = "z.strictObject({ port: z.int().max(65535).default(99999).meta({ description: 'x' }) })"
    expect(await found({ configSchema: wrong })).toEqual([
      expect.stringContaining(
        'problem options: the default of port, 99999, is not allowed when it is written out: port: '
      )
    ])
    const together = `z.strictObject({ a: z.int().default(1).meta({ description: 'x' }) })
      .refine(() => false, { path: ['a'], error: 'too few' })`
    expect(await found({ configSchema: together })).toContain(
      'problem options: its own defaults are refused: a: too few'
    )
  })

  it('that must be given keep create from being tried, which is no problem', async () => {
    const configSchema = "z.strictObject({ device: z.string().meta({ description: 'x' }) })"
    expect(await found({ configSchema, create: "() => { throw new Error('never') }" })).toEqual([
      expect.stringMatching(
        /^hint options: create\(\) was not tried, for nothing can be made without options: device: /
      )
    ])
  })

  it('may not have the names that the core reads itself', async () => {
    const configSchema = "z.strictObject({ name: z.string().default('').meta({ description: 'x' }) })"
    expect(await found({ configSchema })).toEqual([
      'problem options: nobody can set name: Streamer reads that key of a transport itself'
    ])
  })
})

describe('the part that it makes', () => {
  it.each([
    ["() => { throw new Error('out of order') }", 'create() threw with the default options: out of order'],
    ['async () => ({})', 'create() gives a promise'],
    ['() => undefined', 'create() gives undefined, not a transport'],
    ["() => ({ accepts: ['mjpeg'], start() {} })", 'the transport that it makes has no stop()'],
    ["() => ({ accepts: ['mjpeg'], stop() {} })", 'the transport that it makes has no start()'],
    [
      "() => ({ accepts: ['mjpeg'], start() {}, stop() {}, stats: {} })",
      'the stats of the transport that it makes is not a function'
    ],
    ['() => ({ start() {}, stop() {} })', 'its accepts is no list of codecs; there are: mjpeg, h264'],
    ["() => ({ accepts: ['jpg'], start() {}, stop() {} })", 'its accepts is no list of codecs'],
    [
      "() => ({ get accepts() { throw new Error('out of order') }, start() {}, stop() {} })",
      'reading accepts of what create() made threw: out of order'
    ]
  ])('%s', async (create, message) => {
    expect(await found({ create })).toContainEqual(expect.stringContaining(`problem create: ${message}`))
  })

  it('has of an encoder push and its codec', async () => {
    expect(await found({ kind: "'encoder'", create: '() => ({ start() {}, stop() {} })' })).toEqual([
      'problem create: the encoder that it makes has no push()',
      'problem create: its output is no codec; there are: mjpeg, h264'
    ])
  })

  it('has controls that are whole', async () => {
    const create = '() => ({ start() {}, stop() {}, controls: { list() {} } })'
    expect(await found({ kind: "'source'", supports: '{ controls: true }', create })).toEqual([
      'problem create: its controls have no values(), set()'
    ])
  })
})

describe('what it supports', () => {
  it('must be declared in words that mean something', async () => {
    const supports = "{ reliabel: true, codecs: [], clients: 'yes', severalStreams: undefined }"
    expect(await found({ supports })).toEqual([
      'problem supports: supports.codecs is []; it must be a list of one or more of mjpeg, h264',
      'problem supports: supports.clients is "yes"; it must be true or false',
      'warning supports: supports.reliabel means nothing; did you mean reliable? There are: codecs, reliable, clients, severalStreams'
    ])
    expect(await found({ supports: '5' })).toEqual(['problem supports: supports is 5, not keys with values'])
  })

  it.each([
    [
      'transport',
      "{ codecs: ['mjpeg', 'h264'] }",
      "accepts: ['mjpeg']",
      'it declares the codecs mjpeg, h264, and what it makes accepts mjpeg'
    ],
    [
      'encoder',
      "{ codec: 'h264' }",
      "output: 'mjpeg'",
      'it declares the codec h264, and the output of what it makes is mjpeg'
    ],
    ['source', '{ controls: true }', 'a: 1', 'it declares controls, and the source that it makes has none'],
    [
      'source',
      '{}',
      'controls: { list() {}, values() {}, set() {} }',
      'it declares no controls, and the source that it makes has some'
    ]
  ])('must fit the %s', async (kind, supports, part, message) => {
    const create = `() => ({ start() {}, stop() {}, push() {}, ${part} })`
    expect(await found({ kind: `'${kind}'`, supports, create })).toEqual([`problem supports: ${message}`])
  })

  it.each([
    ['transport', {}, 'Carries mjpeg; clients connect; nothing that was taken is lost; all streams.'],
    [
      'transport',
      { codecs: ['mjpeg', 'h264'], reliable: false, clients: false, severalStreams: false },
      'Carries mjpeg and h264; no clients, it takes frames from start to stop; frames may be lost; the first stream alone.'
    ],
    ['source', {}, 'Gives raw frames; no settings change while it runs; needs something that can be missing.'],
    [
      'source',
      { frames: ['raw', 'mjpeg'], controls: true, alwaysStarts: true },
      'Gives raw frames or mjpeg; settings can change while it runs; needs nothing to start.'
    ],
    ['encoder', {}, 'Makes mjpeg; of all pixel formats; no settings change while it runs.'],
    [
      'encoder',
      { pixelFormats: ['rgb24', 'gray'], controls: true },
      'Makes mjpeg; of rgb24, gray; settings can change while it runs.'
    ]
  ] as const)('is shown in words: %s %j', async (kind, supports, words) => {
    expect(supportsText(kind, supportsOf(kind, supports).supports)).toBe(words)
  })
})

describe('its package', () => {
  const sound = {
    name: 'streamer-transport-lines',
    version: '1.0.0',
    type: 'module',
    keywords: ['streamer-plugin'],
    engines: { node: '>=20' },
    exports: { '.': { types: './lines.d.ts', default: './lines.js' } },
    files: ['lines.js'],
    peerDependencies: { '@streamer/core': '^0.1.0' }
  }

  async function ofPackage(changes: object, name = 'lines'): Promise<string[]> {
    const folder = `mine-${++count}`
    await write(`${folder}/package.json`, JSON.stringify({ ...sound, ...changes }))
    await write(`${folder}/lines.js`, plugin({ name: `'${name}'` }))
    return findings(folder)
  }

  it('has nothing wrong when it follows the conventions', async () => {
    expect(await ofPackage({})).toEqual([])
    expect(await ofPackage({ name: '@acme/streamer-transport-lines' })).toEqual([])
  })

  it.each([
    [{ name: 'my-lines' }, 'hint package: its name is my-lines; plugins of its kind are called streamer-transport-…'],
    [
      { name: 'streamer-transport-rows' },
      'hint package: the package is streamer-transport-rows, and the plugin calls itself "lines"'
    ],
    [{ keywords: [] }, 'hint package: it cannot be found as a plugin'],
    [{ engines: undefined }, 'hint package: it does not say which versions of Node'],
    [{ files: undefined }, 'hint package: everything in its folder would be published'],
    [{ exports: './lines.js' }, 'hint package: its "exports" have no "types"'],
    [{ exports: undefined, main: 'lines.js' }, 'hint package: it has no "exports"'],
    [{ peerDependencies: {} }, 'warning package: it does not say which version of @streamer/core it needs'],
    [{ dependencies: { '@streamer/core': '*' } }, 'warning package: @streamer/core is a dependency']
  ])('%j', async (changes, message) => {
    expect(await ofPackage(changes)).toEqual([expect.stringContaining(message)])
  })

  it('should not have the name of one that comes with Streamer', async () => {
    expect(await ofPackage({ name: 'streamer-transport-http' }, 'http')).toEqual([
      'warning package: use: http means the transport that comes with Streamer, not this one'
    ])
  })

  it('is not looked at when a file of some program was asked for', async () => {
    await write('package.json', '{ "name": "my-camera", "version": "4.5.6" }')
    await write('lines.mjs', plugin())
    expect(await findings('lines.mjs')).toEqual([])
  })
})
