// @ts-check
// Markers of ITU-T T.81 table B.1, second byte.
const startOfImage = 0xd8
const endOfImage = 0xd9
const startOfScan = 0xda
/** In the range of frame headers (SOF0 to SOF15), but others: DHT, JPG and DAC. */
const noFrameHeaders = [0xc4, 0xc8, 0xcc]

/**
 * Walks the segments of a JPEG, so that a thumbnail inside of one is not taken for the picture.
 * @param {Buffer} bytes not changed, and not kept.
 * @returns {{ width: number, height: number, length: number } | undefined} its size in pixels, and the bytes up to its end, behind which a
 *   camera may have written more; undefined when `bytes` do not begin with one whole JPEG.
 */
export function measureJpeg(bytes) {
  let width = 0
  let height = 0
  if (bytes[0] !== 0xff || bytes[1] !== startOfImage) return undefined
  for (let at = 2; at < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined
    // There may be any number of FF before the code.
    while (bytes[at] === 0xff) at++
    const code = bytes[at++] ?? 0
    if (code === endOfImage) return width > 0 && height > 0 ? { width, height, length: at } : undefined
    // No others have a length.
    if (code < 0xc0 || (code >= 0xd0 && code <= startOfImage)) return undefined
    if (code <= 0xcf && !noFrameHeaders.includes(code)) {
      height = uint16(bytes, at + 3)
      width = uint16(bytes, at + 5)
    }
    at += uint16(bytes, at)
    if (code === startOfScan) at = endOfScan(bytes, at)
  }
  return undefined
}

/**
 * Where entropy-coded data ends: at a marker that is neither a restart (D0 to D7) nor an FF of the data, which has a 0 behind it.
 * @param {Buffer} bytes
 * @param {number} at where it begins.
 */
function endOfScan(bytes, at) {
  for (;;) {
    at = bytes.indexOf(0xff, at)
    if (at < 0) return bytes.length
    const code = bytes[at + 1] ?? 0
    if (code !== 0 && code !== 0xff && !(code >= 0xd0 && code <= 0xd7)) return at
    at += code === 0xff ? 1 : 2
  }
}

/**
 * @param {Buffer} bytes
 * @param {number} at may lie behind the end; what is missing counts as 0.
 */
function uint16(bytes, at) {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}
