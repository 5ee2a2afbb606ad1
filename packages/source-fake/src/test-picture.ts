import {
  createPicture,
  drawText,
  fillRect,
  measureText,
  type Picture,
  type Rgb,
  type TextOptions
} from '@streamer/core/plugin'
import type { Pattern } from './config.js'

/** Seconds in which the sweeping bar crosses the picture. */
const sweepSeconds = 4

/** White, the mixed and the pure colours in falling luminance, black: 75 % bars as on television, and full white. */
const bars: readonly Rgb[] = [
  [255, 255, 255],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
  [0, 0, 0]
]
const white: Rgb = [255, 255, 255]
const black: Rgb = [0, 0, 0]

/** What a picture shows besides its pattern. */
export interface Moment {
  /** Frame number. */
  readonly sequence: number
  /** Frames per second, which gives the place of the sweeping bar. */
  readonly framerate: number
  /** Milliseconds since the Unix epoch. */
  readonly wallClockMs: number
}

/** Draws the test picture of one size. The pattern is drawn once and copied into each picture; only the moving parts are drawn anew. */
export class TestPicture {
  readonly #width: number
  readonly #height: number
  readonly #text: TextOptions
  /** Pixels from one line of text to the next. */
  readonly #pitch: number
  #background: Picture | undefined
  #pattern: Pattern | undefined
  #brightness = 0

  /** @param width in pixels. @param height in pixels. */
  constructor(width: number, height: number) {
    this.#width = width
    this.#height = height
    const scale = textScale(width, height)
    this.#text = { scale, color: white, background: black }
    // The backgrounds of the two lines touch.
    this.#pitch = measureText('', scale).height + 2 * scale
  }

  /** Draws over all of `picture`, which has this size and no padding. */
  draw(picture: Picture, pattern: Pattern, brightness: number, moment: Moment): void {
    if (!this.#background || pattern !== this.#pattern || brightness !== this.#brightness) {
      this.#background ??= createPicture(this.#width, this.#height)
      drawPattern(this.#background, pattern)
      brighten(this.#background.data, brightness)
      this.#pattern = pattern
      this.#brightness = brightness
    }
    picture.data.set(this.#background.data)
    drawSweep(picture, moment.sequence / moment.framerate)
    const top = Math.floor(this.#height / 2 - this.#pitch)
    this.#drawCentered(picture, top, `FRAME ${String(moment.sequence).padStart(6, '0')}`)
    this.#drawCentered(picture, top + this.#pitch, formatTime(moment.wallClockMs))
  }

  #drawCentered(picture: Picture, y: number, text: string): void {
    const x = Math.floor((this.#width - measureText(text, this.#text.scale).width) / 2)
    drawText(picture, x, y, text, this.#text)
  }
}

/** The time of day here, as `HH:MM:SS.mmm`. */
export function formatTime(wallClockMs: number): string {
  const time = new Date(wallClockMs)
  const hours = String(time.getHours()).padStart(2, '0')
  const minutes = String(time.getMinutes()).padStart(2, '0')
  const seconds = String(time.getSeconds()).padStart(2, '0')
  return `${hours}:${minutes}:${seconds}.${String(time.getMilliseconds()).padStart(3, '0')}`
}

/** Letters of two pixels at least, which survive JPEG, where two lines of twelve characters fit; less than half of the width in large pictures. */
function textScale(width: number, height: number): number {
  const { width: textWidth, height: textHeight } = measureText('HH:MM:SS.mmm')
  const fitting = Math.floor(Math.min(width / (textWidth + 2), height / (2 * textHeight + 6)))
  return Math.max(1, Math.min(fitting, Math.max(2, Math.round(width / 160))))
}

function drawPattern(picture: Picture, pattern: Pattern): void {
  const { width, height } = picture
  if (pattern === 'black') fillRect(picture, 0, 0, width, height, black)
  else if (pattern === 'gradient') drawGradient(picture)
  else {
    const rampTop = Math.floor((height * 5) / 6)
    bars.forEach((color, index) => {
      const left = Math.round((index * width) / bars.length)
      fillRect(picture, left, 0, Math.round(((index + 1) * width) / bars.length) - left, rampTop, color)
    })
    for (let x = 0; x < width; x++) {
      const gray = Math.round((x * 255) / (width - 1))
      fillRect(picture, x, rampTop, 1, height - rampTop, [gray, gray, gray])
    }
  }
}

/** Red grows to the right, green downwards, blue shrinks to the right. */
function drawGradient({ width, height, stride, data }: Picture): void {
  for (let y = 0; y < height; y++) {
    const green = Math.round((y * 255) / (height - 1))
    for (let x = 0, at = y * stride; x < width; x++, at += 3) {
      const red = Math.round((x * 255) / (width - 1))
      data[at] = red
      data[at + 1] = green
      data[at + 2] = 255 - red
    }
  }
}

function brighten(data: Uint8Array, brightness: number): void {
  if (brightness === 0) return
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => value + brightness * 255)
  for (let at = 0; at < data.length; at++) data[at] = table[data[at]!]!
}

/** A white bar with black edges, to be seen on every colour. */
function drawSweep(picture: Picture, seconds: number): void {
  const { width, height } = picture
  const edge = Math.max(1, Math.floor(width / 160))
  const barWidth = 4 * edge
  const phase = (seconds % sweepSeconds) / sweepSeconds
  const left = Math.floor(phase * (width + barWidth)) - barWidth
  fillRect(picture, left, 0, barWidth, height, black)
  fillRect(picture, left + edge, 0, barWidth - 2 * edge, height, white)
}
