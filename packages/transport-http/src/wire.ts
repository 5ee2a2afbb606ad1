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

/** Of every answer with a body: a browser takes it for what its `Content-Type` says, and for no script or page that somebody has hidden in it. */
export const noSniffHeaders: Readonly<Record<string, string>> = { 'X-Content-Type-Options': 'nosniff' }

/** Heads of every answer with a picture: nobody keeps it, and a proxy (nginx) does not gather it. */
export const liveHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Accel-Buffering': 'no',
  ...noSniffHeaders
}

/**
 * Seconds since the Unix epoch with six digits after the point: `1700000000.123456`.
 * @param milliseconds since the Unix epoch, with a fraction.
 */
export function timestampText(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6)
}

/** The head of one part: what stands between a delimiter and the JPEG. */
export function partHead(length: number, capturedMs: number): string {
  return `Content-Type: image/jpeg\r\nContent-Length: ${length}\r\nX-Timestamp: ${timestampText(capturedMs)}\r\n\r\n`
}

/** Fields of a part that differ from client to client, each with its line end. @param encodedMs undefined when it is not known. */
export function timingFields(encodedMs: number | undefined, sentMs: number): string {
  const encoded = encodedMs === undefined ? '' : `X-Encoded: ${timestampText(encodedMs)}\r\n`
  return `${encoded}X-Sent: ${timestampText(sentMs)}\r\n`
}

/**
 * A part of `buildPart` with more fields, in two pieces. What all clients get is the same, to the last digit of `X-Timestamp`.
 * @param data the JPEG in it. @param fields each with its line end.
 * @returns the head, in Latin-1, and the rest, which shares the memory of `part`.
 */
export function withFields(part: Buffer, data: Uint8Array, fields: string): readonly [head: string, rest: Buffer] {
  const headLength = part.length - data.byteLength - partTail.length
  // Before the empty line.
  return [`${part.toString('latin1', 0, headLength - 2)}${fields}\r\n`, part.subarray(headLength)]
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
    `Content-Length: ${body.byteLength}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
