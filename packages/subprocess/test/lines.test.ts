import { describe, expect, test } from 'vitest'
import { LineLog } from '../src/lines.js'
import { ListLogger } from './helpers.js'

describe('LineLog', () => {
  test('logs line by line, whatever the chunks are, and what has no line end when it is closed', () => {
    for (const size of [1, 3, 1000]) {
      const logger = new ListLogger()
      const log = new LineLog(logger)
      const bytes = Buffer.from('one\ntwo\r\n\nthrée\nfour')
      for (let i = 0; i < bytes.length; i += size) log.push(bytes.subarray(i, i + size))
      log.close()
      expect(logger.lines).toEqual(['info one', 'info two', 'info thrée', 'info four'])
      expect(log.last).toEqual(['one', 'two', 'thrée', 'four'])
    }
  })

  test('progress that would be overwritten on a terminal goes to debug and is not remembered', () => {
    const logger = new ListLogger()
    const log = new LineLog(logger)
    log.push(Buffer.from('frame=1\rframe=2\rdone\n'))
    log.close()
    expect(logger.lines).toEqual(['debug frame=1', 'debug frame=2', 'info done'])
    expect(log.last).toEqual(['done'])
  })

  test('a long line is cut, and memory does not grow with it', () => {
    const logger = new ListLogger()
    const log = new LineLog(logger)
    for (let i = 0; i < 100; i++) log.push(Buffer.alloc(10_000, 'x'))
    log.push(Buffer.from('\nshort\n'))
    log.close()
    expect(logger.lines).toEqual([`info ${'x'.repeat(500)}…`, 'info short'])
  })

  test('passwords in addresses do not reach the log', () => {
    const logger = new ListLogger()
    const log = new LineLog(logger)
    log.push(Buffer.from('rtsp://me:p@ss@camera/1: refused, see https://example.org/@me\n'))
    log.close()
    expect(logger.lines).toEqual(['info rtsp://***@camera/1: refused, see https://example.org/@me'])
    expect(log.last[0]).not.toContain('ss')
  })

  test('passwords are found between colours, and at the end of what is logged of a line', () => {
    const logger = new ListLogger()
    const log = new LineLog(logger)
    log.push(Buffer.from('\x1b[1mpassword\x1b[0m=hunter2\n'))
    log.push(Buffer.from(`${'x'.repeat(480)} rtsp://me:hunter2hunter2hunter2@camera\n`))
    log.close()
    expect(logger.lines).toEqual(['info password=***', `info ${'x'.repeat(480)} rtsp://***@camera`])
  })

  test('control characters and colours do not reach the log', () => {
    const logger = new ListLogger()
    const log = new LineLog(logger)
    log.push(Buffer.from('\x1b[31mred\x1b[0m\tand\x07 more\n'))
    log.close()
    expect(logger.lines).toEqual(['info red and  more'])
  })

  test('a flood is counted instead of logged, but its last lines are kept', () => {
    const logger = new ListLogger()
    const log = new LineLog(logger)
    for (let i = 0; i < 5000; i++) log.push(Buffer.from(`line ${i}\n`))
    log.close()
    expect(logger.lines).toHaveLength(21)
    expect(logger.lines.at(-1)).toBe('info (4980 more lines were not logged)')
    expect(log.last).toHaveLength(10)
    expect(log.last.at(-1)).toBe('line 4999')
  })

  test('whoever listens is told of every line that is not progress, also in a flood', () => {
    const told: string[] = []
    const log = new LineLog(new ListLogger(), (line) => told.push(line))
    log.push(Buffer.from(`${'same\n'.repeat(100)}frame=1\rpassword=hunter2\n`))
    log.close()
    expect(told).toEqual([...Array(100).fill('same'), 'password=***'])
  })
})
