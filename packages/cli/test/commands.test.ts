import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

const write = (name: string, text: string) => writeFile(join(place.folder, name), text)

describe('streamer --help and --version', () => {
  it('answer with every command, flag and examples', async () => {
    const { code, stdout, stderr } = await place.run(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of [
      'init',
      'config',
      'schema',
      'plugins',
      'create-plugin',
      '--http-port',
      '--linger',
      '--log-format',
      'Examples:'
    ])
      expect(stdout).toContain(word)
    expect((await place.run(['init', '--help'])).stdout).toContain('--force')
    expect((await place.run(['plugins', '--help'])).stdout).toContain('streamer plugins check <path>')
    const check = (await place.run(['plugins', 'check', '--help'])).stdout
    expect(check).toMatch(/^streamer plugins check <path>\n/)
    expect(check).toContain('--json')
    expect(check).not.toMatch(/--width|--config|Commands:/)
    expect((await place.run(['create-plugin', '--help'])).stdout).toMatch(
      /--folder[\s\S]*--force[\s\S]*kind +transport/
    )
    expect((await place.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('streamer config', () => {
  it('shows flags over variables over the file over defaults, each with its origin', async () => {
    await write(
      '.streamerrc',
      'source:\n  use: fake\n  width: 100\n  height: 100\n  framerate: 10\ntransports:\n  - use: http\n'
    )
    const env = { STREAMER_WIDTH: '200', STREAMER_HEIGHT: '200', STREAMER_HTTP_PORT: '81' }
    const { code, stdout } = await place.run(['config', '--width', '300'], env)
    expect(code).toBe(0)
    expect(stdout).toContain('Configuration file: .streamerrc\n')
    const values = Object.fromEntries(
      stdout
        .split('\n')
        .map((line) => line.split(/ {2,}/))
        .map(([path, ...rest]) => [path, rest])
    )
    expect(values).toMatchObject({
      'source.width': ['300', '--width'],
      'source.height': ['200', 'STREAMER_HEIGHT'],
      'source.framerate': ['10', '.streamerrc:5:3'],
      'encoder.quality': ['80', 'default'],
      'transports[0].use': ['http', '.streamerrc:7:5'],
      'transports[0].port': ['81', 'STREAMER_HTTP_PORT'],
      'log.level': ['info', 'default']
    })
  })

  it('gives the same as JSON', async () => {
    const { stdout } = await place.run(['config', '--json', '--transport', 'tcp,udp', '--host', '127.0.0.1'])
    const { file, values } = JSON.parse(stdout) as { file: string | null; values: Array<{ path: string }> }
    expect(file).toBeNull()
    expect(values).toContainEqual({
      path: 'transports[1].use',
      value: 'udp',
      origin: { kind: 'flag', name: '--transport' }
    })
    expect(values).toContainEqual({ path: 'transports[1].port', value: 9999, origin: { kind: 'default' } })
    expect(values).toContainEqual({
      path: 'transports[0].host',
      value: '127.0.0.1',
      origin: { kind: 'flag', name: '--host' }
    })
  })

  it('has 640x480, 30 fps, quality 80 and three transports when nobody says anything', async () => {
    const { stdout } = await place.run(['config', '--json'])
    const { values } = JSON.parse(stdout) as { values: Array<{ path: string; value: unknown; origin: unknown }> }
    const value = (path: string) => values.find((one) => one.path === path)?.value
    expect([value('source.width'), value('source.height'), value('source.framerate')]).toEqual([640, 480, 30])
    expect([value('encoder.quality'), value('linger'), value('watchdog')]).toEqual([80, 15, 5])
    expect([0, 1, 2].map((index) => value(`transports[${index}].port`))).toEqual([8080, 8888, 9999])
    expect(values.every(({ origin }) => (origin as { kind: string }).kind === 'default')).toBe(true)
  })

  it('shows that the quality of a camera is that of the encoder, and where that was set', async () => {
    const { stdout } = await place.run(['config', '--quality', '33'])
    expect(stdout).toMatch(/^source\.quality +33 +--quality$/m)
    expect(stdout).toMatch(/^encoder\.quality +33 +--quality$/m)
    await write('.streamerrc', 'source: { use: fake, quality: 7 }\nencoder: { use: jpeg, quality: 44 }\n')
    expect((await place.run(['config'])).stdout).toMatch(/^source\.quality +7 +\.streamerrc:1:22$/m)
    await write('.streamerrc', 'source: { use: fake }\nencoder: { use: jpeg, quality: 44 }\n')
    expect((await place.run(['config'])).stdout).toMatch(/^source\.quality +44 +\.streamerrc:2:23$/m)
  })

  it('leaves out passwords, but not for programs', async () => {
    await write('mine.mjs', plugin('source').replace('zoom', 'userPassword'))
    await write(
      'secrets.yaml',
      `streams:
  one: { source: { use: command, command: [ffmpeg, -i, "rtsp://me:secret@camera/1"] } }
  two: { source: { use: ./mine.mjs, userPassword: two secret words } }
transports:
  - { use: udp, key: correct horse battery staple, keys: { anna: another key of that length } }
`
    )
    const { stdout } = await place.run(['config', '--config', 'secrets.yaml'])
    expect(stdout).toContain('["ffmpeg","-i","rtsp://***@camera/1"]')
    expect(stdout).toMatch(/^streams\.two\.source\.userPassword +\*\*\* +secrets\.yaml:3/m)
    expect(stdout).not.toContain('secret ')
    expect(stdout).toMatch(/^transports\[0\]\.key +\*\*\* +secrets\.yaml:5/m)
    expect(stdout).toMatch(/^transports\[0\]\.keys +\{"anna":"\*\*\*"\}/m)
    await write('short.yaml', 'transports: [{ use: udp, keys: { anna: too short } }]')
    const short = await place.run(['config', '--config', 'short.yaml'])
    expect(short.stderr).toContain('keys.anna: this is not allowed; it must be text of 16 characters or more')
    const json = (await place.run(['config', '--config', 'secrets.yaml', '--json'])).stdout
    expect(json).toContain('rtsp://me:secret@camera/1')
    expect(json).toContain('two secret words')
  })

  it('lists each of several streams', async () => {
    await write('two.yaml', 'linger: 3\nstreams:\n  front: { source: { use: fake } }\n  door: { linger: always }\n')
    const { stdout } = await place.run(['config', '--config', 'two.yaml'])
    expect(stdout).toMatch(/^streams\.front\.linger +3 +two\.yaml:1:1$/m)
    expect(stdout).toMatch(/^streams\.door\.linger +always +two\.yaml:4:11$/m)
    expect(stdout).toMatch(/^streams\.door\.source\.use +auto +default$/m)
  })

  it('warns about a variable that means nothing', async () => {
    const { code, stderr } = await place.run(['config'], { STREAMER_PORT: '1', STREAMER_UDP_KEY: 'x' })
    expect(code).toBe(0)
    expect(stderr).toMatch(/^streamer: STREAMER_PORT means nothing to Streamer; did you mean STREAMER_\w+\?\n$/)
  })
})

const plugin = (kind: string, more = '') => `export default { kind: '${kind}', apiVersion: 1, name: 'mine',
  description: 'One of my own.', create () { return {} }, configSchema: { '~standard': { version: 1, vendor: 'mine',
  validate: (value) => ({ value }), jsonSchema: { input: () => ({ type: 'object', additionalProperties: false,
  properties: { zoom: { type: 'integer', minimum: 1, default: 2, description: 'How near.' } } }) } } }${more} }\n`

/** Stands in for the package of cameras: the folder of the configuration is where it is looked for first. */
async function installLibcamera(): Promise<void> {
  const folder = join(place.folder, 'node_modules/@streamer/source-libcamera')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "name": "@streamer/source-libcamera", "main": "index.mjs" }')
  await writeFile(join(folder, 'index.mjs'), plugin('source').replace('zoom', 'lens'))
}

describe('streamer schema', () => {
  it('is the JSON Schema of the shipped plugins and those of the configuration', async () => {
    await installLibcamera()
    await write('mine.mjs', plugin('source'))
    await write('.streamerrc', 'source: { use: ./mine.mjs, wrong: option }\n')
    const { code, stdout, stderr } = await place.run(['schema'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const schema = JSON.parse(stdout) as {
      properties: Record<string, { oneOf: Array<{ properties: object }>; items: { oneOf: unknown[] } }>
    }
    const uses = (branches: unknown[] | undefined) =>
      branches?.map((branch) => (branch as { properties: { use: { const?: string } } }).properties.use.const)
    expect(uses(schema.properties.source?.oneOf)).toEqual([
      'auto',
      'libcamera',
      'fake',
      'command',
      './mine.mjs',
      undefined
    ])
    // `auto` takes what any of its candidates takes.
    expect(Object.keys(schema.properties.source?.oneOf[0]?.properties ?? {})).toEqual(
      expect.arrayContaining(['use', 'lens', 'width', 'pattern'])
    )
    expect(uses(schema.properties.encoder?.oneOf)).toEqual(['jpeg', undefined])
    expect(uses(schema.properties.transports?.items.oneOf)).toEqual(['http', 'tcp', 'udp', undefined])
    expect(stdout).toContain('"How near."')
  })

  it('prints what it can and ends with 2 when a plugin is not there', async () => {
    await write('.streamerrc', 'source: { use: nowhere }\n')
    const { code, stdout, stderr } = await place.run(['schema'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toHaveProperty('properties.transports')
    expect(stderr).toContain('no source plugin "nowhere"')
  })
})

describe('streamer plugins', () => {
  it('tells package, version, path and options of what is shipped and what the configuration names', async () => {
    await write('mine.mjs', plugin('transport'))
    await write('package.json', '{ "name": "my-camera", "version": "4.5.6" }')
    await write('.streamerrc', 'transports: [{ use: ./mine.mjs }]\n')
    const { code, stdout } = await place.run(['plugins'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^source auto \(in use\)\n {2}The first of these that there is: libcamera, fake\..*\n {2}@streamer\/core \d+\.\d+\.\d+, \/.*\.js$/m
    )
    expect(stdout).toMatch(
      /^source fake \(in use by auto\)\n {2}\S.*\n {2}@streamer\/source-fake \d+\.\d+\.\d+, \/.*index\.js$/m
    )
    expect(stdout).toMatch(
      /^ {2}Gives raw frames or mjpeg; settings can change while it runs; needs nothing to start\.$/m
    )
    expect(stdout).toMatch(/^ {2}Carries mjpeg; clients connect; frames may be lost; all streams\.$/m)
    expect(stdout).toMatch(/^ {4}faults\.failStarts +a whole number of 0 or more; default 0\n +\S/m)
    expect(stdout).toMatch(/^transport http$/m)
    expect(stdout).toMatch(/^ {4}port +a whole number from 0 to 65535; default 8080\n +\S/m)
    expect(stdout).toMatch(
      /^transport \.\/mine\.mjs \(in use\)\n {2}One of my own\.\n {2}my-camera 4\.5\.6, \/.*mine\.mjs$/m
    )
    expect(stdout).toMatch(/^ {4}zoom {2}a whole number of 1 or more; default 2\n {10}How near\.$/m)
  })

  it('gives the same as JSON', async () => {
    await installLibcamera()
    const { stdout } = await place.run(['plugins', '--json', '--transport', 'udp'])
    const list = JSON.parse(stdout) as Array<Record<string, unknown>>
    expect(list.map(({ kind, use, isUsed, usedBy }) => [kind, use, isUsed, usedBy])).toEqual([
      ['source', 'auto', true, undefined],
      ['source', 'libcamera', false, 'auto'],
      ['source', 'fake', false, 'auto'],
      ['source', 'command', false, undefined],
      ['encoder', 'jpeg', true, undefined],
      ['transport', 'http', false, undefined],
      ['transport', 'tcp', false, undefined],
      ['transport', 'udp', true, undefined]
    ])
    expect(list[0]).toMatchObject({ options: { properties: { width: {}, pattern: {} } }, leftOut: [] })
    expect(list[0]).toMatchObject({ supports: null })
    expect(list[2]).toMatchObject({
      package: '@streamer/source-fake',
      supports: { frames: ['raw', 'mjpeg'], controls: true, alwaysStarts: true },
      options: { type: 'object' }
    })
  })

  it('tells with auto which of its candidates cannot be loaded, which is no failure', async () => {
    await installLibcamera()
    await write('node_modules/@streamer/source-libcamera/index.mjs', "throw new Error('no libcamera.so')")
    const { code, stdout, stderr } = await place.run(['plugins'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}Not libcamera: .*could not be loaded: no libcamera\.so$/m)
    expect(await place.run(['plugins', '--source', 'libcamera'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no libcamera.so')
    })
  })

  it('calls a source in use that is named, and auto only where it is', async () => {
    const { stdout } = await place.run(['plugins', '--source', 'fake'])
    expect(stdout).toMatch(/^source fake \(in use\)$/m)
    expect(stdout).toMatch(/^source auto$/m)
  })
})

describe('streamer init', () => {
  it('--yes writes a commented file that is accepted as it is', async () => {
    expect(await place.run(['init', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Wrote \.streamerrc\. Start with: node \S+streamer\.js\n$/)
    })
    expect(await readFile(join(place.folder, '.streamerrc'), 'utf8')).toMatch(/^# [\s\S]*# Frames per second\./)
    const { code, stdout } = await place.run(['config'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^transports\[2\]\.use +udp +\.streamerrc:\d+:\d+$/m)
  })

  it('does not write over a file without --force', async () => {
    await write('.streamerrc', 'linger: 1\n')
    expect(await place.run(['init', '--yes'])).toMatchObject({
      code: 2,
      stderr: 'streamer: .streamerrc is there already; --force writes over it\n'
    })
    expect(await readFile(join(place.folder, '.streamerrc'), 'utf8')).toBe('linger: 1\n')
    expect((await place.run(['init', '--yes', '--force'])).code).toBe(0)
    expect(await readFile(join(place.folder, '.streamerrc'), 'utf8')).toContain('linger: 15\n')
  })

  it('writes where it is told, as YAML only', async () => {
    expect((await place.run(['init', '--yes', '--config', 'cam.yaml'])).code).toBe(0)
    expect((await place.run(['config', '--config', 'cam.yaml'])).code).toBe(0)
    const { code, stderr } = await place.run(['init', '--yes', '--config', 'cam.json'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('cam.json: init writes YAML')])
    const nowhere = await place.run(['init', '--yes', '--config', 'no/where.yaml'])
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('cannot write')])
  })

  it('needs a terminal to ask', async () => {
    const { code, stderr } = await place.run(['init'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('--yes takes the defaults')])
  })
})
