import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PacedCamera, pacedCamera } from '../support/paced-camera.js'

const run = promisify(execFile)
let camera: PacedCamera

beforeEach(async () => {
  camera = await pacedCamera()
})

afterEach(() => camera.stop())

/** What Frigate's `preset-http-mjpeg-generic` tells FFmpeg. */
const input =
  '-avoid_negative_ts make_zero -fflags nobuffer -flags low_delay -strict experimental -fflags +genpts+discardcorrupt ' +
  '-use_wallclock_as_timestamps 1'

test('what Frigate has FFmpeg do gives it pictures to look at', async () => {
  const args = [
    '-hide_banner',
    '-loglevel',
    'error',
    '-nostdin',
    ...input.split(' '),
    '-i',
    `${camera.base}stream.mjpg`
  ]
  // As its detector wants them.
  const output = '-r 5 -vf fps=5,scale=320:240 -pix_fmt yuv420p -frames:v 10 -f rawvideo pipe:1'
  const { stdout } = await run('ffmpeg', [...args, ...output.split(' ')], { encoding: 'buffer', maxBuffer: 2 ** 24 })
  const size = 320 * 240 * 1.5
  expect(stdout).toHaveLength(10 * size)
  const pictures = Array.from({ length: 10 }, (_, index) => stdout.toString('base64', index * size, (index + 1) * size))
  expect(new Set(pictures).size).toBeGreaterThanOrEqual(8)
})
