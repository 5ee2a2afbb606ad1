import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JpegSplitter } from '../src/index.js'
import {
  anyJpeg,
  cutInto,
  endOfImage,
  entropy,
  frameHeader,
  jpeg,
  nastyBytes,
  scanHeader,
  segment,
  startOfImage
} from './jpegs.js'

function split(chunks: readonly Buffer[], maxFrameBytes?: number) {
  const frames: Array<{ hex: string; width: number; height: number }> = []
  const splitter = new JpegSplitter({
    ...(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    onJpeg: (data, width, height) => frames.push({ hex: data.toString('hex'), width, height })
  })
  for (const chunk of chunks) splitter.push(chunk)
  const pending = splitter.pendingBytes
  splitter.end()
  return { frames, pending, counters: { ...splitter.counters } }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

const hex = (...frames: Buffer[]) => frames.map((frame) => frame.toString('hex'))

describe('JpegSplitter', () => {
  test('gives each JPEG whole, with its size in pixels, when its last byte is in', () => {
    const first = jpeg({ width: 640, height: 480 })
    const second = jpeg({ width: 1920, height: 1080, size: 5000 })
    const seen: string[] = []
    const splitter = new JpegSplitter({
      onJpeg: (data, width, height) => seen.push(`${data.length} ${width}x${height}`)
    })
    splitter.push(first)
    expect(seen).toEqual([`${first.length} 640x480`])
    splitter.push(second.subarray(0, -1))
    expect(seen).toHaveLength(1)
    splitter.push(second.subarray(-1))
    expect(seen).toEqual([`${first.length} 640x480`, `${second.length} 1920x1080`])
  })

  test('end markers in a comment, a thumbnail or an ICC profile do not end the frame', () => {
    const thumbnail = jpeg({ width: 16, height: 12 })
    const frame = Buffer.concat([
      startOfImage,
      segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), thumbnail])),
      segment(0xe2, endOfImage),
      segment(0xfe, Buffer.concat([endOfImage, startOfImage])),
      frameHeader(320, 240),
      scanHeader,
      entropy([1, 0xff, 0xd9, 0xff, 0xff, 2]),
      endOfImage
    ])
    const { frames, counters } = split([frame, frame])
    expect(frames.map(({ hex }) => hex)).toEqual(hex(frame, frame))
    expect(frames[0]).toMatchObject({ width: 320, height: 240 })
    expect(counters).toMatchObject({ frames: 2, garbageBytes: 0, truncated: 0 })
  })

  test('a progressive JPEG with several scans, restarts and fill bytes is one frame', () => {
    const frame = Buffer.concat([
      startOfImage,
      frameHeader(100, 50, 0xc2),
      scanHeader,
      Buffer.from([1, 0xff, 0xd0, 2, 0xff, 0xd7, 3]),
      segment(0xc4, [0, ...Array(16).fill(0)]),
      Buffer.from([0xff, 0xff]),
      scanHeader,
      Buffer.from([4, 0xff, 0x00, 0xff, 0xff]),
      endOfImage
    ])
    expect(split([frame]).frames).toEqual([{ hex: frame.toString('hex'), width: 100, height: 50 }])
  })

  test('bytes between JPEGs are skipped and counted', () => {
    const frame = jpeg()
    const head = Buffer.from('--frame\r\nContent-Type: image/jpeg\r\n\r\n')
    const lone = Buffer.from([0xff, 0xff, 0x00, 0xff, 0xd8, 0x00])
    const { frames, counters } = split([Buffer.concat([head, frame, lone, head, frame])])
    expect(frames).toHaveLength(2)
    expect(counters).toMatchObject({ garbageBytes: 2 * head.length + lone.length, truncated: 0, droppedBytes: 0 })
  })

  test('a JPEG that is cut off by the next one is dropped and counted, and the next one is given', () => {
    const frame = jpeg({ size: 1000 })
    const { frames, counters } = split([Buffer.concat([frame.subarray(0, 600), frame])])
    expect(frames.map(({ hex }) => hex)).toEqual(hex(frame))
    expect(counters).toMatchObject({ truncated: 1, droppedBytes: 600, garbageBytes: 0 })
  })

  test.each([
    ['a reserved marker in the scan', [startOfImage, frameHeader(8, 8), scanHeader, Buffer.from([1, 0xff, 0x02])]],
    ['something else than a marker after a segment', [startOfImage, segment(0xe0), Buffer.from([0x41])]],
    ['a segment length that cannot be', [startOfImage, Buffer.from([0xff, 0xe0, 0, 1])]],
    ['a scan without a frame header', [startOfImage, scanHeader]],
    ['an end without a scan', [startOfImage, frameHeader(8, 8), endOfImage]],
    ['a second frame header', [startOfImage, frameHeader(8, 8), frameHeader(8, 8)]],
    ['a width of 0', [startOfImage, frameHeader(0, 8), scanHeader, Buffer.from([1]), endOfImage]],
    [
      'a second frame header after a width of 0',
      [startOfImage, frameHeader(0, 65535), frameHeader(16, 16), scanHeader, Buffer.from([1]), endOfImage]
    ],
    ['a height of 0', [startOfImage, frameHeader(8, 0), scanHeader, Buffer.from([1]), endOfImage]]
  ])('a JPEG with %s is dropped and the stream goes on', (_, parts) => {
    const frame = jpeg()
    const { frames, counters } = split([Buffer.concat([...parts, Buffer.from([0]), frame])])
    expect(frames.map(({ hex }) => hex)).toEqual(hex(frame))
    expect(counters.truncated).toBe(1)
  })

  test('the largest size that a JPEG can have is given as it is', () => {
    const { frames } = split([jpeg({ width: 65535, height: 65535 })])
    expect(frames).toMatchObject([{ width: 65535, height: 65535 }])
  })

  test('what is unfinished at the end counts as cut off, but not when we end it', () => {
    const splitter = new JpegSplitter({ onJpeg: () => {} })
    splitter.push(jpeg().subarray(0, 50))
    splitter.reset()
    expect(splitter.counters).toMatchObject({ truncated: 0, droppedBytes: 50 })
    splitter.push(jpeg().subarray(0, 50))
    splitter.end()
    expect(splitter.counters).toMatchObject({ truncated: 1, droppedBytes: 100 })
    splitter.push(jpeg())
    expect(splitter.counters.frames).toBe(1)
  })

  test('a JPEG that is too large is dropped and counted, the one after it is given, and little is held meanwhile', () => {
    const large = jpeg({ size: 10_000 })
    const small = jpeg({ size: 500 })
    for (const size of [1, 700, 100_000]) {
      const { frames, counters } = split(cutInto(Buffer.concat([large, small]), [size]), 1000)
      expect(frames.map(({ hex }) => hex)).toEqual(hex(small))
      expect(counters).toMatchObject({ oversized: 1, truncated: 0, droppedBytes: large.length })
    }
  })

  test('a scan that never ends keeps no memory beyond the largest frame', () => {
    const splitter = new JpegSplitter({ maxFrameBytes: 1024 * 1024, onJpeg: () => {} })
    splitter.push(Buffer.concat([startOfImage, frameHeader(8, 8), scanHeader]))
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 1024; i++) splitter.push(Buffer.alloc(64 * 1024, 1))
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
    splitter.push(jpeg())
    expect(splitter.counters).toMatchObject({ frames: 1, oversized: 1 })
  })

  test('a frame that fills its chunk is a view of it, a small one in a large chunk is not', () => {
    const frames: Buffer[] = []
    const splitter = new JpegSplitter({ onJpeg: (data) => frames.push(data) })
    const frame = jpeg({ size: 10_000 })
    const [own] = cutInto(frame, [frame.length])
    splitter.push(own!)
    expect(frames[0]!.buffer).toBe(own!.buffer)
    const [shared] = cutInto(Buffer.concat([frame, frame, frame]), [100_000])
    splitter.push(shared!)
    expect(frames).toHaveLength(4)
    for (const copy of frames.slice(1)) {
      expect(copy.buffer.byteLength).toBe(frame.length)
      expect(copy.equals(frame)).toBe(true)
    }
  })

  test('a frame has the arrival of the chunk with its first byte', () => {
    const arrivals: number[] = []
    const splitter = new JpegSplitter({ onJpeg: (_data, _width, _height, arrivedUs) => arrivals.push(arrivedUs) })
    const frame = jpeg()
    splitter.push(Buffer.concat([frame, frame.subarray(0, 1)]), 10)
    splitter.push(frame.subarray(1, 20), 20)
    splitter.push(frame.subarray(20), 30)
    splitter.push(Buffer.concat([frame, frame.subarray(0, 60)]), 40)
    // A cut-off frame whose successor's first byte is the last of a chunk.
    splitter.push(Buffer.from([0xff]), 50)
    splitter.push(frame.subarray(1), 60)
    expect(arrivals).toEqual([10, 10, 40, 50])
  })

  test('property: whole JPEGs with garbage and cut-off ones between them come out exactly, however they are cut', () => {
    const harmless = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0xff)))
    const broken = fc.nat({ max: 300 }).map((size) => jpeg({ size }).subarray(0, -2))
    const part = fc.oneof(
      { weight: 4, arbitrary: anyJpeg.map((sample) => ({ kind: 'jpeg' as const, ...sample })) },
      { weight: 2, arbitrary: harmless.map((data) => ({ kind: 'garbage' as const, data })) },
      { weight: 1, arbitrary: broken.map((data) => ({ kind: 'broken' as const, data })) }
    )
    const sizes = fc.oneof(fc.constant([1]), fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), sizes, (parts, cuts) => {
        // Garbage right behind a cut-off scan would belong to it.
        const stream = parts.filter(({ kind }, i) => kind !== 'garbage' || parts[i - 1]?.kind === 'jpeg')
        const { frames, counters } = split(cutInto(Buffer.concat(stream.map(({ data }) => data)), cuts))
        const wanted = stream.filter((part) => part.kind === 'jpeg')
        const bytesOf = (kind: string) =>
          stream.filter((part) => part.kind === kind).reduce((sum, { data }) => sum + data.length, 0)
        expect(frames).toEqual(wanted.map(({ data, width, height }) => ({ hex: data.toString('hex'), width, height })))
        expect(counters).toEqual({
          frames: wanted.length,
          frameBytes: bytesOf('jpeg'),
          garbageBytes: bytesOf('garbage'),
          truncated: stream.filter(({ kind }) => kind === 'broken').length,
          oversized: 0,
          droppedBytes: bytesOf('broken')
        })
      }),
      { numRuns: 300 }
    )
  })

  test('property: any bytes give the same frames and counts however they are cut, and every byte is accounted for', () => {
    const stream = fc
      .array(
        fc.oneof(
          nastyBytes(120).map((bytes) => Buffer.from(bytes)),
          anyJpeg.map(({ data }) => data)
        ),
        {
          maxLength: 6
        }
      )
      .map((parts) => Buffer.concat(parts))
    const sizes = fc.oneof(fc.constant([1]), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }))
    fc.assert(
      fc.property(stream, sizes, fc.constantFrom(40, 60, 200, 1_000_000), (bytes, cuts, maxFrameBytes) => {
        const whole = split([bytes], maxFrameBytes)
        expect(split(cutInto(bytes, cuts), maxFrameBytes)).toEqual(whole)
        const { frameBytes, garbageBytes, droppedBytes } = whole.counters
        expect(frameBytes + garbageBytes + droppedBytes).toBe(bytes.length)
      }),
      { numRuns: 1000 }
    )
  })

  test('a frame above 4 KiB is put together of large and small pieces', () => {
    const frame = jpeg({ size: 300_000, fill: 7 })
    for (let i = 100; i < 300_000; i++) if (frame[i] === 7) frame[i] = i % 251
    for (const sizes of [[1], [4095, 4096], [1, 70_000, 3, 5000], [65_536]]) {
      const { frames } = split(cutInto(Buffer.concat([frame, frame]), sizes))
      expect(frames.map(({ hex }) => hex)).toEqual(hex(frame, frame))
    }
  })

  test('refuses a limit that is no positive integer', () => {
    for (const maxFrameBytes of [0, -1, 1.5, Number.NaN]) {
      expect(() => new JpegSplitter({ maxFrameBytes, onJpeg: () => {} })).toThrow(TypeError)
    }
  })
})
