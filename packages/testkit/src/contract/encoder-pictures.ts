import { monotonicUs, type PixelFormat, type Plane, type RawFrame } from '@streamer/core/plugin'
import { planeShapes } from './source-frames.js'

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number]

/** The quarters of each picture: top left, top right, bottom left, bottom right. */
export const quarters: readonly Colour[] = [
  [230, 30, 30],
  [30, 200, 30],
  [30, 30, 230],
  [220, 220, 220]
]

/** How the rows of a picture lie in memory. */
export interface Rows {
  /** Bytes after the pixels of each row of a plane. Default 0. */
  readonly padding?: number
  /** The last row of a plane ends with its pixels. Default: with its padding. */
  readonly endsShort?: boolean
}

/** What is in padding: of no colour that is drawn, so that it shows when it is taken for pixels. */
const paddingByte = 0x80

/** A raw frame that knows how often it was given back. */
export class TestFrame implements RawFrame {
  readonly kind = 'raw'
  readonly timestampUs: number = monotonicUs()
  /** How often `release` was called. */
  releases = 0

  constructor(
    readonly pixelFormat: PixelFormat,
    readonly width: number,
    readonly height: number,
    readonly sequence: number,
    readonly planes: readonly Plane[]
  ) {}

  /** May be called without its object. */
  readonly release = (): void => {
    this.releases++
  }
}

/** A picture of four quarters in their colours. */
export function drawQuarters(
  pixelFormat: PixelFormat,
  width: number,
  height: number,
  { padding = 0, endsShort = false }: Rows = {}
): Plane[] {
  return planeShapes(pixelFormat, width, height).map(([rowBytes, rows], plane) => {
    const stride = rowBytes + padding
    const data = new Uint8Array(stride * rows - (endsShort ? padding : 0)).fill(paddingByte)
    const components = componentsOf(pixelFormat, plane)
    const columns = rowBytes / components.length
    const middle = Math.ceil(rows / 2)
    for (let row = 0; row < rows; row++) {
      const at = row * stride
      // Rows of the same half are the same.
      if (row !== 0 && row !== middle) {
        data.copyWithin(at, at - stride, at - stride + rowBytes)
        continue
      }
      for (let column = 0; column < columns; column++) {
        const colour = quarters[(row < middle ? 0 : 2) + (column < columns / 2 ? 0 : 1)]!
        components.forEach((component, index) => {
          data[at + column * components.length + index] = Math.round(component(colour))
        })
      }
    }
    return { data, stride }
  })
}

type Component = (colour: Colour) => number

const red: Component = ([value]) => value
const green: Component = ([, value]) => value
const blue: Component = ([, , value]) => value
const opaque: Component = () => 255
// ITU-R BT.601 at full range, as JFIF has it.
const luma: Component = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b
const chromaBlue: Component = (colour) => 128 + (colour[2] - luma(colour)) / 1.772
const chromaRed: Component = (colour) => 128 + (colour[0] - luma(colour)) / 1.402

/** What the bytes of a pixel of a plane are. */
function componentsOf(pixelFormat: PixelFormat, plane: number): readonly Component[] {
  switch (pixelFormat) {
    case 'rgb24':
      return [red, green, blue]
    case 'bgr24':
      return [blue, green, red]
    case 'rgba':
      return [red, green, blue, opaque]
    case 'bgra':
      return [blue, green, red, opaque]
    case 'gray':
      return [luma]
    case 'nv12':
      return plane === 0 ? [luma] : [chromaBlue, chromaRed]
    case 'yuv420p':
      return [[luma], [chromaBlue], [chromaRed]][plane]!
  }
}

/** What the quarters look like in a format: shades of gray in one without colours. */
export function quartersIn(pixelFormat: PixelFormat): readonly Colour[] {
  if (pixelFormat !== 'gray') return quarters
  return quarters.map((colour) => [luma(colour), luma(colour), luma(colour)])
}

/** Frames that are not what they say, each with a word for it. */
export function brokenFrames(
  pixelFormat: PixelFormat,
  sequence: number
): ReadonlyArray<[what: string, frame: TestFrame]> {
  const planes = drawQuarters(pixelFormat, 64, 48)
  const make = (width: number, height: number, own: readonly Plane[] = planes) =>
    new TestFrame(pixelFormat, width, height, sequence, own)
  return [
    [
      'with planes that are too short',
      make(
        64,
        48,
        planes.map(({ data, stride }) => ({ data: data.subarray(9), stride }))
      )
    ],
    [
      'with empty planes',
      make(
        64,
        48,
        planes.map(({ stride }) => ({ data: new Uint8Array(0), stride }))
      )
    ],
    ['without planes', make(64, 48, [])],
    [
      'with strides that are shorter than a row',
      make(
        64,
        48,
        planes.map(({ data, stride }) => ({ data, stride: stride - 1 }))
      )
    ],
    [
      'with strides of 0',
      make(
        64,
        48,
        planes.map(({ data }) => ({ data, stride: 0 }))
      )
    ],
    ['of 0x48 pixels', make(0, 48)],
    ['of 64x-1 pixels', make(64, -1)],
    ['of 64.5x48 pixels', make(64.5, 48)],
    ['of NaN pixels', make(Number.NaN, Number.NaN)],
    ['of a million pixels square in a plane of a small one', make(1e6, 1e6)]
  ]
}

/** A frame in a format that nobody has heard of. */
export function formatlessFrame(sequence: number): TestFrame {
  return new TestFrame('none' as PixelFormat, 64, 48, sequence, drawQuarters('rgb24', 64, 48))
}
