import { loadConfig } from '@streamer/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Answers, defaultAnswers, rcText, wordsOf } from '../src/rc-file.js'
import { resolveFrom } from '../src/shipped.js'

describe('a new configuration file', () => {
  it.each<[string, Answers]>([
    ['the defaults', defaultAnswers],
    ['the test picture', { ...defaultAnswers, source: { use: 'fake', width: 320, height: 240, framerate: 5 } }],
    ['one transport', { ...defaultAnswers, transports: ['udp'] }],
    ['a command', { source: { use: 'command', command: ['ffmpeg', '-r', '30', ''] }, transports: ['http'] }]
  ])('is accepted with %s', async (_, answers) => {
    const loaded = await loadConfig({ config: parse(rcText(answers)) as object, resolveFrom })
    expect(loaded.transports?.map(({ use }) => use)).toEqual(answers.transports)
    const { use, ...options } = answers.source
    expect(loaded.streams[0]?.source?.use).toBe(use)
    expect(loaded.streams[0]?.source?.options).toMatchObject(options)
  })

  it('has examples in its comments that are accepted', async () => {
    const text = rcText(defaultAnswers)
    const example = [...text.matchAll(/^#( {3}\S.*)$/gm)].map(([, line]) => line)
    expect(example.length).toBe(2)
    const config = parse(`source:\n${example.join('\n')}\nhost: ${/^# host: (.*)$/m.exec(text)?.[1]}`) as object
    expect((await loadConfig({ config, resolveFrom })).streams[0]?.source?.use).toBe('command')
  })

  it('keeps every word of a command as text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (command) => {
        const text = rcText({ source: { use: 'command', command }, transports: ['http'] })
        expect((parse(text) as { source: { command: string[] } }).source.command).toEqual(command)
      })
    )
    for (const word of [' ', '', '-', 'yes', '30', '- x', '#', ': ', 'null', '0x1', "it's", '"', 'a\nb'])
      expect(parse(rcText({ source: { use: 'command', command: [word] }, transports: [] }))).toMatchObject({
        source: { command: [word] }
      })
  })
})

describe('words of a command line', () => {
  it('are kept together by quotes', () => {
    expect(wordsOf(`ffmpeg -i "my video.mp4" -vf 'scale=1:1, fps=5' a"b c"d  -`)).toEqual([
      'ffmpeg',
      '-i',
      'my video.mp4',
      '-vf',
      'scale=1:1, fps=5',
      'ab cd',
      '-'
    ])
    expect(wordsOf('  ')).toEqual([])
  })
})
