// @ts-check
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { StreamerError } from '@streamer/core/plugin'
import { readPicture } from './picture.js'

/** @import { PictureFolderOptions } from './config.js' */
/** @import { Picture } from './picture.js' */
/** @typedef {{ name: string, mtimeMs: number }} Entry a file; the time is 0 when it is of no interest. */

/** After the last picture, how often to look for newer ones. */
const lookAgainMs = 1000

const { compare } = new Intl.Collator('en', { numeric: true })

/**
 * Which one is shown first.
 * @param {Entry} a
 * @param {Entry} b
 */
function inOrder(a, b) {
  return a.mtimeMs - b.mtimeMs || compare(a.name, b.name) || (a.name < b.name ? -1 : Number(a.name > b.name))
}

/**
 * Every whole picture of a folder, for ever; ends with an error only. The folder is read anew for each round, so that new pictures are in the next one.
 * @param {string} folder absolute path.
 * @param {PictureFolderOptions} options
 * @param {(name: string, reason: string) => void} onLeftOut told of files that are no picture: `that is no whole JPEG`.
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Picture, never>}
 * @throws StreamerError when there is nothing to be had (`ERR_SOURCE_NOT_FOUND`, `ERR_PICTURE_FOLDER_EMPTY`, `ERR_SOURCE_FAILED`); the reason of
 *   `signal` when that is aborted.
 */
export async function* readPictures(folder, { order, loop, maxFrameBytes }, onLeftOut, signal) {
  /** @type {Entry | undefined} */
  let last
  for (;;) {
    const entries = await listPictures(folder, order)
    let shown = 0
    for (const entry of entries) {
      signal.throwIfAborted()
      // Without a loop go on behind the last one. What was not whole when it was read is read again, until a later one is.
      if (!loop && last !== undefined && inOrder(entry, last) <= 0) continue
      const picture = await readPicture(join(folder, entry.name), maxFrameBytes, signal)
      if (typeof picture === 'object') {
        last = entry
        shown++
        yield picture
      } else if (picture !== undefined) onLeftOut(entry.name, picture)
    }
    if (shown > 0) continue
    if (loop || last === undefined) throw emptyError(folder, entries.length)
    await pause(lookAgainMs, undefined, { signal })
  }
}

/**
 * @param {string} folder
 * @param {PictureFolderOptions['order']} order
 */
async function listPictures(folder, order) {
  try {
    // Hidden files are none. Sorted twice, because the first is fast, and mostly leaves nothing to do for the second, which knows numbers.
    const names = (await readdir(folder)).filter((name) => /^[^.].*\.jpe?g$/i.test(name)).sort()
    const entries = names.map((name) => ({ name, mtimeMs: 0 }))
    if (order === 'mtime') {
      // That a file is gone shows when it is read.
      for (const entry of entries) entry.mtimeMs = (await stat(join(folder, entry.name)).catch(() => entry)).mtimeMs
    }
    return entries.sort(inOrder)
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR'
    const text = `source-picture-folder: cannot read the folder ${folder}: ${isMissing ? 'there is none' : code}`
    throw new StreamerError(isMissing ? 'ERR_SOURCE_NOT_FOUND' : 'ERR_SOURCE_FAILED', text, { cause: error })
  }
}

/**
 * @param {string} folder
 * @param {number} count of files that might have been pictures.
 */
function emptyError(folder, count) {
  const why = count === 0 ? 'it has no .jpg or .jpeg' : `none of its ${count} .jpg and .jpeg files is one`
  return new StreamerError('ERR_PICTURE_FOLDER_EMPTY', `source-picture-folder: no picture in ${folder}: ${why}`)
}
