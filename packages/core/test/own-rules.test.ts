import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type OptionsSchema, validate } from '../src/index.js'

const schema = z
  .strictObject({
    origin: z.string().regex(/^\*$/, 'expected "*"').optional(),
    names: z.array(z.string(), { error: 'write a list, as in [a, b]' }).optional(),
    port: z.int().min(1).optional()
  })
  .refine(({ origin, names }) => !(origin && names), 'give either `origin` or `names`')

async function messagesOf(value: unknown): Promise<string[]> {
  const result = await validate(schema as unknown as OptionsSchema, value)
  return 'problems' in result ? result.problems.map(({ message }) => message) : []
}

describe('the message of a value that is not allowed', () => {
  it("is the plugin's own where it has one, beside the value", async () => {
    expect(await messagesOf({ origin: 'x' })).toEqual(['"x" is not allowed: expected "*"'])
    expect(await messagesOf({ names: 'a' })).toEqual(['"a" is not allowed: write a list, as in [a, b]'])
  })

  it('does not repeat a whole object', async () => {
    expect(await messagesOf({ origin: '*', names: [] })).toEqual(['give either `origin` or `names`'])
  })

  it('is what the schema allows otherwise', async () => {
    expect(await messagesOf({ port: 0 })).toEqual(['0 is not allowed; it must be a whole number of 1 or more'])
  })
})
