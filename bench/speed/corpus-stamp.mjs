/** The stamp inside a JPEG of the corpus: a comment after its first marker, which `common.h` and `stand-in-v4l2.c` know too. */
const comment = 0xfffe
const word = 'ST'
const timeAt = 8
const sequenceAt = 16

/** @param jpeg without a stamp, not changed. Returns it with an empty one. */
export function withStamp(jpeg) {
  const segment = Buffer.alloc(18)
  segment.writeUInt16BE(comment, 0)
  // The length of a segment counts itself, and not its marker.
  segment.writeUInt16BE(segment.length - 2, 2)
  segment.write(word, 4, 'latin1')
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
}

/** Writes into `jpeg` the number of the frame and the time, in microseconds of the monotonic clock. */
export function writeStamp(jpeg, sequence, timeUs) {
  // 64 bits, of which a machine that runs for less than nine years needs 48: plain numbers are cheaper to write than big ones.
  jpeg.writeUIntLE(timeUs, timeAt, 6)
  jpeg.writeUInt32LE(sequence, sequenceAt)
}
