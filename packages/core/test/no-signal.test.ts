import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawNoSignal, fitText, wrapText } from '../src/no-signal.js'

/** Rows in which a pixel is as bright as text. */
function textRows(width: number, height: number, reason: string): boolean[] {
  const { data, stride } = drawNoSignal(width, height, reason).planes[0]!
  return Array.from({ length: height }, (_, y) =>
    data.subarray(y * stride, y * stride + width * 3).some((v) => v > 194)
  )
}

describe('drawNoSignal', () => {
  it('makes a raw frame of the asked size', () => {
    const frame = drawNoSignal(320, 240, 'camera unplugged')
    expect(frame).toMatchObject({ kind: 'raw', pixelFormat: 'rgb24', width: 320, height: 240, sequence: 0 })
    expect(frame.planes).toHaveLength(1)
    expect(frame.planes[0]!.data.length).toBe(320 * 240 * 3)
    expect(Number.isInteger(frame.timestampUs)).toBe(true)
  })

  it('shows the reason below the title at every size', () => {
    for (const [width, height] of [
      [160, 120],
      [640, 480],
      [1920, 1080],
      [3840, 2160],
      [120, 160]
    ] as const) {
      const without = textRows(width, height, '').lastIndexOf(true)
      const withReason = textRows(width, height, 'source-command: ended with exit code 1').lastIndexOf(true)
      expect(without).toBeGreaterThan(0)
      expect(withReason).toBeGreaterThan(without)
    }
  })

  it('keeps a margin below the longest reason', () => {
    const rows = textRows(160, 120, 'reason '.repeat(500))
    expect(rows.lastIndexOf(true)).toBeLessThan(116)
    expect(rows.lastIndexOf(true)).toBeGreaterThan(80)
  })

  it('draws something at sizes too small to read', () => {
    for (const [width, height] of [
      [1, 1],
      [16, 16],
      [3840, 16],
      [16, 2160]
    ] as const) {
      expect(drawNoSignal(width, height, 'a reason').planes[0]!.data.length).toBe(width * height * 3)
    }
  })
})

describe('fitText', () => {
  it('takes the largest letters in which everything fits', () => {
    expect(fitText('short', 200, 100, 4)).toEqual({ lines: ['short'], scale: 4 })
    expect(fitText('a little longer text', 200, 40, 4)).toEqual({ lines: ['a little longer', 'text'], scale: 2 })
  })

  it('ends in dots what does not fit in the smallest letters', () => {
    expect(fitText('one two three four five', 60, 20, 4)).toEqual({ lines: ['one two', 'three f...'], scale: 1 })
  })
})

describe('wrapText', () => {
  it('breaks between words', () => {
    expect(wrapText('the camera  was\nunplugged', 10)).toEqual(['the camera', 'was', 'unplugged'])
  })

  it('breaks words that are longer than a line', () => {
    expect(wrapText('a /dev/video0/very', 6)).toEqual(['a', '/dev/v', 'ideo0/', 'very'])
  })

  it('loses no character and never exceeds the line', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        const lines = wrapText(text, columns)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
      })
    )
  })
})
