import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClientProgram, type PacedCamera, pacedCamera } from '../support/paced-camera.js'

/** `nobody` on Debian: VLC refuses to run as root, as tests in a container do. */
const nobody = 65534
const wait = { timeout: 120_000, interval: 100 }
let camera: PacedCamera
let folder: string
let program: ClientProgram | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-vlc-'))
  await chmod(folder, 0o777)
  camera = await pacedCamera()
})

afterEach(async () => {
  await program?.end()
  await camera.stop()
  await rm(folder, { recursive: true })
})

/** Without a screen, until the test ends it. From the Debian packages vlc-bin and vlc-plugin-base. */
function vlc(...args: string[]): ClientProgram {
  const env = { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder }
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
  program = new ClientProgram('vlc', ['-I', 'dummy', '--no-audio', ...args], { env, ...user })
  return program
}

function check(running: ClientProgram): void {
  if (!running.isRunning) throw new Error(`vlc has ended: ${running.complaint}`)
}

describe('VLC', () => {
  test('takes each frame out of the stream whole', async () => {
    const file = join(folder, 'frames')
    const running = vlc('--sout', `#standard{access=file,mux=dummy,dst=${file}}`, `${camera.base}stream.mjpg`)
    const pictures = async () => {
      check(running)
      return split(await readFile(file).catch(() => Buffer.alloc(0)))
    }
    await expect.poll(async () => (await pictures()).length, wait).toBeGreaterThanOrEqual(30)
    const numbers = (await pictures()).map((picture) => camera.numberOf(picture))
    expect(numbers).toEqual(Array.from(new Set(numbers)).sort((one, other) => one - other))
  })

  for (const path of ['stream.mjpg', '?action=stream']) {
    test(`plays /${path}`, async () => {
      const scene = ['--video-filter', 'scene', '--scene-format', 'png', '--scene-ratio', '1', '--scene-path', folder]
      const running = vlc('--vout', 'dummy', ...scene, camera.base + path)
      const shown = async () => {
        check(running)
        const files = (await readdir(folder)).filter((file) => file.endsWith('.png'))
        const pictures = await Promise.all(files.map((file) => readFile(join(folder, file), 'base64')))
        return new Set(pictures).size
      }
      await expect.poll(shown, wait).toBeGreaterThanOrEqual(20)
    })
  }
})

/** JPEGs that stand one behind the other. The last one may be torn, and is left out. */
function split(data: Buffer): Buffer[] {
  const pictures: Buffer[] = []
  for (let at = 0; ; ) {
    // Of each the start, as the fake camera's encoder writes it.
    const next = data.indexOf(Buffer.from('ffd8ffe0', 'hex'), at + 4)
    if (next < 0) return pictures
    // VLC goes by the delimiter and leaves the line break that belongs to it; decoders stop at the end of the JPEG.
    const end = data.toString('latin1', next - 2, next) === '\r\n' ? next - 2 : next
    pictures.push(data.subarray(at, end))
    at = next
  }
}
