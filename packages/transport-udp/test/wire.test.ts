import { readFileSync } from 'node:fs'
import { pickleHead, pickleHeadLength, pickleTail } from '@streamer/numpy-pickle'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frameDatagrams, type Layout, parseControl, registered } from '../src/wire.js'
import { parseFrames } from './stand-ins.js'

const jpegIn32: Layout = { chunkSize: 1200, headerWidth: 32, payload: 'jpeg' }

function hex(datagrams: readonly Uint8Array[]): string[] {
  return datagrams.map((datagram) => Buffer.from(datagram).toString('hex'))
}

describe('control messages', () => {
  const read = (text: string) => parseControl(Buffer.from(text))

  test('the three words are understood', () => {
    expect(read('REGISTER_CLIENT')).toEqual({ kind: 'register' })
    expect(read('KEEPALIVE')).toEqual({ kind: 'keepalive' })
    expect(read('DISCONNECT')).toEqual({ kind: 'disconnect' })
    expect(Buffer.from(registered).toString()).toBe('REGISTERED')
  })

  test('a name after the registration and one space chooses a stream', () => {
    expect(read('REGISTER_CLIENT door')).toEqual({ kind: 'register', stream: 'door' })
    expect(read('REGISTER_CLIENT back door\r\n')).toEqual({ kind: 'register', stream: 'back door' })
    expect(read('REGISTER_CLIENT Tür\0')).toEqual({ kind: 'register', stream: 'Tür' })
  })

  test('anything else after the registration is tolerated', () => {
    for (const rest of ['\n', '\0\0', ' ', ' \n', 'S', ':1.2', '\u{1f600}']) {
      expect(read(`REGISTER_CLIENT${rest}`)).toEqual({ kind: 'register' })
    }
  })

  test('of a registration of 64 KiB no more than a name is looked at', () => {
    const message = parseControl(Buffer.from(`REGISTER_CLIENT ${'a'.repeat(65_000)}`))
    expect(message).toEqual({ kind: 'register', stream: 'a'.repeat(257) })
  })

  test('nothing else is a message', () => {
    for (const text of ['', 'REGISTER', 'register_client', 'KEEPALIVE\n', 'KEEPALIV', 'DISCONNECT ', ' KEEPALIVE']) {
      expect(read(text)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseControl(Buffer.from(bytes))).toBeUndefined()
      })
    )
  })
})

describe('the datagrams of a frame', () => {
  test('five bytes in chunks of four make a start and two chunks with numbers of 32 bits', () => {
    const datagrams = frameDatagrams(Uint8Array.of(1, 2, 3, 4, 5), 7, { ...jpegIn32, chunkSize: 4 })
    expect(hex(datagrams)).toEqual([
      '4652414d455f5354415254' + '07000000' + '05000000' + '02000000',
      '4348554e4b' + '07000000' + '00000000' + '01020304',
      '4348554e4b' + '07000000' + '01000000' + '05'
    ])
  })

  test('the same with numbers of 64 bits', () => {
    const layout: Layout = { chunkSize: 4, headerWidth: 64, payload: 'jpeg' }
    expect(hex(frameDatagrams(Uint8Array.of(1, 2, 3, 4, 5), 7, layout))).toEqual([
      '4652414d455f5354415254' + '0700000000000000' + '0500000000000000' + '0200000000000000',
      '4348554e4b' + '0700000000000000' + '0000000000000000' + '01020304',
      '4348554e4b' + '0700000000000000' + '0100000000000000' + '05'
    ])
  })

  test('starts are 23 or 35 bytes long, headers of chunks 13 or 21', () => {
    const lengths = (headerWidth: 32 | 64) =>
      frameDatagrams(new Uint8Array(1201), 0, { ...jpegIn32, headerWidth }).map((datagram) => datagram.length)
    expect(lengths(32)).toEqual([23, 13 + 1200, 13 + 1])
    expect(lengths(64)).toEqual([35, 21 + 1200, 21 + 1])
  })

  test('the number of a frame wraps at 2^32 in 32 bits and goes on in 64', () => {
    const id = 2 ** 32 + 5
    expect(parseFrames(frameDatagrams(Uint8Array.of(1), id, jpegIn32), 1200, 32)[0]?.id).toBe(5n)
    expect(parseFrames(frameDatagrams(Uint8Array.of(1), 2 ** 32 - 1, jpegIn32), 1200, 32)[0]?.id).toBe(0xffff_ffffn)
    const wide = frameDatagrams(Uint8Array.of(1), id, { ...jpegIn32, headerWidth: 64 })
    expect(parseFrames(wide, 1200, 64)[0]?.id).toBe(BigInt(id))
  })

  test('an empty frame is a start with no chunk', () => {
    expect(hex(frameDatagrams(new Uint8Array(), 1, jpegIn32))).toEqual([
      `4652414d455f5354415254${'01000000'}${'00'.repeat(8)}`
    ])
  })

  test('all of them lie in one buffer', () => {
    const datagrams = frameDatagrams(new Uint8Array(10_000), 1, jpegIn32)
    expect(new Set(datagrams.map((datagram) => datagram.buffer)).size).toBe(1)
  })

  test('any frame in chunks of any size is put together again to the same bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 6000 }),
        fc.integer({ min: 64, max: 6500 }),
        fc.constantFrom<32 | 64>(32, 64),
        fc.maxSafeNat(),
        fc.constantFrom<'jpeg' | 'pickle'>('jpeg', 'pickle'),
        (data, chunkSize, headerWidth, id, payload) => {
          const datagrams = frameDatagrams(data, id, { chunkSize, headerWidth, payload })
          const whole = payload === 'jpeg' ? data : Buffer.concat([pickleHead(data.length), data, pickleTail])
          const frames = parseFrames(datagrams, chunkSize, headerWidth)
          expect(frames).toHaveLength(1)
          expect(frames[0]!.data.equals(whole)).toBe(true)
          expect(frames[0]!.id).toBe(BigInt.asUintN(headerWidth, BigInt(id)))
        }
      )
    )
  })
})

test('the example of the document is what goes over the wire', () => {
  const document = readFileSync(new URL('../../../docs/protocols/udp.md', import.meta.url), 'utf8')
  const examples = Array.from(document.matchAll(/```hex\n([^`]+)```/g), ([, block]) => block!.replace(/\s|#.*$/gm, ''))
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)
  expect(document).toContain(`The JPEG begins ${pickleHeadLength} bytes into the frame`)
  expect(examples).toEqual([
    hex(frameDatagrams(jpeg, 258, jpegIn32)).join(''),
    hex(frameDatagrams(jpeg, 258, { ...jpegIn32, headerWidth: 64 })).join(''),
    hex([Buffer.concat([pickleHead(4), jpeg, pickleTail])]).join('')
  ])
})
