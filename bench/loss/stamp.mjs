/** When a frame was made, inside the JPEG itself: so the age of a frame can be told whatever protocol carries it. All namespaces have one monotonic clock. */
const comment = 0xfffe
const stampAt = 6

/** A JPEG of just `bytes` bytes: `jpeg` with a comment after its first marker, which has room for a stamp. */
export function padded(jpeg, bytes) {
  const room = bytes - jpeg.length
  if (room < stampAt - 2 + 8 || room > 65_537)
    throw new RangeError(`cannot make ${bytes} bytes of a JPEG of ${jpeg.length}`)
  const result = Buffer.alloc(bytes)
  jpeg.copy(result, 0, 0, 2)
  result.writeUInt16BE(comment, 2)
  // The length of a segment counts itself, and not its marker.
  result.writeUInt16BE(room - 2, 4)
  jpeg.copy(result, 2 + room, 2)
  return result
}

/** @param timestampUs by the monotonic clock of the machine. */
export function writeStamp(jpeg, timestampUs) {
  jpeg.writeBigUInt64BE(BigInt(timestampUs), stampAt)
}

/** Milliseconds since the stamp was written. */
export function ageMs(jpeg) {
  return Number(process.hrtime.bigint() - jpeg.readBigUInt64BE(stampAt) * 1000n) / 1e6
}
