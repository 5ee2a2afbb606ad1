import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyJpeg, cutInto, jpeg, nastyBytes } from '../../jpeg-splitter/test/jpegs.js'
import { MultipartReader } from '../src/http/multipart.js'
import { boundaryOf, captureTimeUs, contentLength } from '../src/http/part-head.js'

interface Read {
  readonly parts: string[]
  readonly times: Array<number | undefined>
  readonly refused: number
}

function read(chunks: readonly Buffer[], boundary = 'b', maxFrameBytes = 1_000_000): Read {
  const result = { parts: [] as string[], times: [] as Array<number | undefined>, refused: 0 }
  const reader = new MultipartReader({
    boundary,
    maxFrameBytes,
    onPart: (data, time) => {
      result.parts.push(data.toString('hex'))
      result.times.push(time)
    },
    onRefused: () => result.refused++
  })
  for (const chunk of chunks) reader.push(chunk)
  return result
}

const part = (head: string, body: Buffer) =>
  Buffer.concat([Buffer.from(`--b\r\n${head}\r\n\r\n`, 'latin1'), body, Buffer.from('\r\n')])
const sized = (body: Buffer, more = '') =>
  part(`Content-Type: image/jpeg\r\nContent-Length: ${body.length}${more}`, body)
const sizes = fc.oneof(fc.constant([1]), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }))

describe('MultipartReader', () => {
  test('property: takes parts by their length, whatever is in them and however the stream is cut', () => {
    // The delimiter itself, and the end of a head, within a picture.
    const body = fc.oneof(
      nastyBytes(300).map((bytes) => Buffer.from(bytes)),
      fc.constant(Buffer.from('\r\n--b\r\nContent-Length: 3\r\n\r\n'))
    )
    fc.assert(
      fc.property(fc.array(body, { maxLength: 5 }), sizes, (bodies, cuts) => {
        const stream = Buffer.concat(bodies.map((one) => sized(one)))
        const { parts, refused } = read(cutInto(stream, cuts))
        expect(parts).toEqual(bodies.filter(({ length }) => length > 0).map((one) => one.toString('hex')))
        expect(refused).toBe(0)
      })
    )
  })

  test('property: cuts pictures out by walking them where a part has no length', () => {
    const parts = fc.array(
      fc.tuple(anyJpeg, fc.constantFrom('Content-Type: image/jpeg', 'X-Nothing: 1', 'Content-Length: many')),
      { maxLength: 4 }
    )
    fc.assert(
      fc.property(parts, sizes, (pictures, cuts) => {
        const stream = Buffer.concat(pictures.map(([{ data }, head]) => part(head, data)))
        expect(read(cutInto(stream, cuts)).parts).toEqual(pictures.map(([{ data }]) => data.toString('hex')))
      })
    )
  })

  test('goes on by walking once a part had no length, and does so from the beginning without a boundary', () => {
    const [one, two] = [jpeg({ fill: 1 }), jpeg({ fill: 2 })]
    const both = [one.toString('hex'), two.toString('hex')]
    expect(read([part('A: b', one), sized(two)]).parts).toEqual(both)
    expect(read([sized(one), part('A: b', two)]).parts).toEqual(both)
    expect(read([Buffer.concat([one, two])], '').parts).toEqual(both)
  })

  test.for([
    [
      'bare line breaks',
      (body: Buffer) => Buffer.concat([Buffer.from(`--b\nContent-Length: ${body.length}\n\n`), body])
    ],
    ['other case and spaces', (body: Buffer) => part(`content-LENGTH:   ${body.length}  `, body)],
    ['no line break after the body', (body: Buffer) => sized(body).subarray(0, -2)],
    [
      'something before the first delimiter',
      (body: Buffer) => Buffer.concat([Buffer.from('\r\nhello\r\n-'), sized(body)])
    ]
  ] as const)('bears %s', ([, make]) => {
    const body = Buffer.from('abcdef')
    for (const cut of [1, 7, 1000]) {
      expect(read(cutInto(Buffer.concat([make(body), make(body)]), [cut])).parts).toHaveLength(2)
    }
  })

  test('bears dashes that are written into the boundary, too', () => {
    expect(read([sized(Buffer.from('abc'))], '--b').parts).toEqual(['616263'])
  })

  test('reads past a part that is too large, and refuses it before anything is kept', () => {
    const stream = Buffer.concat([sized(Buffer.alloc(5000, 1)), sized(Buffer.from('abc'))])
    for (const cut of [1, 100, 10_000]) {
      expect(read(cutInto(stream, [cut]), 'b', 4999)).toEqual({ parts: ['616263'], times: [undefined], refused: 1 })
    }
    expect(read([part('Content-Length: 999999999999999', Buffer.alloc(0))]).refused).toBe(1)
  })

  test('refuses a head without end, and finds the next part', () => {
    const endless = Buffer.concat([Buffer.from('--b\r\n'), Buffer.alloc(20_000, 'x'), Buffer.from('\r\n')])
    for (const cut of [1000, 100_000]) {
      const { parts, refused } = read(cutInto(endless, [cut]).concat(sized(Buffer.from('abc'))))
      expect({ parts, refused }).toEqual({ parts: ['616263'], refused: 1 })
    }
  })

  test('a picture without end that is being walked is refused', () => {
    const endless = Buffer.concat([jpeg().subarray(0, -2), Buffer.alloc(5000, 1)])
    const { parts, refused } = read([endless, endless, jpeg()], '', 4000)
    expect(parts).toEqual([jpeg().toString('hex')])
    expect(refused).toBeGreaterThan(0)
  })

  test('property: any bytes are read without an exception', () => {
    const text = fc.constantFrom(
      '--b',
      '\r\n',
      '\n\n',
      'Content-Length: 5',
      'Content-Length: 99999999999',
      'X-Timestamp: 1.5'
    )
    const piece = fc.oneof(
      text.map((one) => Buffer.from(one)),
      nastyBytes(60).map((bytes) => Buffer.from(bytes))
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), sizes, (pieces, cuts) => {
        const { parts } = read(cutInto(Buffer.concat(pieces), cuts), 'b', 50)
        for (const hex of parts) expect(hex.length).toBeLessThanOrEqual(100)
      }),
      { numRuns: 500 }
    )
  })
})

describe('heads', () => {
  test('Content-Length is a number of bytes or nothing', () => {
    expect(contentLength('A: b\r\nContent-Length: 123\r\n')).toBe(123)
    for (const text of ['', '-1', '1.5', '0x10', '12 34', '9'.repeat(16)]) {
      expect(contentLength(`Content-Length: ${text}`)).toBeUndefined()
    }
    expect(contentLength('X-Content-Length: 5')).toBeUndefined()
  })

  test('X-Timestamp is in seconds, and becomes microseconds', () => {
    expect(captureTimeUs('X-Timestamp: 1667724577.123456')).toBe(1_667_724_577_123_456)
    expect(captureTimeUs('x-timestamp: 5')).toBe(5_000_000)
    expect(captureTimeUs('X-Timestamp: yesterday')).toBeUndefined()
  })

  test.for([
    ['multipart/x-mixed-replace; boundary=streamerframe', 'streamerframe'],
    ['multipart/x-mixed-replace;boundary="a b"', 'a b'],
    ['multipart/x-mixed-replace; charset=x; Boundary=--my;q=1', '--my'],
    ['multipart/x-mixed-replace', undefined]
  ] as const)('the boundary of %s', ([contentType, boundary]) => {
    expect(boundaryOf(contentType)).toBe(boundary)
  })
})
