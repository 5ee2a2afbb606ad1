/**
 * The pictures of the benchmark: the fake camera's, with as much noise as makes the JPEGs as large as a camera's. Each is a real JPEG with a comment after its
 * first marker that has room for the time when it was in hand and for its number (see `corpus-stamp.mjs`).
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JpegEncoder } from '../../packages/encoder-jpeg/dist/index.js'
import { FakeCamera } from '../../packages/source-fake/dist/index.js'
import { withStamp } from './corpus-stamp.mjs'

/** Sizes, and bytes of a JPEG that are typical of a camera at quality 80. */
export const corpora = {
  vga: { width: 640, height: 480, bytes: 52_000, pictures: 30 },
  hd: { width: 1920, height: 1080, bytes: 250_000, pictures: 10 }
}

/**
 * Makes the pictures of one size in a new folder.
 * @returns the paths of their files, in order, and their mean length in bytes.
 */
export async function makeCorpus(folder, name) {
  const { width, height, bytes, pictures } = corpora[name]
  const encoder = await Encoding.start()
  try {
    const raw = await rawPictures(width, height, pictures)
    const noise = noiseOf(width * height * 3)
    // The least amplitude that makes the first picture large enough: more noise is always more bytes.
    let [low, high] = [0, 128]
    while (high - low > 0.25) {
      const middle = (low + high) / 2
      const { length } = await encoder.encode(mixed(raw[0], noise, 0, middle), width, height)
      if (length < bytes) low = middle
      else high = middle
    }
    mkdirSync(folder, { recursive: true })
    const files = []
    let sum = 0
    for (const [index, pixels] of raw.entries()) {
      const jpeg = withStamp(await encoder.encode(mixed(pixels, noise, index * 3 * 997, high), width, height))
      const file = join(folder, `${name}-${String(index).padStart(2, '0')}.jpg`)
      writeFileSync(file, jpeg)
      files.push(file)
      sum += jpeg.length
    }
    return { name, folder, files, width, height, meanBytes: sum / files.length }
  } finally {
    await encoder.stop()
  }
}

/** One picture after the other. */
class Encoding {
  #encoder
  #resolve = () => {}
  #reject = () => {}

  static async start() {
    const encoding = new Encoding()
    encoding.#encoder = new JpegEncoder({ quality: 80 })
    await encoding.#encoder.start({
      signal: new AbortController().signal,
      fail: (error) => encoding.#reject(error),
      push: ({ data }) => encoding.#resolve(Buffer.from(data))
    })
    return encoding
  }

  encode(data, width, height) {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const planes = [{ data, stride: width * 3 }]
      this.#encoder.push({ kind: 'raw', pixelFormat: 'rgb24', planes, sequence: 0, timestampUs: 0, width, height })
    })
  }

  stop() {
    return this.#encoder.stop()
  }
}

/** Pictures of the fake camera, `rgb24` without padding. */
async function rawPictures(width, height, count) {
  const camera = new FakeCamera({ width, height, framerate: 60 })
  const pictures = []
  await new Promise((resolve, reject) => {
    const push = (frame) => {
      if (pictures.length < count) pictures.push(Buffer.from(frame.planes[0].data))
      frame.release?.()
      if (pictures.length === count) resolve()
    }
    camera.start({ signal: new AbortController().signal, fail: reject, push }).catch(reject)
  })
  await camera.stop()
  return pictures
}

/** The same for each run: numbers of a linear congruential generator (Numerical Recipes), -1 to 1. */
function noiseOf(length) {
  const noise = new Float32Array(length)
  let state = 1
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    noise[index] = state / 2 ** 31
  }
  return noise
}

function mixed(pixels, noise, shift, amplitude) {
  const result = new Uint8ClampedArray(pixels.length)
  for (let index = 0; index < pixels.length; index++) {
    result[index] = pixels[index] + noise[(index + shift) % noise.length] * amplitude
  }
  return Buffer.from(result.buffer)
}
