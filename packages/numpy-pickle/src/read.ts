import { pickledLength, pickleHead, pickleHeadLength, pickleTail } from './pickle.js'

/** Where the data of a pickle by numpy begins at the latest: 215 bytes, protocol 2, in the longest form known. */
const farthestData = 256
/** What numpy writes after the data at most: 88 bytes, protocol 5. */
const longestTail = 128
const stop = 0x2e

// Opcodes of Python's `pickletools` that stand before bytes, with the bytes of the little-endian length between them.
const binBytes = 0x42
const binBytes8 = 0x8e
const byteArray8 = 0x96

/**
 * The data of an array in the form that this package writes, found by its place and never by unpickling.
 * @param pickle the whole pickle; not changed.
 * @returns a view of the data within `pickle`; undefined when head, both lengths and tail are not all as this package writes them.
 */
export function pickledData(pickle: Uint8Array): Uint8Array | undefined {
  const length = pickle.length - pickledLength(0)
  if (length < 0 || !startsWith(pickle, pickleHead(length), 0)) return undefined
  const end = pickleHeadLength + length
  return startsWith(pickle, pickleTail, end) ? pickle.subarray(pickleHeadLength, end) : undefined
}

/**
 * The JPEG in the pickle of a numpy array of bytes, whoever wrote it: this package, or Python's `pickle.dumps` with protocol 3, 4 or 5. It is found by
 * its first bytes, the length before it and what is left after it; nothing is unpickled, so nothing in a pickle is ever run.
 * @param pickle the whole pickle; not changed.
 * @returns a view of the JPEG within `pickle`; undefined when there is none.
 */
export function pickledJpeg(pickle: Uint8Array): Uint8Array | undefined {
  // PROTO: every pickle since protocol 2 begins so.
  if (pickle[0] !== 0x80) return undefined
  const exact = pickledData(pickle)
  if (exact !== undefined) return beginsJpeg(exact, 0) ? exact : undefined
  const last = Math.min(farthestData, pickle.length - 3)
  for (let at = 5; at <= last; at++) {
    if (!beginsJpeg(pickle, at)) continue
    const length = lengthBefore(pickle, at)
    if (length === undefined) continue
    const left = pickle.length - at - length
    if (left >= 1 && left <= longestTail && pickle.at(-1) === stop) return pickle.subarray(at, at + length)
  }
  return undefined
}

/** What the opcode before `at` says of the bytes that begin there. */
function lengthBefore(pickle: Uint8Array, at: number): number | undefined {
  const view = new DataView(pickle.buffer, pickle.byteOffset, pickle.byteLength)
  if (pickle[at - 5] === binBytes) return view.getUint32(at - 4, true)
  if (at < 9 || (pickle[at - 9] !== binBytes8 && pickle[at - 9] !== byteArray8)) return undefined
  return Number(view.getBigUint64(at - 8, true))
}

/** SOI and the first byte of the marker after it (ITU-T T.81 section B.2.1). */
function beginsJpeg(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff && bytes[at + 1] === 0xd8 && bytes[at + 2] === 0xff
}

function startsWith(bytes: Uint8Array, part: Uint8Array, at: number): boolean {
  if (bytes.length < at + part.length) return false
  for (let index = 0; index < part.length; index++) if (bytes[at + index] !== part[index]) return false
  return true
}
