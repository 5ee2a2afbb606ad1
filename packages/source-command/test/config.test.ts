import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import command, { configSchema } from '../src/index.js'

function problems(options: unknown): string[] {
  const result = configSchema.safeParse(options)
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('options of source-command', () => {
  test('a list of program and arguments is enough, and numbers in it are taken as text', () => {
    expect(configSchema.parse({ command: ['ffmpeg', '-r', 30, '-'] })).toEqual({
      command: ['ffmpeg', '-r', '30', '-'],
      cwd: '.',
      env: {},
      interruptTimeoutMs: 800,
      terminateTimeoutMs: 400,
      maxFrameBytes: 32 * 1024 * 1024
    })
  })

  test('a command in one string is refused with the two ways out', () => {
    expect(problems({ command: 'ffmpeg -i x -' })).toEqual([
      expect.stringMatching(/^command: must be a list .*\[ffmpeg, .*`shell`$/)
    ])
  })

  test.each([
    ['neither', {}, /neither `command` nor `shell`/],
    ['both', { command: ['a'], shell: 'a' }, /both `command` and `shell`/],
    ['an empty list', { command: [] }, /^command: must name a program/],
    ['an empty program', { command: [''] }, /^command: must begin with the name of a program/],
    ['a NUL', { command: ['a', 'b\0'] }, /^command: must not contain a NUL/],
    ['an argument of another type', { command: ['a', true] }, /^command\.1: .*quotes/],
    ['an empty line', { shell: ' ' }, /^shell: must not be empty/],
    ['a broken variable name', { command: ['a'], env: { 'A=B': 'x' } }, /^env\.A=B: /],
    ['an unknown key', { command: ['a'], comand: 1 }, /comand/],
    ['a time out of range', { command: ['a'], interruptTimeoutMs: -1 }, /^interruptTimeoutMs: /]
  ])('%s is refused in words that help', (_, options, message) => {
    expect(problems(options)).toEqual([expect.stringMatching(message)])
  })

  test('the schema can be printed for editors, with a description for every option', () => {
    const schema = z.toJSONSchema(configSchema, { io: 'input' }) as {
      properties: Record<string, { description?: string }>
    }
    for (const [name, { description }] of Object.entries(schema.properties)) expect(description, name).toBeTruthy()
  })

  test('the package is a source plugin', () => {
    expect(command).toMatchObject({ kind: 'source', name: 'command', apiVersion: 1 })
  })
})
