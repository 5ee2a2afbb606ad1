import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frameDatagrams } from '../../transport-udp/src/wire.js'
import { Assembler } from '../src/udp/v1/assembler.js'
import { parseChunk, parseStart, registration } from '../src/udp/v1/wire.js'
import { HandClock } from './hand-clock.js'
import { noCounts, pictureOf } from './support.js'

class Rig {
  readonly clock = new HandClock()
  readonly counters = noCounts()
  readonly frames: Array<{ payload: Buffer; sequence: number; time: number | undefined }> = []
  readonly assembler: Assembler

  constructor(maxBytes = 1_000_000) {
    const { clock, counters } = this
    this.assembler = new Assembler({
      clock,
      counters,
      maxBytes,
      onFrame: (payload, sequence, time) => this.frames.push({ payload, sequence, time })
    })
  }

  take(...datagrams: readonly Uint8Array[]): this {
    // Each in memory of its own, as from a socket.
    for (const datagram of datagrams) this.assembler.receive(Buffer.from(datagram))
    return this
  }

  get sequences(): number[] {
    return this.frames.map(({ sequence }) => sequence)
  }
}

const widths = [32, 64] as const
const sent = (data: Uint8Array, frameId: number, headerWidth: 32 | 64 = 32, chunkSize = 1200) =>
  frameDatagrams(data, frameId, { chunkSize, headerWidth, payload: 'jpeg' })

describe.each(widths)('%i-bit headers', (width) => {
  test('a frame of every size is put together as it was', () => {
    const rig = new Rig()
    const pictures = [4, 1199, 1200, 1201, 2400, 50_000].map((size) => Buffer.alloc(size, size & 0xff))
    for (const [index, picture] of pictures.entries()) rig.take(...sent(picture, index, width))
    expect(rig.frames.map(({ payload }) => payload)).toEqual(pictures)
    expect(rig.counters).toMatchObject({ datagramsLost: 0, datagramsDuplicate: 0, framesLost: 0, refused: 0 })
  })

  test('a capture time behind the start is read', () => {
    const rig = new Rig()
    const [start, ...chunks] = sent(pictureOf(1), 7, width)
    const time = Buffer.alloc(8)
    time.writeBigUInt64LE(1_700_000_000_123_456n)
    rig.take(Buffer.concat([start!, time]), ...chunks)
    expect(rig.frames).toEqual([{ payload: pictureOf(1), sequence: 7, time: 1_700_000_000_123_456 }])
  })

  test('property: what is lost, doubled and swapped on the way costs only frames of which something is lost', () => {
    const script = fc.record({
      frames: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 }),
      doubled: fc.array(fc.nat(80), { maxLength: 6 }),
      lost: fc.array(fc.nat(80), { maxLength: 3 }),
      swapped: fc.array(fc.nat(80), { maxLength: 6 })
    })
    fc.assert(
      fc.property(script, ({ frames, doubled, lost, swapped }) => {
        const rig = new Rig()
        const pictures = frames.map((size, index) => Buffer.alloc(size, index + 1))
        const all = pictures.flatMap((picture, index) =>
          sent(picture, index + 5, width, 100).map((datagram) => ({ index, datagram }))
        )
        const onTheWay = all.filter((_, at) => !lost.includes(at))
        // The first start must not move, as it tells the width.
        for (const at of swapped) {
          if (at < 1 || at + 1 >= onTheWay.length) continue
          ;[onTheWay[at], onTheWay[at + 1]] = [onTheWay[at + 1]!, onTheWay[at]!]
        }
        const arriving = onTheWay.flatMap((one, at) => (doubled.includes(at) ? [one, one] : [one]))
        if (lost.includes(0)) return
        rig.take(...arriving.map(({ datagram }) => datagram))
        const broken = new Set(all.filter((_, at) => lost.includes(at)).map(({ index }) => index))
        const whole = pictures.filter((_, index) => !broken.has(index))
        expect(rig.frames.map(({ payload }) => payload.toString('hex')).toSorted()).toEqual(
          whole.map((one) => one.toString('hex')).toSorted()
        )
        expect(rig.counters.datagramsReceived).toBe(arriving.length)
        expect(rig.counters.datagramsDuplicate).toBeLessThanOrEqual(arriving.length - onTheWay.length)
      }),
      { numRuns: 300 }
    )
  })
})

describe('what is lost', () => {
  test('is counted when the frame is given up: datagrams, and the frame', () => {
    const rig = new Rig()
    const [start, first, ...rest] = sent(pictureOf(1), 1)
    rig.take(start!, ...rest)
    for (let id = 2; id < 5; id++) rig.take(...sent(pictureOf(id), id))
    expect(rig.counters.framesLost).toBe(0)
    rig.clock.pass(1500)
    rig.take(...sent(pictureOf(9), 5))
    expect(rig.sequences).toEqual([2, 3, 4, 5])
    expect(rig.counters).toMatchObject({ datagramsLost: 1, framesLost: 1, datagramsDuplicate: 0 })
    // It comes after all, too late.
    rig.take(first!)
    expect(rig.counters).toMatchObject({ datagramsLost: 1, framesLost: 1, datagramsDuplicate: 0 })
  })

  test('a start that does not come costs its frame and counts as one datagram', () => {
    const rig = new Rig().take(...sent(pictureOf(1), 1))
    const [, ...chunks] = sent(pictureOf(2), 2)
    rig.take(...chunks)
    rig.clock.pass(1500)
    rig.take(...sent(pictureOf(3), 3))
    expect(rig.sequences).toEqual([1, 3])
    expect(rig.counters).toMatchObject({ datagramsLost: 1, framesLost: 1 })
  })

  test('at most four frames are waited for', () => {
    const rig = new Rig()
    for (let id = 0; id < 100; id++) rig.take(...sent(pictureOf(id), id).slice(0, -1))
    expect(rig.counters).toMatchObject({ framesLost: 96, datagramsLost: 96 })
  })
})

describe('numbers', () => {
  test('go on when 32 bits wrap', () => {
    const rig = new Rig()
    for (const id of [2 ** 32 - 2, 2 ** 32 - 1, 0, 1]) rig.take(...sent(pictureOf(1), id))
    expect(rig.sequences).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1])
  })

  test('begin anew when the server does', () => {
    const rig = new Rig()
    for (const id of [1000, 1001, 0, 1]) rig.take(...sent(pictureOf(id), id))
    expect(rig.sequences).toEqual([1000, 1001, 0, 1])
  })

  test('chunks that are doubled are counted, those of whole frames too', () => {
    const datagrams = sent(pictureOf(1), 1)
    const rig = new Rig().take(datagrams[0]!, datagrams[1]!, datagrams[1]!, ...datagrams.slice(2), ...datagrams)
    expect(rig.sequences).toEqual([1])
    expect(rig.counters.datagramsDuplicate).toBe(1 + datagrams.length)
  })
})

describe('what no server sends', () => {
  const start = (size: number, count: number, id = 1) => {
    const datagram = Buffer.alloc(23)
    datagram.write('FRAME_START', 'latin1')
    datagram.writeUInt32LE(id, 11)
    datagram.writeUInt32LE(size, 15)
    datagram.writeUInt32LE(count, 19)
    return datagram
  }
  const chunk = (index: number, length: number, id = 1) => {
    const datagram = Buffer.alloc(13 + length)
    datagram.write('CHUNK', 'latin1')
    datagram.writeUInt32LE(id, 5)
    datagram.writeUInt32LE(index, 9)
    return datagram
  }

  test.for([
    ['more bytes than allowed', 1_000_001, 1000],
    ['no bytes', 0, 1],
    ['no chunks', 1000, 0],
    ['more chunks than there can be', 1000, 17]
  ] as const)('a frame of %s is refused, and its chunks are left out', ([, size, count]) => {
    const rig = new Rig().take(start(size, count), chunk(0, 100), ...sent(pictureOf(2), 2))
    expect(rig.counters).toMatchObject({ refused: 1, framesLost: 0 })
    expect(rig.sequences).toEqual([2])
  })

  test('chunks that do not fit their frame are left out', () => {
    const rig = new Rig().take(start(250, 3), chunk(0, 100), chunk(1, 99), chunk(3, 50), chunk(2, 49), chunk(1, 101))
    expect(rig.frames).toEqual([])
    rig.take(chunk(1, 100), chunk(2, 50))
    expect(rig.sequences).toEqual([1])
  })

  test('property: no bytes make it throw or give a frame that nobody announced', () => {
    const number = fc.oneof(fc.constantFrom(0, 1, 2, 3, 64, 65, 128, 2 ** 31, 2 ** 32 - 1), fc.nat(300))
    const datagram = fc.oneof(
      fc.tuple(number, number, number).map(([size, count, id]) => start(size, count, id)),
      fc.tuple(number, fc.nat(200), number).map(([index, length, id]) => chunk(index, length, id)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.constantFrom('FRAME_START', 'CHUNK', 'REGISTERED'), fc.uint8Array({ maxLength: 40 }))
        .map(([word, bytes]) => Buffer.concat([Buffer.from(word), bytes]))
    )
    fc.assert(
      fc.property(fc.array(datagram, { maxLength: 60 }), (datagrams) => {
        const rig = new Rig(500).take(...datagrams)
        for (const { payload } of rig.frames) expect(payload.length).toBeLessThanOrEqual(500)
      }),
      { numRuns: 500 }
    )
  })

  test('a flood of starts takes no memory', () => {
    const rig = new Rig(16 * 1024 * 1024)
    const before = process.memoryUsage().arrayBuffers
    for (let id = 0; id < 10_000; id++) rig.assembler.receive(start(16 * 1024 * 1024, 14_000, id))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
  })
})

test('parseStart and parseChunk know their datagrams by length and word', () => {
  for (const width of widths) {
    const [start, first] = sent(pictureOf(1), 9, width)
    expect(parseStart(Buffer.from(start!))).toMatchObject({ width, frameId: 9, size: 5000, count: 5 })
    expect(parseStart(Buffer.from(first!))).toBeUndefined()
    expect(parseChunk(Buffer.from(first!), width)).toMatchObject({ frameId: 9, index: 0 })
    expect(parseChunk(Buffer.from(first!).subarray(0, 5 + width / 4), width)).toBeUndefined()
  }
  expect(parseStart(Buffer.alloc(23))).toBeUndefined()
  expect(parseStart(Buffer.concat([Buffer.from('FRAME_START'), Buffer.alloc(13)]))).toBeUndefined()
})

test('a registration names the stream as it is', () => {
  expect(String(registration(''))).toBe('REGISTER_CLIENT')
  expect(Buffer.from(registration('back door ü')).toString()).toBe('REGISTER_CLIENT back door ü')
})
