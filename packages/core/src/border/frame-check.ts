import { isUint8Array } from 'node:util/types'
import {
  type Codec,
  type EncodedFrame,
  type Frame,
  type PixelFormat,
  pixelFormats,
  type RawFrame
} from '../plugin/index.js'
import { shown } from './shown.js'

/** One thing that can be wrong with a frame: always the same object, so that finding it costs nothing. */
export class FrameFault {
  readonly #text: (frame: Looked) => string

  constructor(text: (frame: Looked) => string) {
    this.#text = text
  }

  /** `its width is NaN, not a whole number of 1 or more` */
  textFor(frame: unknown): string {
    try {
      return this.#text(frame as Looked)
    } catch {
      return 'it cannot be read'
    }
  }
}

/** A frame's fields, of which nothing is known. */
type Looked = Readonly<Record<keyof EncodedFrame | keyof RawFrame, unknown>>

const count = 'not a whole number of 0 or more'
const side = 'not a whole number of 1 or more'
const fault = {
  frame: new FrameFault((frame) => `it is ${shown(frame)}`),
  unreadable: new FrameFault(() => 'it cannot be read'),
  kind: new FrameFault(({ kind }) => `its kind is ${shown(kind)}, which is not wanted here`),
  sequence: new FrameFault(({ sequence }) => `its sequence is ${shown(sequence)}, ${count}`),
  timestamp: new FrameFault(({ timestampUs }) => `its timestampUs is ${shown(timestampUs)}, ${count}`),
  width: new FrameFault(({ width }) => `its width is ${shown(width)}, ${side}`),
  height: new FrameFault(({ height }) => `its height is ${shown(height)}, ${side}`),
  codec: new FrameFault(({ codec }) => `its codec is ${shown(codec)}, which is not wanted here`),
  keyframe: new FrameFault(({ keyframe }) => `its keyframe is ${shown(keyframe)}, not true or false (true for mjpeg)`),
  data: new FrameFault(({ data }) => `its data is ${shown(data)}, not a Uint8Array`),
  empty: new FrameFault(() => 'its data is empty'),
  pixelFormat: new FrameFault(
    ({ pixelFormat }) => `its pixelFormat is ${shown(pixelFormat)}, not one of ${pixelFormats.join(', ')}`
  ),
  release: new FrameFault(({ release }) => `its release is ${shown(release)}, not a function`),
  planes: new FrameFault(({ pixelFormat }) => `its planes are not those of ${shown(pixelFormat)}`),
  plane: new FrameFault(() => 'one of its planes is not a Uint8Array with a stride'),
  stride: new FrameFault(() => 'the stride of one of its planes is less than a row of its width'),
  short: new FrameFault(() => 'one of its planes is shorter than its height and stride say')
}

/** Bytes per pixel of the formats with one plane. */
const packedBytes = new Map<PixelFormat, number>([
  ['rgb24', 3],
  ['bgr24', 3],
  ['rgba', 4],
  ['bgra', 4],
  ['gray', 1]
])

/**
 * What is wrong with something that a plugin gave for a frame; undefined when nothing is. Costs no memory for a frame that is right, and looks at no pixels.
 * @param codec what an encoded frame must have; without it, any codec that there is.
 * @param lowest the smallest sequence.
 */
export function frameFault(frame: unknown, codec?: Codec, lowest = 0): FrameFault | undefined {
  try {
    if (typeof frame !== 'object' || frame === null) return fault.frame
    const { kind, sequence, timestampUs, width, height } = frame as Frame
    if (!isWhole(sequence, lowest)) return fault.sequence
    if (!isWhole(timestampUs, 0)) return fault.timestamp
    if (!isWhole(width, 1)) return fault.width
    if (!isWhole(height, 1)) return fault.height
    if (kind === 'encoded') return encodedFault(frame as EncodedFrame, codec)
    return kind === 'raw' && codec === undefined ? rawFault(frame as RawFrame) : fault.kind
  } catch {
    return fault.unreadable
  }
}

function encodedFault({ codec, keyframe, data }: EncodedFrame, needed: Codec | undefined): FrameFault | undefined {
  if (needed === undefined ? codec !== 'mjpeg' && codec !== 'h264' : codec !== needed) return fault.codec
  if (keyframe !== true && (keyframe !== false || codec === 'mjpeg')) return fault.keyframe
  if (!isBytes(data)) return fault.data
  return data.length > 0 ? undefined : fault.empty
}

function rawFault(frame: RawFrame): FrameFault | undefined {
  const { pixelFormat, planes, width, height, release } = frame
  const bytes = packedBytes.get(pixelFormat)
  if (bytes === undefined && pixelFormat !== 'yuv420p' && pixelFormat !== 'nv12') return fault.pixelFormat
  if (release !== undefined && typeof release !== 'function') return fault.release
  if (!Array.isArray(planes)) return fault.planes
  if (bytes !== undefined) return planes.length === 1 ? planeFault(planes[0], width * bytes, height) : fault.planes
  if (planes.length !== (pixelFormat === 'nv12' ? 2 : 3)) return fault.planes
  const halfWidth = Math.ceil(width / 2)
  const halfHeight = Math.ceil(height / 2)
  const chroma = pixelFormat === 'nv12' ? halfWidth * 2 : halfWidth
  return (
    planeFault(planes[0], width, height) ??
    planeFault(planes[1], chroma, halfHeight) ??
    (planes.length === 3 ? planeFault(planes[2], chroma, halfHeight) : undefined)
  )
}

/** The last row need not have its padding. */
function planeFault(plane: unknown, rowBytes: number, rows: number): FrameFault | undefined {
  if (typeof plane !== 'object' || plane === null) return fault.plane
  const { data, stride } = plane as { data: unknown; stride: unknown }
  if (!isBytes(data) || !isWhole(stride, 0)) return fault.plane
  if (stride < rowBytes) return fault.stride
  return data.length >= stride * (rows - 1) + rowBytes ? undefined : fault.short
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least
}

/** Also one of another realm. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || isUint8Array(value)
}
