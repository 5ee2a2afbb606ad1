import { expect, it } from 'vitest'
import { readKeys } from '../src/index.js'

const key = 'correct horse battery staple'
const bytes = Buffer.from(key)
const files: Readonly<Record<string, string>> = { '/key': `  ${key}\n`, '/short': 'short\n' }

const read = (options: object, environment = {}) =>
  readKeys({ keys: {}, ...options }, 'SOME_KEY', environment, async (path) => {
    const text = files[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  })

it('there are none by default', async () => {
  expect(await read({})).toEqual(new Map())
})

it('keys come from the option, the file, or the environment', async () => {
  expect(await read({ key })).toEqual(new Map([['', bytes]]))
  expect(await read({ keyFile: '/key' })).toEqual(new Map([['', bytes]]))
  expect(await read({}, { SOME_KEY: key })).toEqual(new Map([['', bytes]]))
  expect(await read({}, { OTHER_KEY: key })).toEqual(new Map())
})

it('keys of the configuration win over that of the environment', async () => {
  expect(await read({ key }, { SOME_KEY: 'another key of that length' })).toEqual(new Map([['', bytes]]))
  expect([...(await read({ keys: { anna: key } }, { SOME_KEY: key })).keys()]).toEqual(['anna'])
})

it('keys that cannot be used are refused without being shown', async () => {
  await expect(read({ keyFile: '/nowhere' })).rejects.toThrow(/^keyFile: cannot read \/nowhere: ENOENT$/)
  await expect(read({ keyFile: '/short' })).rejects.toThrow(
    /^keyFile: \/short: a key must have 16 bytes or more, this one has 5$/
  )
  await expect(read({ keys: { anna: 'tiny' } })).rejects.toThrow(/^keys\.anna: a key must .* 4$/)
  await expect(read({}, { SOME_KEY: 'short' })).rejects.toThrow(/^SOME_KEY: a key must/)
})
