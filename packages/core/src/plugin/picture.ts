import { glyphAdvance, glyphHeight, glyphRows, glyphWidth } from './font.js'

/** A picture to draw in, in the pixel format `rgb24`. It can be pushed as a plane: `{ data, stride }`. */
export interface Picture {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** Bytes from one row to the next. */
  readonly stride: number
  /** Rows of red, green, blue, one byte each; the caller of `createPicture` owns them. */
  readonly data: Uint8Array
}

/** Red, green and blue, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** How text is drawn. */
export interface TextOptions {
  /** Pixels of the picture per pixel of the 5x7 font, a whole number of 1 or more. Default 1. */
  readonly scale?: number
  readonly color: Rgb
  /** Fills the rectangle of the text and one font pixel around it first. Default: what is there stays. */
  readonly background?: Rgb
}

/** Rows narrower than this many pixels are cheaper to fill one by one than to copy. */
const narrow = 16

/**
 * A black picture without padding between its rows.
 * @param width in pixels, 1 or more.
 * @param height in pixels, 1 or more.
 * @throws TypeError for a size that is not a whole number of 1 or more.
 */
export function createPicture(width: number, height: number): Picture {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new TypeError(`a picture of ${width}x${height} pixels cannot be made`)
  }
  return { width, height, stride: width * 3, data: new Uint8Array(width * 3 * height) }
}

/** Fills a rectangle; what lies outside of the picture is left out, and fractions of pixels are cut off. */
export function fillRect(picture: Picture, x: number, y: number, width: number, height: number, color: Rgb): void {
  const [red, green, blue] = color
  const left = Math.max(0, Math.floor(x))
  const top = Math.max(0, Math.floor(y))
  const right = Math.min(picture.width, Math.floor(x + width))
  const bottom = Math.min(picture.height, Math.floor(y + height))
  if (!(left < right && top < bottom)) return
  const { data, stride } = picture
  const bytes = (right - left) * 3
  const first = top * stride + left * 3
  // The top row is the pattern of the others when copying is the cheaper way.
  const filled = right - left < narrow ? bottom : top + 1
  for (let row = top, start = first; row < filled; row++, start += stride) {
    for (let at = start; at < start + bytes; at += 3) {
      data[at] = red
      data[at + 1] = green
      data[at + 2] = blue
    }
  }
  for (let row = filled; row < bottom; row++) data.copyWithin(first + (row - top) * stride, first, first + bytes)
}

/** Pixels that `text` covers at `scale`, without gaps around it: one line, all characters equally wide. */
export function measureText(text: string, scale = 1): { width: number; height: number } {
  return { width: Math.max(0, text.length * glyphAdvance - 1) * scale, height: glyphHeight * scale }
}

/**
 * Draws one line of text with its top left corner at `x`, `y`; what lies outside of the picture is left out.
 * Printable ASCII, small letters as capitals; any other UTF-16 unit is drawn as a box.
 */
export function drawText(picture: Picture, x: number, y: number, text: string, options: TextOptions): void {
  const { color, background, scale = 1 } = options
  if (background) {
    const { width, height } = measureText(text, scale)
    fillRect(picture, x - scale, y - scale, width + 2 * scale, height + 2 * scale, background)
  }
  for (let index = 0; index < text.length; index++) {
    drawGlyph(picture, x + index * glyphAdvance * scale, y, text.charCodeAt(index), scale, color)
  }
}

/** One rectangle per run of pixels in a row of the character. */
function drawGlyph(picture: Picture, x: number, y: number, code: number, scale: number, color: Rgb): void {
  // Also ends long texts early, which mostly lie outside.
  if (x >= picture.width || x + glyphWidth * scale <= 0) return
  const glyph = (code < 128 ? code : 0) * glyphHeight
  for (let row = 0; row < glyphHeight; row++) {
    const bits = glyphRows[glyph + row]!
    let column = 0
    while (column < glyphWidth) {
      if (!(bits & (1 << (glyphWidth - 1 - column)))) {
        column++
        continue
      }
      const begin = column
      while (column < glyphWidth && bits & (1 << (glyphWidth - 1 - column))) column++
      fillRect(picture, x + begin * scale, y + row * scale, (column - begin) * scale, scale, color)
    }
  }
}
