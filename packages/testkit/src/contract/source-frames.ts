import { isUint8Array } from 'node:util/types'
import { type EncodedFrame, type Frame, type PixelFormat, pixelFormats, type RawFrame } from '@streamer/core/plugin'
import { checkJpeg } from './whole-jpeg.js'

/** Bytes per pixel of the formats with one plane. */
export const packedBytes: Readonly<Partial<Record<PixelFormat, number>>> = {
  rgb24: 3,
  bgr24: 3,
  rgba: 4,
  bgra: 4,
  gray: 1
}

/** Bytes of a row and number of rows of each plane. */
export function planeShapes(
  pixelFormat: PixelFormat,
  width: number,
  height: number
): Array<[row: number, rows: number]> {
  const packed = packedBytes[pixelFormat]
  if (packed !== undefined) return [[width * packed, height]]
  const halfWidth = Math.ceil(width / 2)
  const halfHeight = Math.ceil(height / 2)
  const luma: [number, number] = [width, height]
  if (pixelFormat === 'nv12') return [luma, [halfWidth * 2, halfHeight]]
  return [luma, [halfWidth, halfHeight], [halfWidth, halfHeight]]
}

/** What is wrong with the kind of a frame, undefined when nothing is. @param kinds as in `supports.frames`. */
export function kindProblem(frame: Frame, kinds: readonly string[]): string | undefined {
  const kind = frame.kind === 'encoded' ? frame.codec : frame.kind
  return kinds.includes(kind) ? undefined : `is ${kind}, and declared are ${kinds.join(' and ')}`
}

/** What is wrong with the size of a frame. */
export function sizeProblem({ width, height }: Frame): string | undefined {
  const isSize = [width, height].every((side) => Number.isSafeInteger(side) && side >= 1)
  return isSize ? undefined : `has the size ${width}x${height}, which are no whole numbers of 1 or more`
}

/** What is wrong with an encoded frame, as far as can be told without decoding it. */
export function encodedProblem({ codec, keyframe, data }: EncodedFrame): string | undefined {
  if (!isUint8Array(data)) return 'has no Uint8Array as data'
  if (data.length === 0) return 'has no bytes'
  if (typeof keyframe !== 'boolean') return `has ${keyframe} as keyframe`
  if (codec !== 'mjpeg') return undefined
  if (!keyframe) return 'is a JPEG and not marked as a keyframe, which every JPEG is'
  const check = checkJpeg(data)
  return 'problem' in check ? `is no JPEG: ${check.problem}` : undefined
}

/** Whether a JPEG has another size than it should have. */
export function jpegSizeProblem(data: Uint8Array, width: number, height: number): string | undefined {
  const check = isUint8Array(data) ? checkJpeg(data) : { problem: '' }
  if ('problem' in check || (check.width === width && check.height === height)) return undefined
  return `is a JPEG of ${check.width}x${check.height} pixels, not of ${width}x${height}`
}

/** What is wrong with the planes of a raw frame. */
export function planesProblem({ pixelFormat, planes, width, height }: RawFrame): string | undefined {
  if (!pixelFormats.includes(pixelFormat)) return `has the pixel format ${pixelFormat}, which there is not`
  const shapes = planeShapes(pixelFormat, width, height)
  if (planes?.length !== shapes.length) return `has ${planes?.length} planes, and ${pixelFormat} has ${shapes.length}`
  for (const [index, [rowBytes, rows]] of shapes.entries()) {
    const { data, stride } = planes[index]!
    if (!isUint8Array(data)) return `has no Uint8Array as data of plane ${index}`
    if (!Number.isSafeInteger(stride) || stride < rowBytes) {
      return `has a stride of ${stride} bytes in plane ${index}, and a row has ${rowBytes}`
    }
    // The last row need not have its padding.
    const needed = stride * (rows - 1) + rowBytes
    if (data.length < needed)
      return `has ${data.length} bytes in plane ${index}, and its stride and height need ${needed}`
  }
  return undefined
}

/** Copies of all bytes of a frame. */
export function bytesOf(frame: Frame): Uint8Array[] {
  const parts = frame.kind === 'raw' ? frame.planes.map(({ data }) => data) : [frame.data]
  return parts.map((part) => Uint8Array.from(part))
}

/** Whether a frame still has these bytes. */
export function hasBytes(frame: Frame, bytes: readonly Uint8Array[]): boolean {
  return bytesOf(frame).every((part, index) => Buffer.compare(part, bytes[index]!) === 0)
}
