import { readFileSync } from 'node:fs'
import type { EncodedFrame, Frame } from '@streamer/core/plugin'
import { afterEach, describe, expect, it } from 'vitest'
import { TestCamera } from './camera.ts'
import { cornersOf, decode, numberedCount, numberIn } from './pictures.ts'

let camera: TestCamera | undefined

async function started(options: ConstructorParameters<typeof TestCamera>[0], codec?: 'mjpeg' | 'h264') {
  camera = new TestCamera(options)
  await camera.start(codec)
  return camera
}

afterEach(async () => {
  await camera?.stop()
  camera = undefined
})

const decoded = (frame: Frame) => decode((frame as EncodedFrame).data, frame.width, frame.height)

describe('frames of the real libcamera', () => {
  it.each([
    [640, 480],
    [1280, 720]
  ])('are JPEGs of %ix%i with rising sequence and timestamps', async (width, height) => {
    const { next } = bound(await started({ width, height }))
    const frames = await next(20)
    for (const [index, frame] of frames.entries()) {
      expect(frame).toMatchObject({ kind: 'encoded', codec: 'mjpeg', width, height })
      const before = frames[index - 1]
      if (!before) continue
      expect(frame.sequence).toBeGreaterThan(before.sequence)
      expect(frame.timestampUs).toBeGreaterThan(before.timestampUs)
    }
    expect((await decoded(frames[19] as Frame)).pixels.length).toBe(width * height * 3)
  })

  it('have the time of the exposure on the clock of this machine', async () => {
    const { next } = bound(await started({}))
    const [frame] = await next(1)
    const uptimeUs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6
    // /proc/uptime counts hundredths of a second.
    expect(frame?.timestampUs).toBeLessThanOrEqual(uptimeUs + 20_000)
    expect(frame?.timestampUs).toBeGreaterThan(uptimeUs - 10e6)
  })

  it('show the pictures of the camera in their order', async () => {
    const { next } = bound(await started({ camera: 'Virtual pictures' }))
    // libcamera shows each picture four times.
    const frames = await next(4 * numberedCount + 8)
    const numbers: number[] = []
    for (const frame of frames) numbers.push(numberIn(await decoded(frame)))
    const turns = numbers.filter((number, index) => index > 0 && number !== numbers[index - 1])
    expect(turns).toEqual(turns.map((_, index) => ((turns[0] ?? 0) + index) % numberedCount))
    expect(new Set(numbers).size).toBe(numberedCount)
    for (const number of turns.slice(0, -1))
      expect(numbers.filter((other) => other === number).length).toBeGreaterThan(2)
  })

  it.each(['nv12', 'turned to yuv420p'])('are planes for another encoder: %s', async (which) => {
    const rotation = which === 'nv12' ? 0 : 90
    const running = await started({ camera: 'Virtual pictures', rotation }, 'h264')
    const frame = await running.nextRaw()
    const [luma] = frame.planes
    expect(frame.pixelFormat).toBe(which === 'nv12' ? 'nv12' : 'yuv420p')
    expect(frame.planes.length).toBe(which === 'nv12' ? 2 : 3)
    expect([frame.width, frame.height]).toEqual(which === 'nv12' ? [640, 480] : [480, 640])
    const at = (x: number, y: number) => luma?.data[y * luma.stride + x] ?? 0
    const [white, dark] = rotation === 0 ? [at(20, 20), at(320, 20)] : [at(460, 20), at(460, 320)]
    expect(white - dark).toBeGreaterThan(100)
    const bytes = frame.planes.reduce((sum, plane) => sum + plane.data.length, 0)
    expect(bytes).toBe(640 * 480 * 1.5)
  })
})

describe('the picture', () => {
  it.each([
    [{}, 'top left, top right'],
    [{ rotation: 90 }, 'top right, bottom right'],
    [{ rotation: 180 }, 'bottom right, bottom left'],
    [{ rotation: 270 }, 'bottom left, top left'],
    [{ flipHorizontal: true }, 'top right, top left'],
    [{ flipVertical: true }, 'bottom left, bottom right'],
    [{ rotation: 90, flipHorizontal: true }, 'top left, bottom left'],
    [{ rotation: 90, flipVertical: true }, 'bottom right, top right']
  ] as const)('is turned by %o', async (options, corners) => {
    const running = await started({ camera: 'Virtual pictures', turnedBy: 'helper', ...options })
    expect(cornersOf(await decoded(await running.nextJpeg()))).toBe(corners)
  })

  it('keeps its colours', async () => {
    // The bars of the camera move by some pixels a frame, and the second half of the middle row has saturated ones.
    const running = await started({ camera: 'Virtual bars', quality: 95 })
    const { pixels } = await decoded(await running.nextJpeg())
    const seen = new Set<string>()
    for (let x = 0; x < 640; x++) {
      const at = (240 * 640 + x) * 3
      seen.add([pixels[at], pixels[at + 1], pixels[at + 2]].map((value) => ((value ?? 0) > 128 ? 1 : 0)).join(''))
    }
    expect(seen.size).toBe(8)
  })
})

describe('a running camera', () => {
  it('changes its JPEG quality from one frame to the next, and misses none', async () => {
    const running = await started({ camera: 'Virtual lines', quality: 90 })
    const before = await running.nextJpeg()
    await running.source.controls.set({ quality: 5 })
    expect(running.source.controls.values().quality).toBe(5)
    await running.until(() => (running.frames.at(-1) as EncodedFrame).data.length < before.data.length / 2)
    await running.next(5)
    const sequences = running.frames.map((frame) => frame.sequence)
    expect(sequences).toEqual(sequences.map((_, index) => index))
  })

  it('changes its frame rate without a gap', async () => {
    const running = await started({ framerate: 30 })
    await running.next(20)
    expect(await running.source.controls.set({ framerate: 60 })).toMatchObject({ framerate: 60 })
    await running.next(10)
    const times = (await running.next(20)).map((frame) => frame.timestampUs)
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    // The median: this machine is not alone.
    expect(steps.sort((a, b) => a - b)[9]).toBeLessThan(25_000)
  })

  it('changes size and rotation within the same process, and its sequence goes on', async () => {
    const running = await started({})
    const [before] = await running.next(1)
    expect(await running.source.controls.set({ width: 1280, height: 720 })).toMatchObject({ width: 1280, height: 720 })
    await running.until(() => running.frames.at(-1)?.width === 1280)
    await running.source.controls.set({ rotation: '90' })
    await running.until(() => running.frames.at(-1)?.width === 720)
    expect(running.frames.at(-1)?.height).toBe(1280)
    expect(running.frames.at(-1)?.sequence).toBeGreaterThan(before?.sequence ?? 0)
    const sequences = running.frames.map((frame) => frame.sequence)
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    expect(running.source.stats()).toMatchObject({ starts: 1 })
    expect((await decoded(running.frames.at(-1) as Frame)).width).toBe(720)
  })

  it('refuses what is out of range, and nothing changes', async () => {
    const running = await started({})
    const before = running.source.controls.values()
    await expect(running.source.controls.set({ quality: 50, framerate: 500 })).rejects.toMatchObject({
      code: 'ERR_CONTROL_INVALID',
      message: expect.stringMatching(/cannot set framerate to 500: a number from 30 to 60\.01 is needed/)
    })
    await expect(running.source.controls.set({ brightness: 1 })).rejects.toThrow(/there is no control "brightness"/)
    expect(running.source.controls.values()).toEqual(before)
    await running.next(2)
  })

  it('offers what this camera has, with its ranges', async () => {
    const running = await started({ camera: 'Virtual lines' })
    const controls = new Map(running.source.controls.list().map((control) => [control.name, control]))
    expect(controls.get('framerate')).toMatchObject({ minimum: 15, maximum: 30.01 })
    expect(controls.get('width')).toMatchObject({ minimum: 640, maximum: 640 })
    expect(controls.has('brightness')).toBe(false)
  })

  it('says what it gives in place of a size that it does not have', async () => {
    const running = await started({ width: 900, height: 700 })
    const frame = await running.nextJpeg()
    expect([frame.width, frame.height]).toEqual([1920, 1080])
    expect(running.log).toContainEqual({
      level: 'warn',
      message: expect.stringMatching(/gives 1920x1080 \(nv12, libcamera 0\.7\.1\); it does not have the 900x700/)
    })
  })

  it('keeps what was set when it is started again', async () => {
    const running = await started({ camera: 'Virtual pictures', turnedBy: 'helper' })
    await running.nextJpeg()
    await running.source.controls.set({ rotation: '180' })
    await running.stop()
    await running.start()
    expect(cornersOf(await decoded(await running.nextJpeg()))).toBe('bottom right, bottom left')
    expect(running.source.controls.values().rotation).toBe('180')
  })

  it('warns of settings in the configuration that it does not have', async () => {
    const running = await started({ controls: { brightness: 0.5 } })
    await running.nextJpeg()
    expect(running.log).toContainEqual({ level: 'warn', message: expect.stringMatching(/no control "brightness"/) })
  })
})

/** Methods as functions. */
function bound(running: TestCamera) {
  return { next: running.next.bind(running) }
}
