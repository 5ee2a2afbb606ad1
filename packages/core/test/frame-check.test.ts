import fc from 'fast-check'
import { expect, it } from 'vitest'
import { frameFault } from '../src/border/frame-check.js'
import type { PixelFormat, RawFrame } from '../src/plugin/index.js'
import { standInFrame } from './stand-ins.js'

/** A picture of 5x3 with planes of these sizes: bytes and stride. */
function raw(pixelFormat: PixelFormat, ...planes: Array<[bytes: number, stride: number]>): RawFrame {
  return {
    kind: 'raw',
    pixelFormat,
    planes: planes.map(([bytes, stride]) => ({ data: new Uint8Array(bytes), stride })),
    width: 5,
    height: 3,
    sequence: 0,
    timestampUs: 0
  }
}

it.each<[PixelFormat, Array<[number, number]>]>([
  ['rgb24', [[45, 15]]],
  ['bgr24', [[47, 16]]],
  ['rgba', [[60, 20]]],
  ['bgra', [[84, 32]]],
  ['gray', [[15, 5]]],
  [
    'yuv420p',
    [
      [15, 5],
      [6, 3],
      [6, 3]
    ]
  ],
  [
    'nv12',
    [
      [15, 5],
      [12, 6]
    ]
  ]
])(
  'a picture in %s is right when its planes hold it, the last row without padding, and wrong with a byte less',
  (format, planes) => {
    expect(frameFault(raw(format, ...planes))).toBeUndefined()
    for (const index of planes.keys()) {
      const shorter = planes.map(([bytes, stride], at): [number, number] => [at === index ? bytes - 1 : bytes, stride])
      expect(frameFault(raw(format, ...shorter))?.textFor({})).toContain('shorter')
      const narrower = planes.map(([bytes], at): [number, number] => [bytes, at === index ? 2 : (planes[at]?.[1] ?? 0)])
      expect(frameFault(raw(format, ...narrower))?.textFor({})).toContain('stride')
    }
    expect(frameFault(raw(format, ...planes, [9, 9]))?.textFor(raw(format))).toContain(`not those of "${format}"`)
  }
)

it('whatever has the name of something that every object has is no pixel format', () => {
  const frame = { ...raw('gray', [15, 5]), pixelFormat: 'constructor' }
  expect(frameFault(frame)?.textFor(frame)).toContain('its pixelFormat is "constructor", not one of rgb24')
})

it('an encoder must give its own codec, and may give the picture that the core drew', () => {
  expect(frameFault(standInFrame(0), 'mjpeg')).toBeUndefined()
  expect(frameFault(standInFrame(0, { codec: 'h264', keyframe: false }))).toBeUndefined()
  expect(frameFault(standInFrame(0, { codec: 'h264' }), 'mjpeg')).toBeDefined()
  expect(frameFault(standInFrame(0, { keyframe: false }), 'mjpeg')).toBeDefined()
  expect(frameFault(standInFrame(-1), 'mjpeg')).toBeDefined()
  expect(frameFault(standInFrame(-1), 'mjpeg', -1)).toBeUndefined()
  expect(frameFault(raw('gray', [15, 5]), 'mjpeg')).toBeDefined()
})

it('nothing that is given for a frame makes it throw, and what is wrong can always be said, in a line', () => {
  const fields = { maxLength: 12 }
  const any = fc.anything()
  const nearly = fc.record(
    {
      kind: fc.oneof(fc.constantFrom('raw', 'encoded'), any),
      codec: fc.oneof(fc.constant('mjpeg'), any),
      pixelFormat: fc.oneof(fc.constantFrom('rgb24', 'nv12'), any),
      sequence: fc.oneof(fc.nat(), any),
      timestampUs: fc.oneof(fc.nat(), any),
      width: fc.oneof(fc.constant(4), any),
      height: fc.oneof(fc.constant(2), any),
      keyframe: fc.oneof(fc.boolean(), any),
      data: fc.oneof(fc.uint8Array(fields), any),
      planes: fc.oneof(fc.array(fc.record({ data: fc.oneof(fc.uint8Array(fields), any), stride: any })), any),
      release: any
    },
    { requiredKeys: [] }
  )
  fc.assert(
    fc.property(fc.oneof(any, nearly), (frame) => {
      const fault = frameFault(frame)
      if (fault) expect(fault.textFor(frame)).toMatch(/^[^\n]{5,200}$/)
    })
  )
})
