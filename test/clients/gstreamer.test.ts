import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PacedCamera, pacedCamera } from '../support/paced-camera.js'

const run = promisify(execFile)
let camera: PacedCamera
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-gstreamer-'))
  camera = await pacedCamera()
})

afterEach(async () => {
  await camera.stop()
  await rm(folder, { recursive: true })
})

/** From the Debian packages gstreamer1.0-tools, gstreamer1.0-plugins-base and gstreamer1.0-plugins-good. */
async function launch(path: string, ...elements: string[]): Promise<Buffer[]> {
  const pipeline = [`souphttpsrc location=${camera.base}${path}`, 'multipartdemux', ...elements]
  await run('gst-launch-1.0', [
    '-q',
    ...pipeline.join(' ! ').split(' '),
    '!',
    'multifilesink',
    `location=${folder}/%03d`
  ])
  const files = (await readdir(folder)).sort()
  return Promise.all(files.map((file) => readFile(join(folder, file))))
}

describe('GStreamer', () => {
  test('takes the frames out of the stream byte for byte', async () => {
    // It ends the stream after the 20th, which it does not hand on.
    const pictures = await launch('stream.mjpg', 'identity eos-after=20')
    expect(pictures).toHaveLength(19)
    const numbers = pictures.map((picture) => camera.numberOf(picture))
    expect(numbers).toEqual(Array.from(new Set(numbers)).sort((one, other) => one - other))
  })

  for (const path of ['stream.mjpg', '?action=stream', 'video_feed']) {
    test(`decodes /${path}`, async () => {
      const caps = 'video/x-raw,format=RGB,width=320,height=240'
      const pictures = await launch(path, 'jpegdec', 'videoconvert', caps, 'identity eos-after=10')
      expect(pictures).toHaveLength(9)
      for (const { length } of pictures) expect(length).toBe(320 * 240 * 3)
      expect(new Set(pictures.map((picture) => picture.toString('base64'))).size).toBe(9)
    })
  }
})
