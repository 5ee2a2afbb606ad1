import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EncodedFrame } from '@streamer/core/plugin'
import { FakeCamera } from '@streamer/source-fake'

/** Real JPEGs, each different: the fake camera's first `count` frames. */
export async function pictures(count: number, width = 160, height = 120): Promise<Buffer[]> {
  const camera = new FakeCamera({ width, height, framerate: 240, output: 'jpeg' })
  const frames: Buffer[] = []
  await new Promise<void>((resolve, reject) => {
    const push = (frame: unknown) => {
      if (frames.length < count) frames.push(Buffer.from((frame as EncodedFrame).data))
      if (frames.length === count) resolve()
    }
    camera.start({ signal: new AbortController().signal, fail: reject, push }).catch(reject)
  })
  await camera.stop()
  return frames
}

/** Writes them into a folder, in order. */
export async function writePictures(folder: string, frames: readonly Buffer[]): Promise<void> {
  await Promise.all(
    frames.map((frame, index) => writeFile(join(folder, `${String(index).padStart(4, '0')}.jpg`), frame))
  )
}
