import { createPicture, type Picture } from '@streamer/core/plugin'
import { describe, expect, it } from 'vitest'
import { patterns } from '../src/config.js'
import { formatTime, TestPicture } from '../src/test-picture.js'

const noon = new Date(2024, 0, 2, 12, 4, 5, 67).getTime()

function drawn(
  width: number,
  height: number,
  sequence = 0,
  brightness = 0,
  pattern: (typeof patterns)[number] = 'bars'
): Picture {
  const picture = createPicture(width, height)
  picture.data.fill(123)
  new TestPicture(width, height).draw(picture, pattern, brightness, { sequence, framerate: 30, wallClockMs: noon })
  return picture
}

function pixel({ data, stride }: Picture, x: number, y: number): number[] {
  return Array.from(data.subarray(y * stride + x * 3, y * stride + x * 3 + 3))
}

describe('TestPicture', () => {
  it('draws eight bars of different colours', () => {
    const picture = drawn(640, 480)
    const colors = Array.from({ length: 8 }, (_, index) => pixel(picture, index * 80 + 40, 10).join())
    expect(new Set(colors).size).toBe(8)
    expect(colors[0]).toBe('255,255,255')
    expect(colors[5]).toBe('191,0,0')
  })

  it('draws over all that was in the memory before, at every size and pattern', () => {
    for (const [width, height] of [
      [16, 16],
      [17, 31],
      [160, 120],
      [3840, 16]
    ] as const) {
      for (const pattern of patterns) {
        const clean = createPicture(width, height)
        const moment = { sequence: 30, framerate: 30, wallClockMs: noon }
        new TestPicture(width, height).draw(clean, pattern, 0, moment)
        expect(Buffer.compare(drawn(width, height, 30, 0, pattern).data, clean.data)).toBe(0)
      }
    }
  })

  it('moves the sweeping bar to the right with the frame number and starts again after four seconds', () => {
    const rowOf = (sequence: number) => drawn(640, 480, sequence).data.slice(0, 640 * 3)
    const place = (sequence: number) => {
      const [now, without] = [rowOf(sequence), rowOf(0)]
      return now.findIndex((value, at) => value !== without[at])
    }
    expect(place(20)).toBeLessThan(place(21))
    expect(place(21)).toBeLessThan(place(100))
    expect(rowOf(140)).toEqual(rowOf(20))
  })

  it('shows another number in each frame and another text in each millisecond', () => {
    expect(drawn(160, 120, 1).data).not.toEqual(drawn(160, 120, 2).data)
    const later = createPicture(160, 120)
    new TestPicture(160, 120).draw(later, 'bars', 0, { sequence: 0, framerate: 30, wallClockMs: noon + 1 })
    expect(later.data).not.toEqual(drawn(160, 120).data)
  })

  it('applies brightness to the pattern and takes it back again', () => {
    expect(pixel(drawn(640, 480, 0, 0.5), 5 * 80 + 40, 10)).toEqual([255, 128, 128])
    expect(pixel(drawn(640, 480, 0, -1), 40, 10)).toEqual([0, 0, 0])
    const painter = new TestPicture(64, 48)
    const picture = createPicture(64, 48)
    const moment = { sequence: 0, framerate: 30, wallClockMs: noon }
    painter.draw(picture, 'gradient', 1, moment)
    painter.draw(picture, 'bars', 0, moment)
    expect(picture.data).toEqual(drawn(64, 48).data)
  })
})

describe('formatTime', () => {
  it('writes hours, minutes, seconds and milliseconds with all their zeros', () => {
    expect(formatTime(noon)).toBe('12:04:05.067')
    expect(formatTime(new Date(2024, 0, 2, 0, 0, 0, 0).getTime())).toBe('00:00:00.000')
  })
})
