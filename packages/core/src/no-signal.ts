import type { Picture, RawFrame, Rgb } from './plugin/index.js'
import { createPicture, drawText, fillRect, measureText, monotonicUs } from './plugin/index.js'

const title = 'NO SIGNAL'
/** Font pixels between two lines. */
const lineGap = 3
const backgroundColor: Rgb = [22, 24, 30]
const lineColor: Rgb = [190, 60, 50]
const titleColor: Rgb = [240, 240, 240]
const reasonColor: Rgb = [195, 200, 210]

/**
 * What clients see while the source gives no pictures: "NO SIGNAL" and the reason, on a dark ground, in letters that grow with the picture.
 * A reason too long for the picture ends in dots.
 * @param width in pixels, 1 or more; meant for 160 to 3840.
 * @param height in pixels, 1 or more; meant for 120 to 2160.
 * @returns a frame in `rgb24` with sequence 0 and the time of now; its bytes belong to the caller.
 * @throws TypeError for a size that is not a whole number of 1 or more.
 */
export function drawNoSignal(width: number, height: number, reason: string): RawFrame {
  const picture = createPicture(width, height)
  fillRect(picture, 0, 0, width, height, backgroundColor)
  // The title takes most of the width, and no more than a sixth of the height.
  const titleScale = wholeScale(
    Math.min((width * 0.8) / measureText(title).width, height / 6 / measureText(title).height)
  )
  const titleHeight = measureText(title, titleScale).height
  const margin = Math.floor(width * 0.05)
  const titleTop = Math.floor(height * 0.2)
  const lineTop = titleTop + titleHeight * 2 - Math.ceil(titleHeight / 2)
  const reasonTop = lineTop + titleHeight
  drawCentered(picture, titleTop, title, titleScale, titleColor)
  fillRect(picture, margin, lineTop, width - 2 * margin, Math.max(1, Math.floor(titleScale / 2)), lineColor)
  const { lines, scale } = fitText(reason, width - 2 * margin, height - reasonTop - margin, wholeScale(titleScale / 2))
  const pitch = linePitch(scale)
  lines.forEach((line, index) => {
    drawCentered(picture, reasonTop + index * pitch, line, scale, reasonColor)
  })
  const { data, stride } = picture
  return {
    kind: 'raw',
    pixelFormat: 'rgb24',
    planes: [{ data, stride }],
    sequence: 0,
    timestampUs: monotonicUs(),
    width,
    height
  }
}

/**
 * The largest letters up to `maxScale` in which all of the text fits into `width` by `height` pixels.
 * What does not fit in the smallest is cut off, and the last line then ends in dots.
 */
export function fitText(
  text: string,
  width: number,
  height: number,
  maxScale: number
): { lines: string[]; scale: number } {
  for (let scale = maxScale; ; scale--) {
    const lines = wrapText(text, columnsIn(width, scale))
    const room = Math.max(1, Math.floor((height + lineGap * scale) / linePitch(scale)))
    if (lines.length <= room) return { lines, scale }
    if (scale <= 1) return { lines: cutLines(lines, room, columnsIn(width, scale)), scale }
  }
}

/**
 * Breaks text between words into lines of at most `columns` characters, and within a word only where it is longer than a line.
 * White space of any kind and length counts as one space.
 */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (let word of text.split(/\s+/)) {
    if (word === '') continue
    if (line !== '' && line.length + 1 + word.length <= columns) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    while (word.length > columns) {
      lines.push(word.slice(0, columns))
      word = word.slice(columns)
    }
    line = word
  }
  if (line !== '') lines.push(line)
  return lines
}

function cutLines(lines: readonly string[], count: number, columns: number): string[] {
  const kept = lines.slice(0, count)
  kept[count - 1] = `${kept[count - 1]!.slice(0, Math.max(0, columns - 3))}...`
  return kept
}

function columnsIn(width: number, scale: number): number {
  const one = measureText('x', scale).width
  const step = measureText('xx', scale).width - one
  return Math.max(1, Math.floor((width - one) / step) + 1)
}

function linePitch(scale: number): number {
  return measureText('x', scale).height + lineGap * scale
}

function wholeScale(scale: number): number {
  return Math.max(1, Math.floor(scale))
}

function drawCentered(picture: Picture, y: number, text: string, scale: number, color: Rgb): void {
  drawText(picture, Math.floor((picture.width - measureText(text, scale).width) / 2), y, text, { scale, color })
}
