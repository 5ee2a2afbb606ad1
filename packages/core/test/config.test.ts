import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  ConfigError,
  configJsonSchema,
  loadConfig,
  loadPlugin,
  nearestKey,
  pathText,
  problemText
} from '../src/index.js'

let cwd: string

/** Three plugins written as a stranger would, without zod: the core knows options only through Standard Schema. */
const pluginFile = (kind: string, body = '') => `
const schema = { '~standard': {
  version: 1, vendor: 'hand',
  validate (value) {
    const issues = []
    if (value.port !== undefined && !(Number.isInteger(value.port) && value.port >= 0 && value.port <= 65535)) issues.push({ message: 'Invalid port', path: ['port'] })
    for (const key of Object.keys(value)) if (!['port', 'host', 'quality', 'width'].includes(key)) issues.push({ message: 'Unknown', path: [key], code: 'unrecognized_keys' })
    return issues.length > 0 ? { issues } : { value: { port: 1234, ...value } }
  },
  jsonSchema: { input: () => ({ type: 'object', additionalProperties: false, properties: {
    port: { type: 'integer', minimum: 0, maximum: 65535 }, host: { type: 'string' }, quality: { type: 'integer', minimum: 1, maximum: 100 }, width: { type: 'integer' } } }) }
} }
export default { kind: '${kind}', apiVersion: 1, name: 'own', configSchema: schema, create () { return {} } ${body} }
`

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'streamer-config-'))
  for (const kind of ['source', 'encoder', 'transport']) await writeFile(join(cwd, `${kind}.mjs`), pluginFile(kind))
})
afterEach(() => rm(cwd, { recursive: true }))

const parts = 'source: { use: ./source.mjs }\nencoder: { use: ./encoder.mjs }\n'

async function problemsOf(text: string, name = '.streamerrc', settings = {}): Promise<string[]> {
  await writeFile(join(cwd, name), text)
  try {
    await loadConfig({ cwd, settings })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemText)
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('a configuration file', () => {
  it('is found, read and given to its plugins with defaults filled in', async () => {
    await writeFile(
      join(cwd, '.streamerrc'),
      `${parts}transports:\n  - { use: ./transport.mjs }\n  - { use: ./transport.mjs, port: 5, optional: true }\nlinger: always\n`
    )
    const config = await loadConfig({ cwd })
    expect(config.file?.shownPath).toBe('.streamerrc')
    expect(config.baseDir).toBe(cwd)
    expect(config.streams).toMatchObject([
      { name: 'main', linger: 'always', watchdog: 5, source: { packageName: './source.mjs' } }
    ])
    expect(config.transports).toMatchObject([
      { name: 'own', optional: false, options: { port: 1234 } },
      { name: 'own-2', optional: true, options: { port: 5 } }
    ])
  })

  it.each([
    [
      '.streamerrc.json',
      '{ "source": { "use": "./source.mjs" }, "encoder": { "use": "./encoder.mjs" }, "transports": [{ "use": "./transport.mjs" }], "linger": 7 }'
    ],
    [
      'streamer.config.mjs',
      "export default { source: { use: './source.mjs' }, encoder: { use: './encoder.mjs' }, transports: [{ use: './transport.mjs' }], linger: 7 }"
    ],
    [
      'streamer.config.cjs',
      "module.exports = { source: { use: './source.mjs' }, encoder: { use: './encoder.mjs' }, transports: [{ use: './transport.mjs' }], linger: 7 }"
    ],
    [
      '.streamerrc.ts',
      "const linger: number = 7\nexport default { source: { use: './source.mjs' }, encoder: { use: './encoder.mjs' }, transports: [{ use: './transport.mjs' }], linger }"
    ],
    [
      'package.json',
      '{ "streamer": { "source": { "use": "./source.mjs" }, "encoder": { "use": "./encoder.mjs" }, "transports": [{ "use": "./transport.mjs" }], "linger": 7 } }'
    ]
  ])('may be %s', async (name, text) => {
    await writeFile(join(cwd, name), text)
    const config = await loadConfig({ cwd })
    expect(config.streams[0]?.linger).toBe(7)
    expect(config.file?.shownPath).toBe(name)
  })

  it('gives a slow camera a watchdog of at least two frames', async () => {
    const watchdogOf = async (config: object) => {
      const loaded = await loadConfig({ config: config as never, cwd })
      return loaded.streams[0]?.watchdog
    }
    const transports = [{ use: './transport.mjs' }]
    const encoder = { use: './encoder.mjs' }
    await writeFile(join(cwd, 'slow.mjs'), pluginFile('source').replaceAll('width', 'framerate'))
    const source = { use: './slow.mjs', framerate: 0.1 }
    expect(await watchdogOf({ source, encoder, transports })).toBe(20)
    expect(await watchdogOf({ source, encoder, transports, watchdog: 60 })).toBe(60)
    expect(await watchdogOf({ source, encoder, transports, watchdog: 0 })).toBe(0)
    expect(await watchdogOf({ source: { ...source, framerate: 30 }, encoder, transports })).toBe(5)
  })

  it.each(['.', './', '..'])('takes %s after use for a folder', async (use) => {
    await mkdir(join(cwd, 'inner'))
    await writeFile(join(cwd, 'index.js'), pluginFile('source'))
    await writeFile(join(cwd, 'package.json'), '{ "name": "dotted", "type": "module" }')
    const config = {
      source: { use },
      encoder: { use: join(cwd, 'encoder.mjs') },
      transports: [{ use: join(cwd, 'transport.mjs') }]
    }
    const loaded = await loadConfig({ config: config as never, cwd: use === '..' ? join(cwd, 'inner') : cwd })
    expect(loaded.streams[0]?.source).toMatchObject({ packageName: 'dotted' })
  })

  it('names line and column when it cannot be parsed', async () => {
    await writeFile(join(cwd, '.streamerrc'), 'source: { use: fake\nlinger: 3\n')
    await expect(loadConfig({ cwd })).rejects.toMatchObject({
      code: 'ERR_CONFIG_PARSE',
      exitCode: 2,
      message: expect.stringMatching(/^\.streamerrc:2:\d+: /)
    })
  })

  it('that was named and is not there is an error with its name', async () => {
    await expect(loadConfig({ cwd, file: 'nope.yaml' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_NOT_FOUND',
      message: 'nope.yaml: there is no such file'
    })
    await mkdir(join(cwd, 'folder'))
    await expect(loadConfig({ cwd, file: 'folder' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_NOT_FOUND',
      message: 'folder: it is not a file'
    })
  })

  it('that throws is an error that names the file', async () => {
    await writeFile(
      join(cwd, 'streamer.config.mjs'),
      'globalThis.runs = (globalThis.runs ?? 0) + 1; throw new Error("oh no " + globalThis.runs)'
    )
    await expect(loadConfig({ cwd })).rejects.toMatchObject({
      code: 'ERR_CONFIG_PARSE',
      message: 'streamer.config.mjs: oh no 1'
    })
  })
})

describe('problems', () => {
  it('are told all at once, each with its place, value, what is allowed and the nearest known key', async () => {
    const text = [
      'sorce: { use: fake }',
      parts.trim(),
      'linger: 4000',
      'watchdog: soon',
      'log: { levle: info, format: fancy }',
      'transports:',
      '  - use: ./transport.mjs',
      '    port: 70000',
      '    prot: 1',
      '  - { use: ./missing.mjs }'
    ].join('\n')
    expect(await problemsOf(text)).toEqual([
      '.streamerrc:1:1: sorce: unknown key with the value {"use":"fake"}; did you mean "source"? There are: $schema, source, encoder, linger, watchdog, streams, transports, host, log',
      '.streamerrc:6:8: log.levle: unknown key with the value "info"; did you mean "level"? There are: level, file, format',
      '.streamerrc:4:1: linger: 4000 is not allowed; it must be a number from 0 to 3600, or "always"',
      '.streamerrc:5:1: watchdog: "soon" is not allowed; it must be a number from 0 to 3600',
      '.streamerrc:6:21: log.format: "fancy" is not allowed; it must be one of "pretty", "json"',
      '.streamerrc:10:5: transports[0].prot: unknown key with the value 1; did you mean "port"? There are: port, host, quality, width',
      '.streamerrc:9:5: transports[0].port: 70000 is not allowed; it must be a whole number from 0 to 65535',
      `.streamerrc:11:7: transports[1].use: no transport plugin "./missing.mjs": there is no file ${join(cwd, 'missing.mjs')}`
    ])
  })

  it('of flags and environment name those, not the file', async () => {
    const settings = {
      linger: { value: -1, origin: { kind: 'environment', name: 'STREAMER_LINGER' } },
      width: { value: 'wide', origin: { kind: 'flag', name: '--width' } }
    }
    expect(await problemsOf(`${parts}transports: [{ use: ./transport.mjs }]`, '.streamerrc', settings)).toEqual([
      'STREAMER_LINGER: linger: -1 is not allowed; it must be a number from 0 to 3600, or "always"'
    ])
  })

  it('are not what only has no effect: ports of absent transports, variables that a part has no option for', async () => {
    await writeFile(join(cwd, '.streamerrc'), `${parts}transports: [{ use: ./transport.mjs }]`)
    const framerate = { value: 5, origin: { kind: 'environment', name: 'STREAMER_FRAMERATE' } } as const
    const udpPort = { value: 1, origin: { kind: 'flag', name: '--udp-port' } } as const
    const config = await loadConfig({ cwd, settings: { udpPort, framerate } })
    expect(config.warnings).toEqual([
      '--udp-port has no effect: there is no transport "udp"',
      'STREAMER_FRAMERATE has no effect: source "./source.mjs" has no option "framerate"'
    ])
    const flag = { ...framerate, origin: { kind: 'flag', name: '--framerate' } } as const
    await expect(loadConfig({ cwd, settings: { framerate: flag } })).rejects.toThrow(
      '--framerate: source.framerate: unknown key'
    )
  })

  it('of a host that is none are told once', async () => {
    const problems = await problemsOf(`${parts}transports: [{ use: ./transport.mjs }]\nhost: 5`)
    expect(problems).toEqual(['.streamerrc:4:1: host: 5 is not allowed; it must be text that is not empty'])
  })

  it('exit with code 2 and keep a common code', async () => {
    await writeFile(join(cwd, '.streamerrc'), `${parts}transports: [{ use: streamer-transport-none }]`)
    await expect(loadConfig({ cwd })).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND', exitCode: 2 })
  })

  it('of a configuration that is no mapping are told', async () => {
    expect(await problemsOf('- 1\n- 2')).toEqual(['.streamerrc:1:1: the configuration must be keys with values'])
    expect(await problemsOf('transports: []')).toEqual([
      '.streamerrc:1:1: transports: [] is not allowed; it must be a list of at least 1'
    ])
    expect(await problemsOf(`${parts}transports: nothing`)).toEqual([
      '.streamerrc:3:1: transports: "nothing" is not allowed; it must be a list of at least 1'
    ])
    expect(await problemsOf(`streams: {}\ntransports: [{ use: ./transport.mjs }]`)).toEqual([
      '.streamerrc:1:1: streams: is empty; name at least one stream'
    ])
    const badName = `streams: { "no/good": { source: { use: ./source.mjs } } }\nencoder: { use: ./encoder.mjs }\ntransports: [{ use: ./transport.mjs }]`
    expect(await problemsOf(badName)).toEqual([
      '.streamerrc:1:12: streams.no/good: the name is not allowed; it must be letters, digits, - and _, at most 32, a letter or digit first'
    ])
  })
})

describe('plugins', () => {
  const failure = async (use: string) => (await problemsOf(`${parts}transports: [{ use: ${use} }]`))[0]

  it('are found as packages in the folder of the file', async () => {
    const folder = join(cwd, 'node_modules', 'streamer-transport-acme')
    await mkdir(folder, { recursive: true })
    await writeFile(
      join(folder, 'package.json'),
      '{ "name": "streamer-transport-acme", "version": "3.2.1", "exports": { "import": "./index.mjs" } }'
    )
    await writeFile(join(folder, 'index.mjs'), pluginFile('transport'))
    for (const use of ['acme', 'streamer-transport-acme', './node_modules/streamer-transport-acme']) {
      await writeFile(join(cwd, '.streamerrc'), `${parts}transports: [{ use: ${use} }]`)
      const { transports } = await loadConfig({ cwd })
      expect(transports).toMatchObject([{ packageName: 'streamer-transport-acme', version: '3.2.1' }])
    }
  })

  it('that are not there are named with what was looked for, where, and the nearest of ours', async () => {
    const looked = `looked for the packages "@streamer/transport-htpp", "streamer-transport-htpp", "htpp" from ${cwd} and beside this program; `
    expect(await failure('htpp')).toBe(
      `.streamerrc:3:16: transports[0].use: no transport plugin "htpp"; did you mean "http"? ${looked}` +
        'install the one you mean there with npm install, or write a path that begins with ./'
    )
    expect(await failure('acme-cloud')).toContain('no transport plugin "acme-cloud": looked for the packages')
  })

  it('named like a module of Node are not taken for it', async () => {
    expect(await failure('dgram')).toContain('no transport plugin "dgram"')
    expect(await failure('node:http')).toContain('no transport plugin "node:http"')
  })

  it('that never finish loading are given up', async () => {
    await writeFile(join(cwd, 'hangs.mjs'), 'await new Promise(() => {})')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await writeFile(join(cwd, '.streamerrc'), `${parts}transports: [{ use: ./hangs.mjs }]`)
    const failing = expect(loadConfig({ cwd })).rejects.toThrow('it did not finish loading within 20 s')
    while (vi.getTimerCount() === 0) await new Promise(setImmediate)
    while (vi.getTimerCount() > 0) {
      vi.advanceTimersByTime(20_000)
      await new Promise(setImmediate)
    }
    await failing
  })

  it('of another API version name both numbers and the side to update', async () => {
    await writeFile(join(cwd, 'new.mjs'), 'export default { apiVersion: 9 }')
    await writeFile(join(cwd, 'old.mjs'), 'export default { apiVersion: 0 }')
    expect(await failure('./new.mjs')).toContain('was made for plugin API 9, and this Streamer has 1: update Streamer')
    expect(await failure('./old.mjs')).toContain(
      'was made for plugin API 0, and this Streamer has 1: update the plugin'
    )
  })

  it.each([
    ["'1'", 'has the apiVersion "1", which is no whole number; make it with defineTransport()'],
    ['1.5', 'has the apiVersion 1.5, which is no whole number'],
    ['NaN', 'has the apiVersion NaN, which is no whole number'],
    ['null', 'has the apiVersion null, which is no whole number'],
    ['undefined', 'is not a plugin; its default export must be made by defineTransport()']
  ])('with the API version %s are told how to get a right one', async (apiVersion, told) => {
    const name = `./version-${apiVersion.replace(/\W/g, '')}.mjs`
    await writeFile(join(cwd, name), `export default { apiVersion: ${apiVersion}, kind: 'transport' }`)
    expect(await failure(name)).toContain(told)
  })

  it.each([
    ['5', 'has the supports 5, not keys with values'],
    ["['mjpeg']", 'has the supports ["mjpeg"], not keys with values'],
    ["{ codecs: 'mjpeg' }", 'has supports.codecs "mjpeg"; it must be a list of one or more of mjpeg, h264'],
    ['{ codecs: [] }', 'has supports.codecs []; it must be a list'],
    ["{ codecs: ['vp9'] }", 'has supports.codecs ["vp9"]; it must be a list'],
    ['{ reliable: 1 }', 'has supports.reliable 1; it must be true or false'],
    ["{ get clients() { throw new Error('not for you') } }", 'threw when it was looked at: not for you']
  ])('that declare supports: %s are refused', async (supports, told) => {
    const name = `./supports-${supports.length}${supports.replace(/\W/g, '')}.mjs`
    const validate = "configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } }"
    await writeFile(
      join(cwd, name),
      `export default { apiVersion: 1, kind: 'transport', name: 'x', create() {}, ${validate}, supports: ${supports} }`
    )
    expect(await failure(name)).toContain(told)
  })

  it('may declare what only a newer core knows', async () => {
    const validate = "configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } }"
    await writeFile(
      join(cwd, 'newer.mjs'),
      `export default { apiVersion: 1, kind: 'transport', name: 'x', create() {}, ${validate}, supports: { audio: 'yes' } }`
    )
    const { transports } = await loadConfig({
      cwd,
      config: { source: { use: 'fake' }, transports: [{ use: './newer.mjs' }] }
    })
    expect(transports?.[0]?.name).toBe('x')
  })

  it('that are none, of another kind, or throw on load are refused', async () => {
    await writeFile(join(cwd, 'none.mjs'), 'export const x = 1')
    await writeFile(join(cwd, 'class.mjs'), 'export default {}')
    await writeFile(join(cwd, 'throws.mjs'), "throw new Error('no such device')")
    await writeFile(join(cwd, 'syntax.mjs'), 'export default {')
    expect(await failure('./none.mjs')).toContain(
      'has no plugin as its default export; make one with defineTransport()'
    )
    expect(await failure('./class.mjs')).toContain('is not a plugin')
    expect(await failure('./source.mjs')).toContain('is a source plugin and cannot be used as a transport')
    expect(await failure('./throws.mjs')).toContain('could not be loaded: no such device')
    expect(await failure('./syntax.mjs')).toContain('could not be loaded')
  })
})

describe('isolate', () => {
  it('is a key of every part, of which the plugin hears nothing', async () => {
    const config = {
      source: { use: 'fake', isolate: true, width: 320 },
      encoder: { use: 'jpeg', isolate: true },
      transports: [{ use: 'tcp', isolate: true, port: 0 }, { use: 'udp' }]
    }
    const { streams, transports } = await loadConfig({ config })
    expect(streams[0]?.source).toMatchObject({ isolate: true, written: { width: 320 }, options: { width: 320 } })
    expect(streams[0]?.source?.options).not.toHaveProperty('isolate')
    expect(streams[0]?.encoder).toMatchObject({ isolate: true, written: {} })
    expect(transports?.map(({ isolate, written }) => [isolate, written])).toEqual([
      [true, { port: 0 }],
      [false, {}]
    ])
  })

  it('goes with what a part has from elsewhere in the configuration', async () => {
    const config = {
      host: '127.0.0.1',
      source: { use: 'fake' },
      transports: [{ use: 'tcp', isolate: true, port: 0 }]
    }
    const { transports } = await loadConfig({ config })
    expect(transports?.[0]?.written).toEqual({ port: 0, host: '127.0.0.1' })
  })

  it('is true or false, and is nothing for "auto"', async () => {
    const wrong = { source: { use: 'fake', isolate: 'yes' }, transports: [{ use: 'tcp', isolate: 1 }] }
    await expect(loadConfig({ config: wrong as never })).rejects.toMatchObject({
      exitCode: 2,
      message:
        'source.isolate: "yes" is not allowed; it must be true or false\n' +
        'transports[0].isolate: 1 is not allowed; it must be true or false'
    })
    await expect(loadConfig({ config: { source: { use: 'auto', isolate: true } } })).rejects.toMatchObject({
      exitCode: 2,
      message: 'source.isolate: is for one plugin; "auto" is a choice of several'
    })
  })

  it('stands in the schema for editors, with every plugin', async () => {
    const plugins = [
      { kind: 'source' as const, ...(await loadPlugin('source', 'fake', cwd, [import.meta.url])) },
      { kind: 'transport' as const, ...(await loadPlugin('transport', 'tcp', cwd, [import.meta.url])) }
    ]
    const schema = configJsonSchema(plugins) as unknown as {
      properties: { source: Parts; encoder: Parts; transports: { items: Parts } }
    }
    type Parts = { oneOf: Array<{ properties: { isolate?: Record<string, unknown> } }> }
    const { source, encoder, transports } = schema.properties
    const parts = [...source.oneOf, ...encoder.oneOf, ...transports.items.oneOf]
    expect(parts.length).toBe(5)
    for (const { properties } of parts)
      expect(properties.isolate).toEqual({
        type: 'boolean',
        default: false,
        description: expect.stringContaining('a thread of its own')
      })
  })
})

describe('layers', () => {
  const flag = (name: string, value: unknown) => ({ value, origin: { kind: 'flag' as const, name } })

  it('lie over the file, and each value knows where it came from', async () => {
    await writeFile(
      join(cwd, '.streamerrc'),
      `source: { use: ./source.mjs, width: 5 }\nencoder: { use: ./encoder.mjs }\ntransports: [{ use: ./transport.mjs, port: 1 }]`
    )
    const config = await loadConfig({
      cwd,
      settings: { width: flag('--width', 7), quality: flag('--quality', 50), host: flag('--host', '127.0.0.1') }
    })
    expect(config.streams[0]?.source?.options).toMatchObject({ width: 7 })
    expect(config.streams[0]?.encoder?.options).toMatchObject({ quality: 50 })
    expect(config.transports?.[0]?.options).toMatchObject({ host: '127.0.0.1', port: 1 })
    expect(config.originOf(['source', 'width'])).toEqual({ kind: 'flag', name: '--width' })
    expect(config.originOf(['transports', 0, 'port'])).toEqual({
      kind: 'file',
      file: '.streamerrc',
      line: 3,
      column: 38
    })
    expect(config.originOf(['watchdog'])).toEqual({ kind: 'default' })
  })

  it('reach every stream, and a list of transports replaces the configured one but keeps its options', async () => {
    await writeFile(
      join(cwd, '.streamerrc'),
      'streams:\n  front: { source: { use: ./source.mjs }, linger: 3 }\n  door: { source: { use: ./source.mjs, width: 2 } }\nencoder: { use: ./encoder.mjs }\ntransports: [{ use: ./transport.mjs, port: 9 }, { use: udp }]'
    )
    const config = await loadConfig({
      cwd,
      settings: {
        width: flag('--width', 9),
        linger: flag('--linger', 'always'),
        quality: flag('--quality', 3),
        transport: flag('--transport', ['./transport.mjs'])
      }
    })
    expect(config.streams).toMatchObject([
      { name: 'front', linger: 'always', source: { options: { width: 9 } }, encoder: { options: { quality: 3 } } },
      { name: 'door', linger: 'always', source: { options: { width: 9 } }, encoder: { options: { quality: 3 } } }
    ])
    expect(config.transports).toMatchObject([{ options: { port: 9 } }])
  })

  it('of the host hold for transports that have their own, too', async () => {
    await writeFile(
      join(cwd, '.streamerrc'),
      `${parts}transports: [{ use: ./transport.mjs, host: "::" }, { use: ./transport.mjs }]`
    )
    const config = await loadConfig({ cwd, settings: { host: flag('--host', '127.0.0.1') } })
    expect(config.transports).toMatchObject([{ options: { host: '127.0.0.1' } }, { options: { host: '127.0.0.1' } }])
    expect(config.originOf(['transports', 0, 'host'])).toEqual({ kind: 'flag', name: '--host' })
  })

  it('drop the options of a source that is replaced', async () => {
    await writeFile(join(cwd, 'other.mjs'), pluginFile('source'))
    await writeFile(
      join(cwd, '.streamerrc'),
      `source: { use: ./source.mjs, width: 5 }\nencoder: { use: ./encoder.mjs }\ntransports: [{ use: ./transport.mjs }]`
    )
    const config = await loadConfig({ cwd, settings: { source: flag('--source', './other.mjs') } })
    expect(config.streams[0]?.source?.options).toEqual({ port: 1234 })
  })
})

it('the JSON Schema knows the options of each plugin by its name', async () => {
  await writeFile(join(cwd, '.streamerrc'), `${parts}transports: [{ use: ./transport.mjs }]`)
  const { streams, transports } = await loadConfig({ cwd })
  const loaded = [streams[0]?.source, streams[0]?.encoder, transports?.[0]].filter((part) => part !== undefined)
  const schema = configJsonSchema(loaded) as { properties: { transports: { items: { oneOf: unknown[] } } } }
  expect(schema.properties.transports.items.oneOf[0]).toMatchObject({
    properties: {
      use: { const: './transport.mjs' },
      port: { type: 'integer', maximum: 65535 },
      optional: { type: 'boolean' }
    },
    required: ['use']
  })
})

it('the nearest key is one that a person may have meant', () => {
  expect(nearestKey('Port', ['port', 'host'])).toBe('port')
  expect(nearestKey('framrate', ['framerate', 'width'])).toBe('framerate')
  expect(nearestKey('zzzzzz', ['port', 'host'])).toBeUndefined()
  expect(pathText(['streams', 'front', 'transports', 0, 'port'])).toBe('streams.front.transports[0].port')
})
