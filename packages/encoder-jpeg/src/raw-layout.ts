import type { PixelFormat, RawFrame } from '@streamer/core/plugin'

/** The pixel formats that can be encoded without converting them first, and their bytes per pixel. */
export const bytesPerPixel: Readonly<Partial<Record<PixelFormat, number>>> = {
  rgb24: 3,
  bgr24: 3,
  rgba: 4,
  bgra: 4,
  gray: 1
}

/** The largest side of a JPEG in pixels that libjpeg makes (JPEG_MAX_DIMENSION in its jmorecfg.h). */
const maxSide = 65_500

/** Pixels as the binding takes them: its stride counts pixels, and the last row is as long as the others. */
export interface RawLayout {
  readonly data: Uint8Array
  /** Pixels from one row to the next. */
  readonly stridePixels: number
}

/**
 * The frame's own bytes where the binding can read them as they lie, else a copy with rows of exactly the width:
 * for a stride that is no whole number of pixels, and for a last row without its padding.
 * @throws RangeError when the plane does not hold the picture that the frame promises.
 */
export function layOut(frame: RawFrame, pixelBytes: number): RawLayout {
  const plane = frame.planes[0]
  if (!plane) throw new RangeError('it has no plane')
  const { data, stride } = plane
  const { width, height } = frame
  if (!isSide(width) || !isSide(height)) throw new RangeError(`${width}x${height} is no size of a JPEG`)
  const rowBytes = width * pixelBytes
  if (stride < rowBytes) throw new RangeError(`its stride of ${stride} bytes is less than a row of ${rowBytes}`)
  const needed = stride * (height - 1) + rowBytes
  if (data.length < needed)
    throw new RangeError(`its plane of ${data.length} bytes is shorter than the ${needed} needed`)
  if (stride % pixelBytes === 0 && data.length >= stride * height) return { data, stridePixels: stride / pixelBytes }
  const packed = new Uint8Array(rowBytes * height)
  for (let row = 0; row < height; row++) {
    packed.set(data.subarray(row * stride, row * stride + rowBytes), row * rowBytes)
  }
  return { data: packed, stridePixels: width }
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= maxSide
}
