import { describe, expect, it } from 'vitest'
import { parseArguments } from '../src/arguments.js'

describe('the command line', () => {
  it('means start without a command', async () => {
    expect(await parseArguments([])).toEqual({ command: 'start', values: {}, switches: new Set(), operands: [] })
    expect((await parseArguments(['start']))?.command).toBe('start')
  })

  it('keeps values as they were written, in any form', async () => {
    const line = await parseArguments([
      'config',
      '--width=007',
      '--transport',
      'http',
      '--transport',
      'udp',
      '--linger',
      '-5'
    ])
    expect(line?.values).toEqual({ width: ['007'], transport: ['http', 'udp'], linger: ['-5'] })
  })

  it('knows switches', async () => {
    expect((await parseArguments(['init', '--yes', '--force']))?.switches).toEqual(new Set(['yes', 'force']))
  })

  it('knows what stands behind a command, in any order with its flags', async () => {
    const line = await parseArguments(['create-plugin', '--folder', '007', 'transport', '--force', 'lines'])
    expect(line).toEqual({
      command: 'create-plugin',
      values: { folder: ['007'] },
      switches: new Set(['force']),
      operands: ['transport', 'lines']
    })
  })

  it('knows a command below another', async () => {
    const line = await parseArguments(['plugins', 'check', '42', '--json'])
    expect(line).toEqual({ command: 'plugins check', values: {}, switches: new Set(['json']), operands: ['42'] })
    expect((await parseArguments(['plugins']))?.command).toBe('plugins')
  })

  it.each([
    [
      ['plugins', 'check'],
      'plugins check needs <path>: its folder, its file, or the name of its package; see streamer'
    ],
    [['plugins', 'check', '--jsn', 'x'], 'plugins check needs <path>'],
    [['plugins', 'check', ''], 'plugins check needs <path>, and was given nothing for it'],
    [['plugins', 'check', '.', '--width', '5'], 'there is no flag --width; see streamer --help'],
    [['plugins', 'check', 'a', 'b'], '"b" is too much after "plugins check"'],
    [['plugins', 'chekc', '.'], '"chekc" is too much after "plugins"; did you mean check?'],
    [['create-plugin'], 'create-plugin needs <kind>'],
    [['create-plugin', 'source'], 'create-plugin needs <name>'],
    [['create-plugin', 'source', 'clock', '--folder'], '--folder needs a value (folder)'],
    [['--widht', '5'], 'there is no flag --widht; did you mean --width?'],
    [['--httpPort', '5'], 'there is no flag --httpPort; did you mean --http-port?'],
    [['-x'], 'there is no flag -x; see streamer --help'],
    [['init', '--width', '5'], 'there is no flag --width; see streamer --help'],
    [['schema', '--json'], 'there is no flag --json; see streamer --help'],
    [['config', '--constructor'], 'there is no flag --constructor; see streamer --help'],
    [['--toString=5'], 'there is no flag --toString; see streamer --help'],
    [['--__proto__=1'], 'there is no flag --__proto__; see streamer --help'],
    [['start', '--', '--constructor'], '"--constructor" is too much after "start"'],
    [['--width'], '--width needs a value (pixels)'],
    [['--width', '--height', '5'], '--width needs a value (pixels)'],
    [['--config='], '--config needs a value (file)'],
    [['confg'], 'there is no command "confg"; did you mean config?'],
    [['dance'], 'there is no command "dance"; see streamer --help'],
    [['start', 'now'], '"now" is too much after "start"']
  ])('refuses %j', async (argv, message) => {
    await expect(parseArguments(argv)).rejects.toThrow(message)
  })
})
