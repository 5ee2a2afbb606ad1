import { STATUS_CODES } from 'node:http'
import { wallClockMs } from '@streamer/core/plugin'
import { BuiltFrames } from './built-frames.js'

/** Letters only: parsers differ in what they do with quotes, spaces and dashes. On the wire two dashes stand before it. */
export const boundary = 'streamerframe'

/** The first bytes of a stream's body: no line break before them (VLC), and not left for the first frame to bring (GStreamer). */
export const firstDelimiter = `--${boundary}\r\n`

/**
 * What follows the JPEG, in the same write: browsers paint a part only when they see where it ends, and the delimiter of
 * the next part is what tells them.
 */
export const partTail = `\r\n--${boundary}\r\n`

/** Heads of every answer with a picture: nobody keeps it, and a proxy (nginx) does not gather it. */
export const liveHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Accel-Buffering': 'no'
}

/**
 * Seconds since the Unix epoch with six digits after the point: `1700000000.123456`.
 * @param milliseconds since the Unix epoch, with a fraction.
 */
export function timestampText(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6)
}

/**
 * The head of one part: what stands between a delimiter and the JPEG.
 * @param more fields, each with its line end.
 */
export function partHead(length: number, capturedMs: number, more = ''): string {
  return `Content-Type: image/jpeg\r\nContent-Length: ${length}\r\nX-Timestamp: ${timestampText(capturedMs)}\r\n${more}\r\n`
}

/** Fields for `partHead` that differ from client to client. @param encodedMs undefined when it is not known. */
export function timingFields(encodedMs: number | undefined, sentMs: number): string {
  const encoded = encodedMs === undefined ? '' : `X-Encoded: ${timestampText(encodedMs)}\r\n`
  return `${encoded}X-Sent: ${timestampText(sentMs)}\r\n`
}

/** A part of `buildPart` without its head. */
export function withoutHead(part: Buffer, data: Uint8Array): Buffer {
  return part.subarray(part.length - data.byteLength - partTail.length)
}

/** One whole write: part head, JPEG, delimiter of the next part. The caller owns the result; `data` is copied. */
export function buildPart(data: Uint8Array, capturedMs: number): Buffer {
  const head = partHead(data.byteLength, capturedMs)
  // From the heap, not from the shared pool: it is large, and it must not keep a pool alive.
  const part = Buffer.allocUnsafeSlow(head.length + data.byteLength + partTail.length)
  part.write(head, 0, 'latin1')
  part.set(data, head.length)
  part.write(partTail, head.length + data.byteLength, 'latin1')
  return part
}

/** The parts of one stream's frames. */
export class PartCache extends BuiltFrames {
  constructor() {
    super(({ data, timestampUs }) => buildPart(data, wallClockMs(timestampUs)))
  }
}

/**
 * A whole answer for a request that never became one, so that no response object exists for it.
 * @param headers more of them, each with its line end.
 */
export function rawError(status: number, text: string, headers = ''): Buffer {
  const body = Buffer.from(`${text}\n`)
  const head =
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${body.byteLength}\r\nConnection: close\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
