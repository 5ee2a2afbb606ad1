import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  autoSources,
  ConfigError,
  compose,
  configJsonSchema,
  ENCODER,
  type LoadedConfig,
  loadAuto,
  loadConfig,
  problemText,
  type Settings,
  TRANSPORTS
} from '../src/index.js'
import { StandInEncoder, StandInLogger } from './stand-ins.js'

let cwd: string

const zod = import.meta.resolve('zod')
const plugin = (name: string, shape: string, more = '') => `
import { z } from '${zod}'
export default { kind: 'source', apiVersion: 1, name: '${name}', configSchema: z.strictObject(${shape}),
  create: (options, { name, logger }) => ({ start: async () => {}, stop: async () => {}, options }) ${more} }
`

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'streamer-auto-'))
  await writeFile(
    join(cwd, 'camera.mjs'),
    plugin(
      'camera',
      `{ width: z.int().min(16).max(16384).default(640), quality: z.int().min(1).max(100).default(80),
        rotation: z.int().optional(), output: z.enum(['auto', 'raw']).default('auto') }`
    )
  )
  await writeFile(
    join(cwd, 'picture.mjs'),
    plugin(
      'picture',
      `{ width: z.int().min(16).max(3840).default(640), pattern: z.enum(['bars', 'black']).default('bars'),
        output: z.enum(['raw', 'jpeg']).default('raw'), faults: z.strictObject({ crash: z.int().optional() }).prefault({}) }`
    )
  )
})
afterEach(() => rm(cwd, { recursive: true }))

const choice = ['./camera.mjs', './picture.mjs']

/** @param source what stands beside `use: auto`, as YAML. */
async function load(source = '', names: readonly string[] = choice, settings: Settings = {}): Promise<LoadedConfig> {
  await writeFile(join(cwd, '.streamerrc'), `source: { use: auto${source && `, ${source}`} }\n`)
  return loadConfig({ cwd, autoSources: names, replaced: new Set(['encoder', 'transport']), settings })
}

async function problemsOf(source: string, names?: readonly string[]): Promise<string[]> {
  try {
    await load(source, names)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemText)
    throw error
  }
  throw new Error('nothing was wrong')
}

const autoOf = ({ streams }: LoadedConfig) => streams[0]?.source?.auto

describe('use: auto', () => {
  it('is the source when nobody names one: a camera of this machine, else the test picture', async () => {
    expect(autoSources).toEqual(['libcamera', 'fake'])
    const { streams } = await loadConfig({ cwd, replaced: new Set(['encoder', 'transport']) })
    expect(streams[0]?.source).toMatchObject({ use: 'auto', packageName: '@streamer/core' })
    expect(streams[0]?.source?.auto?.candidates.at(-1)?.packageName).toBe('@streamer/source-fake')
    expect(streams[0]?.source?.options).toMatchObject({ width: 640, height: 480, framerate: 30 })
  })

  it('gives each candidate the options that it has', async () => {
    const loaded = await load('width: 320, rotation: 180, pattern: black')
    expect(autoOf(loaded)).toMatchObject({
      candidates: [
        { use: './camera.mjs', options: { width: 320, rotation: 180, quality: 80, output: 'auto' } },
        { use: './picture.mjs', options: { width: 320, pattern: 'black', output: 'raw', faults: {} } }
      ],
      leftOut: [],
      hasStandIn: true
    })
    expect(loaded.streams[0]?.source?.options).toEqual({
      width: 320,
      rotation: 180,
      quality: 80,
      output: 'auto',
      pattern: 'black',
      faults: {}
    })
  })

  it('refuses an option that no candidate has, with the nearest one', async () => {
    expect(await problemsOf('widht: 5')).toEqual([
      '.streamerrc:1:22: source.widht: unknown key with the value 5; did you mean "width"? There are: width, quality, rotation, output, pattern, faults'
    ])
  })

  it('goes without a candidate for which a value is wrong that another one takes, and says so', async () => {
    const wide = await load('width: 5000')
    expect(autoOf(wide)).toMatchObject({ candidates: [{ use: './camera.mjs' }], hasStandIn: false })
    expect(wide.warnings).toEqual([
      'source "auto" goes without "./picture.mjs": source.width: 5000 is not allowed; it must be a whole number from 16 to 3840'
    ])
    const jpeg = await load('output: jpeg')
    expect(autoOf(jpeg)).toMatchObject({
      candidates: [{ use: './picture.mjs' }],
      leftOut: [{ use: './camera.mjs', reason: expect.stringContaining('source.output: "jpeg" is not allowed') }],
      hasStandIn: true
    })
  })

  it('refuses a value that is wrong for every candidate that has the option', async () => {
    expect(await problemsOf('width: wide')).toEqual([
      '.streamerrc:1:22: source.width: "wide" is not allowed; it must be a whole number from 16 to 16384'
    ])
    expect(await problemsOf('pattern: dots')).toEqual([
      '.streamerrc:1:22: source.pattern: "dots" is not allowed; it must be one of "bars", "black"'
    ])
    expect(await problemsOf('faults: { crush: 1 }')).toEqual([
      '.streamerrc:1:32: source.faults.crush: unknown key with the value 1; did you mean "crash"? There are: crash'
    ])
  })

  it('refuses values that leave no candidate, each one wrong for another', async () => {
    expect(await problemsOf('width: 5000, output: auto', ['./picture.mjs'])).toHaveLength(2)
    expect(await problemsOf('width: 5000, output: jpeg')).toEqual([
      '.streamerrc:1:35: source.output: "jpeg" is not allowed; it must be one of "auto", "raw"',
      '.streamerrc:1:22: source.width: 5000 is not allowed; it must be a whole number from 16 to 3840'
    ])
  })

  it('goes without a candidate that is not installed, cannot be loaded, or whose schema throws', async () => {
    await writeFile(join(cwd, 'broken.mjs'), "throw new Error('no such library')")
    await writeFile(
      join(cwd, 'throws.mjs'),
      `export default { kind: 'source', apiVersion: 1, name: 'x', create() {}, configSchema: { '~standard': {
        version: 1, vendor: 'x', validate() { throw new Error('no rules') }, jsonSchema: { input: () => ({}) } } } }`
    )
    const loaded = await load('', ['streamer-source-none', './broken.mjs', './throws.mjs', './picture.mjs'])
    expect(autoOf(loaded)).toMatchObject({
      candidates: [{ use: './picture.mjs' }],
      hasStandIn: true,
      leftOut: [
        { reason: 'the source plugin "streamer-source-none" is not installed' },
        { reason: expect.stringContaining('could not be loaded: no such library') },
        { reason: expect.stringContaining('its schema threw: no rules') }
      ]
    })
    expect(await problemsOf('', ['streamer-source-none'])).toEqual([
      '.streamerrc:1:11: source.use: source plugin "auto" has nothing to choose from: the source plugin "streamer-source-none" is not installed'
    ])
  })

  it('takes flags and variables as any source, and leaves a variable alone that no candidate has', async () => {
    const variable = (name: string, value: unknown) => ({ value, origin: { kind: 'environment', name } }) as const
    const loaded = await load('', choice, {
      width: variable('STREAMER_WIDTH', 100),
      framerate: variable('STREAMER_FRAMERATE', 5)
    })
    expect(autoOf(loaded)?.candidates).toMatchObject([{ options: { width: 100 } }, { options: { width: 100 } }])
    expect(loaded.originOf(['source', 'width'])).toEqual({ kind: 'environment', name: 'STREAMER_WIDTH' })
    expect(loaded.warnings).toEqual(['STREAMER_FRAMERATE has no effect: source "auto" has no option "framerate"'])
  })

  it('gives a candidate that does not say what it has every option', async () => {
    await writeFile(
      join(cwd, 'mute.mjs'),
      `export default { kind: 'source', apiVersion: 1, name: 'x', create() {},
        configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } } }`
    )
    const loaded = await load('lens: wide, width: 20', ['./mute.mjs', './picture.mjs'])
    expect(autoOf(loaded)?.candidates).toMatchObject([
      { options: { lens: 'wide', width: 20 } },
      { options: { width: 20 } }
    ])
  })

  it('has the options of all candidates in the JSON Schema', async () => {
    const auto = await loadAuto(cwd, [], choice)
    const schema = configJsonSchema([{ ...auto, kind: 'source' }]) as {
      properties: { source: { oneOf: unknown[] } }
    }
    expect(schema.properties.source.oneOf[0]).toMatchObject({
      additionalProperties: false,
      required: ['use'],
      properties: {
        use: { const: 'auto' },
        width: {
          default: 640,
          anyOf: [
            { type: 'integer', maximum: 16384 },
            { type: 'integer', maximum: 3840 }
          ]
        },
        pattern: { enum: ['bars', 'black'] },
        quality: { type: 'integer' }
      }
    })
  })

  it('makes each candidate with its options and asks it with a signal, its name and its logger', async () => {
    await writeFile(
      join(cwd, 'asked.mjs'),
      plugin(
        'asked',
        '{ width: z.int().default(640) }',
        `, detect: async ({ width }, { name, signal, baseDir, logger }) => {
          logger.info([name, width, signal instanceof AbortSignal, baseDir].join(' ')); return { found: true, what: 'a camera' } }`
      )
    )
    await writeFile(join(cwd, 'unmade.mjs'), plugin('unmade', '{}', ", create() { throw new Error('no hands') }"))
    const loaded = await load('width: 70', ['./unmade.mjs', './asked.mjs', './picture.mjs'])
    const logger = new StandInLogger()
    const streamer = await compose(loaded, {
      logger,
      override: [
        [TRANSPORTS, []],
        [ENCODER, new StandInEncoder()]
      ]
    })
    await streamer.start()
    await expect.poll(() => logger.lines).toEqual([`info source: main 70 true ${cwd}`, 'info source: using a camera'])
    await streamer.stop()
  })

  it('is an error of a plugin when its detect is no function', async () => {
    await writeFile(join(cwd, 'odd.mjs'), plugin('odd', '{}', ', detect: true'))
    await expect(loadConfig({ cwd, config: { source: { use: './odd.mjs' } } })).rejects.toThrow(
      'has a detect that is not a function'
    )
    expect(fileURLToPath((await loadAuto(cwd, [], choice)).url)).toContain('/core/src/auto/')
  })
})

describe('the quality of the encoder', () => {
  const encoder = (shape: string) =>
    plugin('encoder', shape).replace("kind: 'source'", "kind: 'encoder'").replace('start:', "output: 'mjpeg', start:")
  const loadWith = async (text: string, settings: Settings = {}) => {
    await writeFile(join(cwd, 'encoder.mjs'), encoder('{ quality: z.number().default(75) }'))
    await writeFile(join(cwd, '.streamerrc'), `${text}\n`)
    return loadConfig({ cwd, autoSources: choice, replaced: new Set(['transport']), settings })
  }

  it('holds for a source that encodes itself and does not set its own', async () => {
    const { streams } = await loadWith('source: { use: ./camera.mjs }\nencoder: { use: ./encoder.mjs, quality: 33 }')
    expect(streams[0]?.source).toMatchObject({
      options: { quality: 33 },
      inherited: { quality: ['encoder', 'quality'] }
    })
    const own = await loadWith(
      'source: { use: ./camera.mjs, quality: 44 }\nencoder: { use: ./encoder.mjs, quality: 33 }'
    )
    expect(own.streams[0]?.source).toMatchObject({ options: { quality: 44 }, inherited: {} })
    const byDefault = await loadWith('source: { use: ./camera.mjs }\nencoder: { use: ./encoder.mjs }')
    expect(byDefault.streams[0]?.source?.options).toMatchObject({ quality: 75 })
    const none = await loadWith('source: { use: ./picture.mjs }\nencoder: { use: ./encoder.mjs }')
    expect(none.streams[0]?.source).toMatchObject({ inherited: {} })
    expect(none.streams[0]?.source?.options).not.toHaveProperty('quality')
  })

  it('reaches the candidates of auto, and the streams that share an encoder, also from a flag', async () => {
    const { streams } = await loadWith(
      'encoder: { use: ./encoder.mjs }\nstreams:\n  a: {}\n  b: { source: { use: ./camera.mjs } }\n  c: { encoder: { use: ./encoder.mjs, quality: 5 } }',
      { quality: { value: 20, origin: { kind: 'flag', name: '--quality' } } }
    )
    expect(streams.map(({ source }) => source?.options)).toMatchObject([20, 20, 20].map((quality) => ({ quality })))
    expect(streams[0]?.source?.auto?.candidates[0]?.options).toMatchObject({ quality: 20 })
    expect(streams[0]?.source?.inherited).toEqual({ quality: ['encoder', 'quality'] })
    expect(streams[2]?.source?.inherited).toEqual({ quality: ['streams', 'c', 'encoder', 'quality'] })
  })

  it('is left to the source when the source does not take that number', async () => {
    const { streams } = await loadWith('source: { use: ./camera.mjs }\nencoder: { use: ./encoder.mjs, quality: 0.5 }')
    expect(streams[0]?.source).toMatchObject({ options: { quality: 80 }, inherited: {} })
  })
})
