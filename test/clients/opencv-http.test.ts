import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PacedCamera, pacedCamera } from '../support/paced-camera.js'

const run = promisify(execFile)
let camera: PacedCamera

beforeEach(async () => {
  camera = await pacedCamera()
})

afterEach(() => camera.stop())

/** What `docs/clients/opencv.md` says, with a hash of each picture in place of a window. */
const script = `
import hashlib, json, sys
import cv2
capture = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)
if not capture.isOpened():
    sys.exit("cannot open " + sys.argv[1])
for _ in range(int(sys.argv[2])):
    ok, picture = capture.read()
    if not ok:
        sys.exit("the stream has ended")
    print(json.dumps({"shape": picture.shape, "hash": hashlib.sha1(picture.tobytes()).hexdigest(), "mean": float(picture.mean())}))
`

interface Shown {
  readonly shape: readonly number[]
  readonly hash: string
  readonly mean: number
}

/** With the interpreter that has Debian's python3-opencv. */
async function capture(path: string, count: number): Promise<Shown[]> {
  const { stdout } = await run('/usr/bin/python3', ['-W', 'error', '-c', script, camera.base + path, String(count)])
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown)
}

describe('OpenCV', () => {
  for (const path of ['stream.mjpg', '?action=stream']) {
    test(`reads /${path}`, async () => {
      const pictures = await capture(path, 30)
      expect(pictures).toHaveLength(30)
      for (const { shape, mean } of pictures) {
        expect(shape).toEqual([240, 320, 3])
        // Colour bars: neither black nor white.
        expect(mean).toBeGreaterThan(20)
        expect(mean).toBeLessThan(235)
      }
      expect(new Set(pictures.map(({ hash }) => hash)).size).toBe(30)
    })
  }

  test('reads a snapshot', async () => {
    expect(await capture('snapshot.jpg', 1)).toMatchObject([{ shape: [240, 320, 3] }])
  })
})
