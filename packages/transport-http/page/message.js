/**
 * Takes a binary message of the server apart, as docs/protocols/http.md has it.
 * @returns `{ stream, sequence, isPlaceholder, capturedMs, data }`; `capturedMs` is milliseconds since 1970 by the server's clock.
 */
export function readFrame(buffer) {
  const view = new DataView(buffer)
  return {
    isPlaceholder: (view.getUint8(1) & 1) !== 0,
    stream: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    capturedMs: view.getFloat64(8, true),
    data: new Uint8Array(buffer, view.getUint8(0))
  }
}
