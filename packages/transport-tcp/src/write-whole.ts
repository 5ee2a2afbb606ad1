import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * In TLS Node does not show what the system has taken of one write, so that a slow reader could not be told from one that has stopped. It also
 * keeps what it has encrypted: of so much, not of a whole picture. Four records (RFC 8446 section 5.1). Bytes.
 */
const sliceBytes = 4 * 16_384

/**
 * Writes `pieces` one behind the other, without copying them. Nothing else may be written until `onTaken` was called, which happens when the system has
 * taken all of them, or with what went wrong.
 */
export function writeWhole(
  socket: Socket,
  pieces: readonly Uint8Array[],
  onTaken: (error?: Error | null) => void
): void {
  if (socket instanceof TLSSocket) {
    writeSlices(socket, slicesOf(pieces), onTaken)
    return
  }
  const last = pieces.length - 1
  if (last > 0) socket.cork()
  for (const [index, piece] of pieces.entries()) {
    if (index === last) socket.write(piece, onTaken)
    else socket.write(piece)
  }
  if (last > 0) socket.uncork()
}

function* slicesOf(pieces: readonly Uint8Array[]): Generator<Uint8Array, undefined> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += sliceBytes) yield piece.subarray(at, at + sliceBytes)
  }
}

/** One after the other: what waits in Node it would put together in a buffer of its own. */
function writeSlices(
  socket: Socket,
  slices: Iterator<Uint8Array, undefined>,
  onTaken: (error?: Error | null) => void
): void {
  const { value, done } = slices.next()
  if (done) onTaken()
  else
    socket.write(value, (error) => {
      if (error) onTaken(error)
      else writeSlices(socket, slices, onTaken)
    })
}
