import { createPicture, drawText, fillRect, measureText, type Picture, type Rgb } from '@streamer/core/plugin'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const white: Rgb = [255, 255, 255]
const red: Rgb = [255, 0, 0]

/** The picture as rows of `#` (not black) and `.`. */
function ascii({ width, height, stride, data }: Picture): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[y * stride + x * 3]! > 0 ? '#' : '.')).join('')
  )
}

function textOf(text: string, scale = 1): string[] {
  const { width, height } = measureText(text, scale)
  const picture = createPicture(width, height)
  drawText(picture, 0, 0, text, { scale, color: white })
  return ascii(picture)
}

describe('fillRect', () => {
  it('fills what lies inside and nothing else', () => {
    for (const width of [3, 40]) {
      const picture = createPicture(50, 6)
      fillRect(picture, 2, 1, width, 3, red)
      const row = `..${'#'.repeat(width)}${'.'.repeat(48 - width)}`
      const none = '.'.repeat(50)
      expect(ascii(picture)).toEqual([none, row, row, row, none, none])
      expect(Array.from(picture.data.subarray(picture.stride + 6, picture.stride + 9))).toEqual(red)
    }
  })

  it('respects a stride that is wider than the row', () => {
    const picture: Picture = { width: 20, height: 3, stride: 64, data: new Uint8Array(192) }
    fillRect(picture, -5, -5, 100, 100, red)
    expect(ascii(picture)).toEqual(Array(3).fill('#'.repeat(20)))
    expect(picture.data.subarray(60, 64)).toEqual(new Uint8Array(4))
  })

  it('never throws and never writes outside, wherever the rectangle is', () => {
    const number = fc.oneof(fc.integer({ min: -40, max: 40 }), fc.double())
    fc.assert(
      fc.property(number, number, number, number, (x, y, width, height) => {
        const picture = createPicture(17, 9)
        fillRect(picture, x, y, width, height, white)
        ascii(picture).forEach((row, py) => {
          for (let px = 0; px < 17; px++) {
            if (row[px] !== '#') continue
            expect(px >= Math.floor(x) && px < x + width && py >= Math.floor(y) && py < y + height).toBe(true)
          }
        })
      })
    )
  })
})

describe('drawText', () => {
  it('draws readable characters with one free column between them', () => {
    expect(textOf('A1')).toEqual([
      '.###....#..',
      '#...#..##..',
      '#...#...#..',
      '#####...#..',
      '#...#...#..',
      '#...#...#..',
      '#...#..###.'
    ])
  })

  it('draws every printable character differently, small letters like capitals', () => {
    const drawings = new Map<string, string>()
    for (let code = 0x20; code < 0x7f; code++) {
      const character = String.fromCharCode(code)
      const drawing = textOf(character).join('\n')
      if (/[a-z]/.test(character)) expect(drawing).toBe(textOf(character.toUpperCase()).join('\n'))
      else {
        expect(drawings.get(drawing), `${character} looks like another`).toBeUndefined()
        drawings.set(drawing, character)
      }
    }
    expect(drawings.size).toBe(69)
  })

  it('draws a box for what the font does not have', () => {
    const box = textOf('\u00e9')
    expect(box).toEqual(['#####', '#...#', '#...#', '#...#', '#...#', '#...#', '#####'])
    for (const unknown of ['\n', '\0', '\u007f', '\u20ac']) expect(textOf(unknown)).toEqual(box)
    expect([...drawnCodes()]).not.toContain(box.join('\n'))
  })

  it('grows by whole pixels', () => {
    const one = textOf('R2')
    const three = textOf('R2', 3)
    expect(three.length).toBe(21)
    expect(three.filter((_, y) => y % 3 === 1).map((row) => row.replace(/(.)../g, '$1'))).toEqual(one)
  })

  it('fills the background one font pixel around the text', () => {
    const picture = createPicture(9, 11)
    drawText(picture, 2, 2, ' ', { color: white, background: red })
    const none = '.........'
    expect(ascii(picture)).toEqual([none, ...Array(9).fill('.#######.'), none])
  })

  it('never throws and leaves other rows alone, wherever the text begins', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: -40, max: 40 }),
        fc.string(),
        fc.integer({ min: 1, max: 9 }),
        (x, y, text, scale) => {
          const picture = createPicture(31, 13)
          drawText(picture, x, y, text, { scale, color: white })
          drawText(picture, x % 31, y, text, { scale, color: white })
          ascii(picture).forEach((row, py) => {
            if (py < y || py >= y + 7 * scale) expect(row).not.toContain('#')
          })
        }
      )
    )
  })
})

function* drawnCodes(): Generator<string> {
  for (let code = 0x20; code < 0x7f; code++) yield textOf(String.fromCharCode(code)).join('\n')
}

describe('createPicture', () => {
  it('is black and without padding', () => {
    const picture = createPicture(5, 4)
    expect(picture).toEqual({ width: 5, height: 4, stride: 15, data: new Uint8Array(60) })
  })

  it('refuses sizes that are no pictures', () => {
    for (const size of [0, -1, 1.5, Number.NaN]) expect(() => createPicture(size, 10)).toThrow(TypeError)
  })
})
