import { readFileSync } from 'node:fs'
import { pickleHead, pickleTail } from '@streamer/numpy-pickle'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignPorts } from '../src/ports.js'
import { frameMessage } from '../src/wire.js'
import { FrameParser } from './stand-ins.js'

test('a frame is its length in eight bytes, little-endian, and its bytes', () => {
  expect(Buffer.from(frameMessage(Uint8Array.of(0xff, 0xd8, 0xff), 'jpeg')).toString('hex')).toBe(
    '0300000000000000' + 'ffd8ff'
  )
})

test('frames cut anywhere on the way are put together again to the same bytes', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 500 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      frames,
      fc.constantFrom<'pickle' | 'jpeg'>('pickle', 'jpeg'),
      fc.integer({ min: 1, max: 300 }),
      (all, payload, step) => {
        const bytes = Buffer.concat(all.map((data) => frameMessage(data, payload)))
        const parser = new FrameParser()
        for (let at = 0; at < bytes.length; at += step) parser.push(bytes.subarray(at, at + step))
        const expected = all.map((data) =>
          payload === 'jpeg' ? Buffer.from(data) : Buffer.concat([pickleHead(data.length), data, pickleTail])
        )
        expect(parser.rest).toBe(0)
        expect(parser.frames).toHaveLength(expected.length)
        for (const [index, frame] of parser.frames.entries()) expect(frame.equals(expected[index]!)).toBe(true)
      }
    )
  )
})

test('the example of the document is what goes over the wire', () => {
  const document = readFileSync(new URL('../../../docs/protocols/tcp.md', import.meta.url), 'utf8')
  const examples = Array.from(document.matchAll(/```hex\n([^`]+)```/g), ([, block]) => block!.replace(/\s|#.*$/gm, ''))
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)
  const hex = (payload: 'pickle' | 'jpeg') => Buffer.from(frameMessage(jpeg, payload)).toString('hex')
  expect(examples).toEqual([hex('jpeg'), hex('pickle')])
})

test('streams without a port of their own count up over the free ones', () => {
  const assign = (first: number, own: Record<string, number> = {}) =>
    Object.fromEntries(assignPorts(['front', 'door', 'constructor'], first, own))
  expect(assign(8888)).toEqual({ front: 8888, door: 8889, constructor: 8890 })
  expect(assign(8888, { front: 9000 })).toEqual({ front: 9000, door: 8888, constructor: 8889 })
  expect(assign(8888, { constructor: 8889 })).toEqual({ front: 8888, door: 8890, constructor: 8889 })
  expect(assign(0, { door: 7000 })).toEqual({ front: 0, door: 7000, constructor: 0 })
})
