// @ts-check
import { open, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { measureJpeg } from './jpeg.js'

/** @typedef {{ data: Buffer, width: number, height: number }} Picture one whole JPEG, in memory of its own. */

/**
 * A file that was changed so short a time ago may just be being written: the time of a change is noted in steps of up to 10 ms, and
 * another one within the step would not show.
 */
const settleMs = 50
/** A file that is still being written after so many looks is left out. */
const looks = 4

/**
 * Reads a picture, whole or not at all, also when somebody writes it meanwhile.
 * @param {string} path
 * @param {number} maxBytes of a larger one nothing is read.
 * @param {AbortSignal} signal
 * @returns {Promise<Picture | string | undefined>} when it is no picture, why, to stand behind "a file"; undefined when it is gone.
 * @throws the reason of `signal` when that is aborted.
 */
export async function readPicture(path, maxBytes, signal) {
  for (let look = 1; look <= looks; look++) {
    if (look > 1) await pause(settleMs, undefined, { signal })
    try {
      const result = await readSettled(path, maxBytes)
      if (result !== 'unsettled') return result
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error)
      return code === 'ENOENT' ? undefined : `that cannot be read (${code})`
    }
  }
  return 'that is always being written'
}

/**
 * @param {string} path
 * @param {number} maxBytes
 * @returns {Promise<Picture | string>}
 */
async function readSettled(path, maxBytes) {
  const before = await stat(path)
  // To open a pipe would wait for a writer.
  if (!before.isFile()) return 'that is no regular file'
  if (before.size > maxBytes) return `of more than ${maxBytes} bytes`
  if (Math.abs(Date.now() - before.ctimeMs) < settleMs) return 'unsettled'
  const file = await open(path)
  try {
    const data = Buffer.allocUnsafeSlow(before.size)
    const { bytesRead } = await file.read(data)
    const after = await file.stat()
    const isSame = after.ino === before.ino && after.ctimeMs === before.ctimeMs && bytesRead === before.size
    if (!isSame) return 'unsettled'
    const jpeg = measureJpeg(data)
    if (!jpeg) return 'that is no whole JPEG'
    return { width: jpeg.width, height: jpeg.height, data: data.subarray(0, jpeg.length) }
  } finally {
    await file.close()
  }
}
