import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeAll(async () => {
  place = await Workplace.create()
})

afterAll(async () => {
  await place.dispose()
})

const write = (name: string, text: string) => writeFile(join(place.folder, name), text)

/** The lines of stderr, after it was seen that nothing was started, the exit code is right and no stack was printed. */
async function failure(args: readonly string[], exitCode = 2, env?: NodeJS.ProcessEnv): Promise<string[]> {
  const { code, stdout, stderr } = await place.run(args, env)
  expect({ code, stdout }, stderr).toEqual({ code: exitCode, stdout: '' })
  expect(stderr).not.toMatch(/^\s+at /m)
  return stderr.trimEnd().split('\n')
}

describe('a wrong command line', () => {
  it('is refused in one line that names the nearest flag or command', async () => {
    expect(await failure(['--widht', '5'])).toEqual(['streamer: there is no flag --widht; did you mean --width?'])
    expect(await failure(['pluggins'])).toEqual(['streamer: there is no command "pluggins"; did you mean plugins?'])
  })

  it('is refused for every wrong value at once, with the flag or variable, the value and what is allowed', async () => {
    const lines = await failure(['--source', 'fake', '--width', 'abc', '--linger', '5s', '--http-port', '70000'], 2, {
      STREAMER_QUALITY: '101'
    })
    expect(lines).toHaveLength(6)
    expect(lines).toContain('  --width: source.width: "abc" is not allowed; it must be a whole number from 16 to 3840')
    expect(lines).toContain('  --linger: linger: "5s" is not allowed; it must be a number from 0 to 3600, or "always"')
    expect(lines).toContain(
      '  --http-port: transports[0].port: 70000 is not allowed; it must be a whole number from 0 to 65535'
    )
    expect(lines).toContain(
      '  STREAMER_QUALITY: encoder.quality: 101 is not allowed; it must be a whole number from 1 to 100'
    )
  })

  it('that has no effect is warned of, and what there is is served', async () => {
    await write('.streamerrc', 'source: { use: command, command: [none] }\ntransports: [{ use: udp, port: 0 }]\n')
    const running = place.start(['--host', '127.0.0.1', '--http-port', '81'], { STREAMER_WIDTH: '320' })
    await running.output(/udp: udp:/)
    expect(running.stdout).toContain('WARN: --http-port has no effect: there is no transport "http"\n')
    expect(running.stdout).toContain('WARN: STREAMER_WIDTH has no effect: source "command" has no option "width"\n')
    running.child.kill('SIGTERM')
    await running.ended
    expect((await failure(['--width', '320']))[0]).toContain('--width: source.width: unknown key with the value 320')
  })
})

describe('a wrong configuration', () => {
  it('is refused with every problem: place, key, value, what is allowed, the nearest known key', async () => {
    await write(
      'bad.yaml',
      'sorce: 1\nsource:\n  use: fake\n  widht: 3\n  height: tall\ntransports:\n  - { use: http, port: 70000 }\nlinger: -1\n'
    )
    const lines = await failure(['--config', 'bad.yaml'])
    expect(lines[0]).toBe('streamer: 5 problems:')
    expect(lines.slice(1, -1).sort()).toEqual([
      expect.stringMatching(
        /^ {2}bad\.yaml:1:1: sorce: unknown key with the value 1; did you mean "source"\? There are: .*\btransports\b/
      ),
      expect.stringMatching(
        /^ {2}bad\.yaml:4:3: source\.widht: unknown key with the value 3; did you mean "width"\? There are: .*\bwidth\b/
      ),
      '  bad.yaml:5:3: source.height: "tall" is not allowed; it must be a whole number from 16 to 2160',
      '  bad.yaml:7:18: transports[0].port: 70000 is not allowed; it must be a whole number from 0 to 65535',
      '  bad.yaml:8:1: linger: -1 is not allowed; it must be a number from 0 to 3600, or "always"'
    ])
    expect(lines.at(-1)).toContain('streamer schema')
  })

  it('that cannot be parsed is refused with line and column', async () => {
    await write('broken.yaml', 'source:\n  use: fake\n   width: 3\n')
    expect((await failure(['--config', 'broken.yaml']))[0]).toMatch(/^streamer: broken\.yaml:2:8: \S/)
    await write('broken.json', '{ "linger": 1,,\n}')
    expect((await failure(['--config', 'broken.json']))[0]).toMatch(/^streamer: broken\.json:1:15: \S/)
  })

  it('that is not there, or no file, is refused by name', async () => {
    expect((await failure(['--config', 'nope.yaml']))[0]).toBe('streamer: nope.yaml: there is no such file')
    expect((await failure([], 2, { STREAMER_CONFIG: 'nope.yaml' }))[0]).toBe(
      'streamer: nope.yaml: there is no such file'
    )
    await mkdir(join(place.folder, 'folder'))
    expect((await failure(['--config', 'folder']))[0]).toBe('streamer: folder: it is not a file')
  })

  it('that wants a log file where none can be is refused', async () => {
    await write('log.yaml', 'log:\n  file: no/such.log\n')
    // The schema has nothing to say about it, so there is no hint.
    expect(await failure(['--config', 'log.yaml'])).toEqual([
      expect.stringMatching(/^streamer: log\.yaml:2:3: log\.file: cannot open .*such\.log: there is no such folder$/)
    ])
  })
})

describe('a wrong plugin', () => {
  it('that is not there is refused with what was looked for, where, and how to install it', async () => {
    const [line] = await failure(['--transport', 'srt'])
    expect(line).toContain(
      'no transport plugin "srt": looked for the packages "@streamer/transport-srt", "streamer-transport-srt", "srt"'
    )
    expect(line).toContain(place.folder)
    expect(line).toContain('install the one you mean there with npm install')
    expect((await failure(['--source', './gone.js']))[0]).toContain(`there is no file ${join(place.folder, 'gone.js')}`)
  })

  it.each([
    [
      'of another API version',
      'export default { apiVersion: 99, kind: "source" }',
      /API 99, and this Streamer has 1: update Streamer/
    ],
    [
      'that is no plugin',
      'export const source = 1',
      /has no plugin as its default export; make one with defineSource\(\)/
    ],
    [
      'of another kind',
      'export default { apiVersion: 1, kind: "encoder" }',
      /is an encoder plugin and cannot be used as a source/
    ],
    ['that throws on load', 'throw new Error("no\\nluck")', /could not be loaded: no luck$/],
    [
      'that throws later while it loads',
      'setTimeout(() => { throw new Error("late") }); await new Promise(() => setTimeout(() => {}, 9e8))',
      /^streamer: late$/
    ]
  ])('%s is refused', async (what, text, message) => {
    const name = `plugin${what.length % 10}.mjs`
    await write(name, text)
    expect((await failure(['--source', `./${name}`], what.includes('later') ? 1 : 2))[0]).toMatch(message)
  })

  it('that throws when it is made is refused', async () => {
    await write(
      'made.mjs',
      `export default { kind: 'source', apiVersion: 1, name: 'x', create () { throw new Error('no hands') },
        configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } } }`
    )
    const [line] = await failure(['--source', './made.mjs'])
    expect(line).toMatch(/source plugin "\.\/made\.mjs" threw while it was made: no hands$/)
  })
})
