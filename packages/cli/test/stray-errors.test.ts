import { expect, it } from 'vitest'
import { culpritOf } from '../src/stray-errors.js'

const part = (kind: 'source' | 'encoder' | 'transport', use: string, path: string) => ({
  kind,
  use,
  url: `file://${path}`
})
const mine = part('transport', './mine.mjs', '/home/pi/mine.mjs')
const http = part('transport', 'http', '/home/pi/node_modules/@streamer/transport-http/dist/index.js')
const fake = part('source', 'fake', '/home/pi/node_modules/@streamer/source-fake/dist/index.js')
const inner = part('source', './camera/index.mjs', '/home/pi/camera/index.mjs')

const stackOf = (...places: string[]) => ['Error: oh', ...places.map((place) => `    at it (${place}:1:2)`)].join('\n')

it.each([
  ['the module itself', stackOf('file:///home/pi/mine.mjs'), mine],
  ['a file beside it', stackOf('file:///home/pi/helpers/wire.mjs'), mine],
  [
    'a file of a plugin in a package',
    stackOf('file:///home/pi/node_modules/@streamer/transport-http/dist/wire.js'),
    http
  ],
  [
    'a library that it called',
    stackOf('/home/pi/node_modules/ws/index.js', 'file:///home/pi/node_modules/@streamer/source-fake/dist/index.js'),
    fake
  ],
  [
    'the core that it called',
    stackOf('file:///home/pi/node_modules/@streamer/core/dist/hub.js', 'node:events', 'file:///home/pi/mine.mjs'),
    mine
  ],
  ['a plugin in a folder of its own beside another', stackOf('file:///home/pi/camera/wire.mjs'), inner]
])('an error that was thrown in %s is that plugin’s', (_, stack, culprit) => {
  expect(culpritOf(stack, [mine, http, fake, inner])).toBe(culprit)
})

it.each([
  ['a library alone, although its folder is in that of a plugin', stackOf('/home/pi/node_modules/ws/index.js')],
  ['Node alone', stackOf('node:net', 'node:internal/timers')],
  ['nothing that has a stack', '']
])('an error that was thrown in %s is nobody’s', (_, stack) => {
  expect(culpritOf(stack, [mine, http, fake, inner])).toBeUndefined()
})
