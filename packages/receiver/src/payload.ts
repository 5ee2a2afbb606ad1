import { pickledJpeg } from '@streamer/numpy-pickle'

/** What a pickle may have around the JPEG: numpy's own have 215 bytes before it and 88 behind it at most. */
export const maxPickleBytes = 512

/** Cameras may fill the end up to a round number. */
const longestPadding = 64

/**
 * The JPEG in the payload of a frame: the payload itself, or what was pickled. Nothing is ever unpickled.
 * @returns a view; undefined when there is none.
 */
export function jpegOf(payload: Uint8Array): Uint8Array | undefined {
  const jpeg = pickledJpeg(payload) ?? payload
  return isJpeg(jpeg) ? jpeg : undefined
}

/** Whether it begins and ends as a JPEG does; what is between is not looked at. */
export function isJpeg(data: Uint8Array): boolean {
  if (data.length < 4 || data[0] !== 0xff || data[1] !== 0xd8 || data[2] !== 0xff) return false
  for (let at = data.length - 2; at >= Math.max(2, data.length - longestPadding); at--) {
    if (data[at] === 0xff && data[at + 1] === 0xd9) return true
  }
  return false
}
