// @ts-check
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A stand-in for a JPEG: all its segments, and nothing that could be seen. Its text, which must not be empty, makes it different from others.
 * @param {string} text
 * @param {{ width?: number, height?: number, scan?: readonly number[] }} [more]
 * @returns {Buffer}
 */
export function jpeg(text, { width = 64, height = 48, scan = [1, 2, 3] } = {}) {
  const size = [height >> 8, height & 0xff, width >> 8, width & 0xff]
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xfe, Buffer.from(text)),
    segment(0xc0, [8, ...size, 1, 1, 0x11, 0]),
    segment(0xda, [1, 1, 0, 0, 63, 0]),
    Buffer.from([...scan, 0xff, 0xd9])
  ])
}

/**
 * @param {number} code
 * @param {Iterable<number>} body
 */
export function segment(code, body) {
  const bytes = Buffer.from([...body])
  return Buffer.concat([Buffer.from([0xff, code, (bytes.length + 2) >> 8, (bytes.length + 2) & 0xff]), bytes])
}

/**
 * Writes `picture-1.jpg` and so on.
 * @param {string} folder
 * @param {number} count
 * @param {number} [first]
 * @returns {Promise<Buffer[]>} what was written.
 */
export async function writePictures(folder, count, first = 1) {
  const pictures = Array.from({ length: count }, (_, index) => jpeg(`picture ${first + index}`))
  for (const [index, data] of pictures.entries()) await writeFile(join(folder, `picture-${first + index}.jpg`), data)
  return pictures
}
