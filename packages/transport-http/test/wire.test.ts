import { monotonicUs } from '@streamer/core/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  boundary,
  buildPart,
  PartCache,
  partHead,
  rawError,
  timestampText,
  timingFields,
  withFields
} from '../src/wire.js'

function frameOf(data: Uint8Array, sequence = 0) {
  const timestampUs = monotonicUs()
  return { kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width: 8, height: 8, data } as const
}

describe('a part', () => {
  test('is head, JPEG and the delimiter of the next part', () => {
    const part = buildPart(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), 1_700_000_000_123.456)
    expect(part.toString('latin1')).toBe(
      'Content-Type: image/jpeg\r\nContent-Length: 4\r\nX-Timestamp: 1700000000.123456\r\n\r\n' +
        '\xff\xd8\xff\xd9\r\n--streamerframe\r\n'
    )
  })

  test('carries any bytes unchanged, with their true length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 0, max: 4e12 }), (data, ms) => {
        const part = buildPart(data, ms)
        const head = partHead(data.length, ms)
        expect(part.subarray(0, head.length).toString('latin1')).toBe(head)
        expect(part.subarray(head.length, head.length + data.length).equals(data)).toBe(true)
        expect(part.length).toBe(head.length + data.length + 2 + 2 + boundary.length + 2)
      })
    )
  })

  test('with more fields is the same but for them', () => {
    const data = Uint8Array.of(0xff, 0xd8, 13, 10, 13, 10, 0xff, 0xd9)
    const part = buildPart(data, 1_700_000_000_123.456)
    const [head, rest] = withFields(part, data, timingFields(undefined, 1_700_000_000_200))
    const [plainHead, plainRest] = withFields(part, data, '')
    expect(head).toBe(plainHead.replace(/\r\n$/, 'X-Sent: 1700000000.200000\r\n\r\n'))
    expect(Buffer.concat([Buffer.from(plainHead, 'latin1'), plainRest]).equals(part)).toBe(true)
    expect(rest.equals(plainRest)).toBe(true)
    expect(timingFields(1000, 2000)).toBe('X-Encoded: 1.000000\r\nX-Sent: 2.000000\r\n')
  })

  test('tells the time in seconds with six digits after the point', () => {
    expect(timestampText(0)).toBe('0.000000')
    expect(timestampText(1_700_000_000_000)).toBe('1700000000.000000')
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), (ms) => /^\d+\.\d{6}$/.test(timestampText(ms)))
    )
  })
})

describe('the cache of parts', () => {
  test('builds each frame once for all clients, and keeps the one before the newest', () => {
    const cache = new PartCache()
    const [first, second, third] = [
      frameOf(Uint8Array.of(1)),
      frameOf(Uint8Array.of(2), 1),
      frameOf(Uint8Array.of(3), 2)
    ]
    const part = cache.of(first)
    expect(cache.of(first)).toBe(part)
    const newer = cache.of(second)
    expect(cache.of(first)).toBe(part)
    expect(cache.of(second)).toBe(newer)
    expect(cache.built).toBe(2)
    cache.of(third)
    expect(cache.of(second)).toBe(newer)
    expect(cache.built).toBe(3)
  })

  test('forgets everything when it is cleared', () => {
    const cache = new PartCache()
    const frame = frameOf(Uint8Array.of(1))
    const part = cache.of(frame)
    cache.clear()
    expect(cache.of(frame)).not.toBe(part)
  })
})

test('an answer to what is no request is a whole HTTP answer', () => {
  expect(rawError(408, 'too late').toString()).toBe(
    'HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\ntoo late\n'
  )
})
