import { describe, expect, it } from 'vitest'
import { flags, variableOf } from '../src/flags.js'
import { readSettings, variableWarnings } from '../src/settings.js'

const read = (values: Record<string, string[]>, env: NodeJS.ProcessEnv = {}) => readSettings(values, env, '/here')

describe('settings', () => {
  it('take flags before variables, and know which one it was', () => {
    const env = { STREAMER_WIDTH: '320', STREAMER_HEIGHT: '240' }
    expect(read({ width: ['800'] }, env).settings).toEqual({
      width: { value: 800, origin: { kind: 'flag', name: '--width' } },
      height: { value: 240, origin: { kind: 'environment', name: 'STREAMER_HEIGHT' } }
    })
  })

  it('leave what is no number as it is, for the schema to refuse', () => {
    for (const text of ['abc', '5s', '0x10', '1e3', ' 640', '64 0', '1_000', '--5', '1.', 'NaN'])
      expect(read({ width: [text] }).settings.width?.value).toBe(text)
    expect(read({ width: ['-5'] }).settings.width?.value).toBe(-5)
    expect(read({ framerate: ['29.97'] }).settings.framerate?.value).toBe(29.97)
    expect(read({ linger: ['always'] }).settings.linger?.value).toBe('always')
  })

  it('read lists of transports with commas and from repeated flags', () => {
    expect(read({ transport: ['http, udp', './mine.js'] }).settings.transport?.value).toEqual([
      'http',
      'udp',
      './mine.js'
    ])
    expect(read({}, { STREAMER_TRANSPORT: 'http,udp' }).settings.transport?.value).toEqual(['http', 'udp'])
  })

  it('let the last one of a repeated flag count', () => {
    expect(read({ width: ['1', '2'] }).settings.width?.value).toBe(2)
  })

  it('take an empty variable as not set', () => {
    expect(read({}, { STREAMER_WIDTH: '', STREAMER_CONFIG: '' })).toEqual({
      settings: {},
      file: undefined,
      unknownVariables: []
    })
  })

  it('resolve a log file from the folder where the command was typed', () => {
    expect(read({ 'log-file': ['logs/x.log'] }).settings.logFile?.value).toBe('/here/logs/x.log')
  })

  it('find the configuration file in flag or variable', () => {
    expect(read({ config: ['a.yaml'] }, { STREAMER_CONFIG: 'b.yaml' }).file).toBe('a.yaml')
    expect(read({}, { STREAMER_CONFIG: 'b.yaml' }).file).toBe('b.yaml')
  })

  it('name the nearest variable to one that means nothing, and keep quiet about reserved ones', async () => {
    const { unknownVariables } = read({}, { STREAMER_HTTPPORT: '1', STREAMER_UDP_KEY: 'x', OTHER: '1' })
    expect(unknownVariables).toEqual(['STREAMER_HTTPPORT'])
    expect(await variableWarnings(unknownVariables)).toEqual([
      'STREAMER_HTTPPORT means nothing to Streamer; did you mean STREAMER_HTTP_PORT?'
    ])
  })

  it('have a variable for each flag', () => {
    expect(flags.map(variableOf)).toContain('STREAMER_LOG_FORMAT')
    expect(new Set(flags.map(variableOf)).size).toBe(flags.length)
  })
})
