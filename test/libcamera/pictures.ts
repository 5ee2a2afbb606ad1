import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'

/** How many pictures can be told apart. */
export const numberedCount = 16
const width = 640
const height = 480
const dark = 40

/** Pixels of a plain grey picture with blocks of other greys, row by row. */
type Grey = (x: number, y: number, greyness: number) => void

/** A picture as PPM: white top left, grey top right, and its number as four blocks in the row below, the lowest bit at the left. */
export function drawNumbered(number: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3, dark)
  const fill: Grey = (column, row, greyness) => {
    for (let y = row * 120; y < (row + 1) * 120; y++) {
      const start = (y * width + column * 160) * 3
      pixels.fill(greyness, start, start + 160 * 3)
    }
  }
  fill(0, 0, 235)
  fill(3, 0, 128)
  for (let bit = 0; bit < 4; bit++) fill(bit, 2, (number >> bit) & 1 ? 200 : dark)
  return Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), pixels])
}

/** A decoded picture, 8 bits of red, green and blue for each pixel. */
export interface Decoded {
  readonly width: number
  readonly height: number
  readonly pixels: Buffer
}

/** Decodes a JPEG with ffmpeg, which knows nothing of us. */
export async function decode(jpeg: Uint8Array, width: number, height: number): Promise<Decoded> {
  const quiet = ['-hide_banner', '-loglevel', 'error']
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']
  const ffmpeg = spawn('ffmpeg', [...quiet, '-f', 'mjpeg', '-i', '-', ...output], { stdio: ['pipe', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  const errors: Buffer[] = []
  ffmpeg.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  ffmpeg.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  ffmpeg.stdin.on('error', () => {})
  ffmpeg.stdin.end(jpeg)
  await once(ffmpeg, 'close')
  const pixels = Buffer.concat(chunks)
  const said = Buffer.concat(errors).toString()
  if (said !== '' || pixels.length !== width * height * 3) {
    throw new Error(`ffmpeg made ${pixels.length} bytes of a JPEG of ${width}x${height}: ${said}`)
  }
  return { width, height, pixels }
}

/** The mean of a spot around a place in shares of width and height. */
export function greyAt({ width, height, pixels }: Decoded, x: number, y: number): number {
  let sum = 0
  for (let dy = -4; dy < 4; dy++) {
    for (let dx = -4; dx < 4; dx++) {
      const at = ((Math.floor(y * height) + dy) * width + Math.floor(x * width) + dx) * 3
      sum += (pixels[at] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at + 2] ?? 0)
    }
  }
  return sum / 64 / 3
}

/** The number in a picture that `drawNumbered` made, not turned. */
export function numberIn(picture: Decoded): number {
  let number = 0
  for (let bit = 0; bit < 4; bit++) if (greyAt(picture, (bit + 0.5) / 4, 2.5 / 4) > 120) number |= 1 << bit
  return number
}

/** Which corner is the white one and which the grey, as `top left, top right`. */
export function cornersOf(picture: Decoded): string {
  const corners = [
    ['top left', 0.06, 0.06],
    ['top right', 0.94, 0.06],
    ['bottom left', 0.06, 0.94],
    ['bottom right', 0.94, 0.94]
  ] as const
  const near = (level: number) => corners.find(([, x, y]) => Math.abs(greyAt(picture, x, y) - level) < 25)?.[0]
  return `${near(235)}, ${near(128)}`
}

/** `execFile` that gives what was written, and fails with it. */
export function output(
  file: string,
  args: readonly string[]
): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise((resolve) => {
    execFile(file, [...args], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error ? Number(error.code ?? 1) : 0 })
    })
  })
}
