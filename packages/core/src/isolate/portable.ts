import { loggable } from '../failure.js'
import { type Frame, isStreamerError, type Plane, StreamerError } from '../plugin/index.js'
import type { PortableError, PortableFrame } from './messages.js'

/** An error, or whatever else was thrown, as another thread can read it. */
export function portableError(error: unknown): PortableError {
  const { message, stack } = loggable(error)
  return { message, ...(stack !== undefined && { stack }), ...(isStreamerError(error) && { code: String(error.code) }) }
}

/** The error that another thread had. */
export function errorOf({ message, code, stack }: PortableError): Error {
  const error = code === undefined ? new Error(message) : new StreamerError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}

/** Fields of a log line: what another thread can read of them. */
export function portableFields(fields: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  try {
    return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, portableValue(value)]))
  } catch {
    return {}
  }
}

function portableValue(value: unknown): unknown {
  if (value instanceof Error) return loggable(value)
  try {
    return structuredClone(value)
  } catch {
    return String(value)
  }
}

/** A copy of a frame, and what of it is to be handed over instead of being copied once more. */
export function portableFrame(frame: Frame): { readonly frame: PortableFrame; readonly transfer: ArrayBuffer[] } {
  const { kind, sequence, timestampUs, width, height } = frame
  const header = { kind, sequence, timestampUs, width, height }
  if (frame.kind === 'encoded') {
    const { codec, keyframe, placeholder } = frame
    const data = copyOf(frame.data)
    return {
      frame: { ...header, codec, keyframe, data, ...(placeholder === true && { placeholder }) },
      transfer: [data.buffer]
    }
  }
  const planes = frame.planes.map(({ data, stride }): Plane & { data: Uint8Array<ArrayBuffer> } => ({
    data: copyOf(data),
    stride
  }))
  return {
    frame: { ...header, pixelFormat: frame.pixelFormat, planes },
    transfer: planes.map(({ data }) => data.buffer)
  }
}

/** Bytes with memory of their own. */
function copyOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(data.byteLength)
  copy.set(data)
  return copy
}
