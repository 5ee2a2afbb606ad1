import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})
afterEach(() => place.dispose())

it('`isolate` is shown with what is in force, with its place, and stands in the schema', async () => {
  const text = 'source: { use: fake }\ntransports:\n  - { use: udp, isolate: true }\n'
  await writeFile(join(place.folder, '.streamerrc'), text)
  const { stdout } = await place.run(['config'])
  expect(stdout).toMatch(/^source\.isolate +false +default$/m)
  expect(stdout).toMatch(/^encoder\.isolate +false +default$/m)
  expect(stdout).toMatch(/^transports\[0\]\.isolate +true +\.streamerrc:3:\d+$/m)
  const schema = JSON.parse((await place.run(['schema'])).stdout)
  const [first] = schema.properties.transports.items.oneOf
  expect(first.properties.isolate).toMatchObject({ type: 'boolean', default: false })
})

it('`isolate` of `auto` is a mistake of the configuration', async () => {
  await writeFile(join(place.folder, '.streamerrc'), 'source:\n  use: auto\n  isolate: true\n')
  const { code, stderr } = await place.run([])
  expect(code).toBe(2)
  expect(stderr).toContain('.streamerrc:3:3: source.isolate: is for one plugin; "auto" is a choice of several')
})
