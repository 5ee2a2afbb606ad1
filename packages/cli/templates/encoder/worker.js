// The work itself, in a thread of its own. Plain JavaScript, so that it runs as it is in tests and in dist.
import { parentPort, workerData } from 'node:worker_threads'

/** @type {{ square: number }} */
const { square } = workerData

/** The side of a block of a JPEG. */
const block = 8
/** Bits of the code for how long a difference is. */
const lengthBits = 4

/**
 * The average colour of each square, in three lists of luma and chroma (as JFIF has them), each value from -128 to 127.
 * @param {{ pixels: Uint8Array, stride: number, layout: readonly number[], width: number, height: number }} picture
 */
function averages({ pixels, stride, layout: [red = 0, green = 0, blue = 0, size = 0], width, height }) {
  const columns = Math.ceil(width / square)
  const rows = Math.ceil(height / square)
  const [lumas, blues, reds] = [
    new Int16Array(columns * rows),
    new Int16Array(columns * rows),
    new Int16Array(columns * rows)
  ]
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let [r, g, b, count] = [0, 0, 0, 0]
      for (let y = row * square; y < Math.min((row + 1) * square, height); y++) {
        for (let x = column * square; x < Math.min((column + 1) * square, width); x++, count++) {
          const at = y * stride + x * size
          r += pixels[at + red] ?? 0
          g += pixels[at + green] ?? 0
          b += pixels[at + blue] ?? 0
        }
      }
      const luma = (0.299 * r + 0.587 * g + 0.114 * b) / count
      const at = row * columns + column
      lumas[at] = clamp(luma - 128)
      blues[at] = clamp((b / count - luma) / 1.772)
      reds[at] = clamp((r / count - luma) / 1.402)
    }
  }
  return { columns, components: [lumas, blues, reds] }
}

/** @param {number} value */
function clamp(value) {
  return Math.max(-128, Math.min(127, Math.round(value)))
}

/**
 * A baseline JPEG (ITU-T T.81) whose blocks have one colour each: of every block only the first coefficient is not 0.
 * @param {{ pixels: Uint8Array, stride: number, layout: readonly number[], width: number, height: number }} picture
 */
function encode(picture) {
  const { width, height } = picture
  const { columns, components } = averages(picture)
  const bytes = [...head(width, height)]
  let bits = 0
  let count = 0
  /** @param {number} value @param {number} length */
  const write = (value, length) => {
    for (let bit = length - 1; bit >= 0; bit--) {
      bits = (bits << 1) | ((value >> bit) & 1)
      if (++count < 8) continue
      bytes.push(bits)
      // So that it is no marker.
      if (bits === 0xff) bytes.push(0)
      bits = 0
      count = 0
    }
  }
  const before = [0, 0, 0]
  for (let y = 0; y < height; y += block) {
    for (let x = 0; x < width; x += block) {
      const at = Math.floor(y / square) * columns + Math.floor(x / square)
      for (const [index, values] of components.entries()) {
        const value = values[at] ?? 0
        const difference = value - (before[index] ?? 0)
        before[index] = value
        const length = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference))
        write(length, lengthBits)
        write(difference > 0 ? difference : difference + (1 << length) - 1, length)
        // The other 63 coefficients are 0.
        write(0, 1)
      }
    }
  }
  while (count > 0) write(1, 1)
  return Uint8Array.from([...bytes, 0xff, 0xd9])
}

/** @param {number} width @param {number} height */
function head(width, height) {
  const lengths = Array.from({ length: 12 }, (_, length) => length)
  return [
    ...[0xff, 0xd8],
    // Quantization: the first coefficient is 8 times the average.
    ...[0xff, 0xdb, 0, 67, 0, ...Array.from({ length: 64 }, () => 8)],
    ...[
      0xff,
      0xc0,
      0,
      17,
      8,
      height >> 8,
      height & 255,
      width >> 8,
      width & 255,
      3,
      1,
      0x11,
      0,
      2,
      0x11,
      0,
      3,
      0x11,
      0
    ],
    // Codes of 4 bits for the lengths of differences, and one of 1 bit for "nothing more".
    ...[0xff, 0xc4, 0, 31, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...lengths],
    ...[0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0]
  ]
}

parentPort?.on('message', (picture) => {
  const jpeg = encode(picture)
  parentPort?.postMessage(jpeg, [jpeg.buffer])
})
