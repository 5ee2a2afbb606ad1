import { describe, expect, it } from 'vitest'
import { parseArguments } from '../src/arguments.js'

describe('the command line', () => {
  it('means start without a command', async () => {
    expect(await parseArguments([])).toEqual({ command: 'start', values: {}, switches: new Set() })
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

  it.each([
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
