import type { ServerResponse } from 'node:http'
import { queryOf } from './text.js'
import { boundary, liveHeaders, noSniffHeaders } from './wire.js'

/** Sends one whole document and ends the answer. A HEAD request gets its head alone. */
export function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...noSniffHeaders
  })
  response.end(text)
}

/** Sends a sentence for people; a line break is added. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {}
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`)
}

/** Sends a client on for good, with the query of its request: it may have a link's token in it. */
export function sendRedirect(response: ServerResponse, location: string, target: string): void {
  sendText(response, 308, `see ${location}`, { Location: `${location}${queryOf(target)}` })
}

/** Writes the head of a stream. Its body ends with the connection, because simple clients do not undo chunked encoding. */
export function writeStreamHead(response: ServerResponse): void {
  response.removeHeader('Transfer-Encoding')
  response.writeHead(200, {
    'Content-Type': `multipart/x-mixed-replace; boundary=${boundary}`,
    ...liveHeaders,
    Connection: 'close'
  })
}

/** Writes the head of a snapshot, with the length and the time of the picture where there is one. */
export function writeSnapshotHead(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'Content-Type': 'image/jpeg', ...headers, ...liveHeaders })
}
