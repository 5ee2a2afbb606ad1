import jpegTurbo from '@julusian/jpeg-turbo'
import {
  type EncodedFrame,
  type EncoderRun,
  isStreamerError,
  type Logger,
  type PixelFormat,
  type RawFrame,
  silentLogger
} from '@streamer/core/plugin'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { JpegEncoder } from '../src/encoder.js'

/** Stands in for the pipeline: keeps what the encoder hands on. */
class StandInRun implements EncoderRun {
  readonly abort = new AbortController()
  readonly frames: EncodedFrame[] = []
  readonly failures: Error[] = []
  #wake: (() => void) | undefined

  get signal(): AbortSignal {
    return this.abort.signal
  }

  push(frame: EncodedFrame): void {
    this.frames.push(frame)
    this.#wake?.()
  }

  fail(error: Error): void {
    this.failures.push(error)
  }

  /** Resolves when `count` frames have been handed on. */
  async got(count: number): Promise<readonly EncodedFrame[]> {
    while (this.frames.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.frames
  }
}

interface TrackedFrame extends RawFrame {
  released: number
}

const layouts: Partial<Record<PixelFormat, readonly number[]>> = {
  rgb24: [0, 1, 2],
  bgr24: [2, 1, 0],
  rgba: [0, 1, 2, -1],
  bgra: [2, 1, 0, -1],
  gray: [0]
}

/** A frame of one colour that counts its releases; padding and alpha hold bytes that must not be seen. */
function rawFrame(
  options: Partial<RawFrame> & { color?: readonly number[]; padding?: number; cut?: number } = {}
): TrackedFrame {
  const { width = 32, height = 16, pixelFormat = 'rgb24', color = [200, 100, 50], padding = 0, cut = 0 } = options
  const layout = layouts[pixelFormat] ?? [0]
  const stride = width * layout.length + padding
  const data = new Uint8Array(stride * height).fill(7)
  for (let y = 0; y < height; y++) {
    for (let at = 0; at < width * layout.length; at++) {
      const channel = layout[at % layout.length]!
      data[y * stride + at] = channel < 0 ? 99 : color[channel]!
    }
  }
  const { sequence = 0, timestampUs = 1000 } = options
  return {
    kind: 'raw',
    pixelFormat,
    planes: [{ data: data.subarray(0, data.length - cut), stride }],
    sequence,
    timestampUs,
    width,
    height,
    released: 0,
    release() {
      this.released++
    }
  }
}

function pixelsOf(frame: EncodedFrame): { width: number; height: number; data: Uint8Array } {
  return jpegTurbo.decompressSync(Buffer.from(frame.data), { format: jpegTurbo.FORMAT_RGB })
}

function jpegFrame(sequence: number): EncodedFrame {
  const data = new Uint8Array([0xff, 0xd8, 0xff, 0xd9])
  return { kind: 'encoded', codec: 'mjpeg', keyframe: true, data, sequence, timestampUs: 5, width: 1, height: 1 }
}

const started: JpegEncoder[] = []

async function start(options: ConstructorParameters<typeof JpegEncoder>[0] = {}, logger?: Logger) {
  const encoder = new JpegEncoder(options, logger)
  const run = new StandInRun()
  started.push(encoder)
  await encoder.start(run)
  return { encoder, run }
}

afterEach(async () => {
  for (const encoder of started.splice(0)) await encoder.stop()
})

describe('encoding', () => {
  it('makes a JPEG of every accepted pixel format, with its sequence, time and size', async () => {
    for (const pixelFormat of Object.keys(layouts) as PixelFormat[]) {
      const { encoder, run } = await start()
      const color = pixelFormat === 'gray' ? [90, 90, 90] : [200, 100, 50]
      encoder.push(rawFrame({ pixelFormat, color, sequence: 7, timestampUs: 123_456, width: 40, height: 24 }))
      const [frame] = await run.got(1)
      expect(frame).toMatchObject({
        kind: 'encoded',
        codec: 'mjpeg',
        keyframe: true,
        sequence: 7,
        timestampUs: 123_456
      })
      expect(frame).toMatchObject({ width: 40, height: 24 })
      const pixels = pixelsOf(frame!)
      expect(pixels).toMatchObject({ width: 40, height: 24 })
      for (let at = 0; at < 40 * 24 * 3; at++) expect(Math.abs(pixels.data[at]! - color[at % 3]!)).toBeLessThan(6)
    }
  })

  it('leaves out the padding of a stride that is wider than the row, whole pixels or not', async () => {
    for (const [padding, cut] of [
      [12, 0],
      [12, 12],
      [5, 0],
      [5, 5]
    ] as const) {
      const { encoder, run } = await start({ subsampling: '444' })
      encoder.push(rawFrame({ padding, cut, width: 33, height: 17 }))
      const pixels = pixelsOf((await run.got(1))[0]!)
      const color = [200, 100, 50]
      for (let at = 0; at < 33 * 17 * 3; at++) expect(Math.abs(pixels.data[at]! - color[at % 3]!)).toBeLessThan(6)
    }
  })

  it('keeps no memory beyond the bytes of the JPEG', async () => {
    const { encoder, run } = await start()
    for (let sequence = 0; sequence < 3; sequence++) {
      encoder.push(rawFrame({ sequence, width: 320, height: 240 }))
      const { data } = (await run.got(sequence + 1))[sequence]!
      expect(data.buffer.byteLength).toBe(data.length)
    }
  })

  it('writes the asked subsampling into the JPEG', async () => {
    for (const [subsampling, factors] of [
      ['420', 0x22],
      ['422', 0x21],
      ['444', 0x11]
    ] as const) {
      const { encoder, run } = await start({ subsampling })
      encoder.push(rawFrame())
      const data = Buffer.from((await run.got(1))[0]!.data)
      const startOfFrame = data.indexOf(Buffer.from([0xff, 0xc0]))
      // Sampling factors of the first component: ITU-T T.81, B.2.2.
      expect(data[startOfFrame + 11]).toBe(factors)
    }
  })

  it('hands frames on in the order they came, also when a later one is done first', async () => {
    const { encoder, run } = await start({ maxInFlight: 2 })
    encoder.push(rawFrame({ sequence: 0, width: 3840, height: 2160 }))
    encoder.push(rawFrame({ sequence: 1 }))
    encoder.push(rawFrame({ sequence: 2 }))
    expect((await run.got(3)).map(({ sequence }) => sequence)).toEqual([0, 1, 2])
  })

  it('keeps the newest frame waiting and drops the older ones when it cannot keep up', async () => {
    for (const maxInFlight of [1, 2]) {
      const { encoder, run } = await start({ maxInFlight })
      const frames = Array.from({ length: 6 }, (_, sequence) => rawFrame({ sequence }))
      for (const frame of frames) encoder.push(frame)
      const done = await run.got(maxInFlight + 1)
      expect(done.map(({ sequence }) => sequence)).toEqual([...Array(maxInFlight).keys(), 5])
      expect(encoder.stats()).toMatchObject({ encoded: maxInFlight + 1, dropped: 5 - maxInFlight, failed: 0 })
      expect(encoder.stats().bytes).toBe(done.reduce((sum, { data }) => sum + data.length, 0))
      expect(frames.map(({ released }) => released)).toEqual(Array(6).fill(1))
    }
  })

  it('takes up a new size in the middle of a run', async () => {
    const { encoder, run } = await start()
    for (const [index, width] of [640, 16, 1280].entries()) {
      encoder.push(rawFrame({ width, height: 48 }))
      expect(pixelsOf((await run.got(index + 1))[index]!)).toMatchObject({ width, height: 48 })
    }
  })
})

describe('JPEG frames', () => {
  it('pass as the same object', async () => {
    const { encoder, run } = await start()
    const frame = jpegFrame(3)
    encoder.push(frame)
    expect(run.frames[0]).toBe(frame)
    expect(encoder.stats()).toMatchObject({ passed: 1, encoded: 0 })
  })

  it('do not overtake a raw frame that came before', async () => {
    const { encoder, run } = await start()
    encoder.push(rawFrame({ sequence: 0 }))
    encoder.push(jpegFrame(1))
    expect((await run.got(2)).map(({ sequence }) => sequence)).toEqual([0, 1])
  })
})

describe('frames that cannot be encoded', () => {
  it('fail the run once when their format is not accepted, naming those that are', async () => {
    const { encoder, run } = await start()
    const frames = [rawFrame({ pixelFormat: 'nv12' }), rawFrame({ pixelFormat: 'yuv420p' })]
    for (const frame of frames) encoder.push(frame)
    expect(run.failures).toHaveLength(1)
    expect(run.failures[0]).toMatchObject({ code: 'ERR_PIXEL_FORMAT' })
    expect(run.failures[0]!.message).toBe(
      'encoder-jpeg: cannot encode nv12, only rgb24, bgr24, rgba, bgra, gray and mjpeg'
    )
    expect(frames.map(({ released }) => released)).toEqual([1, 1])
    expect(encoder.stats().failed).toBe(2)
  })

  it('fail the run when they are in another codec', async () => {
    const { encoder, run } = await start()
    encoder.push({ ...jpegFrame(0), codec: 'h264' })
    expect(run.failures[0]!.message).toContain('cannot encode h264')
    expect(run.frames).toEqual([])
  })

  it('are counted, released and said once when they are shorter than promised', async () => {
    const lines: string[] = []
    const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) }
    const { encoder, run } = await start({}, logger)
    const bad = [
      rawFrame({ cut: 1 }),
      rawFrame({ cut: 1 }),
      { ...rawFrame(), planes: [] },
      { ...rawFrame(), planes: [{ data: new Uint8Array(5000), stride: 95 }] },
      { ...rawFrame(), width: 0 },
      { ...rawFrame(), height: 70_000 },
      { ...rawFrame(), width: 1.5 }
    ]
    for (const frame of bad) encoder.push(frame)
    encoder.push(rawFrame({ sequence: 9 }))
    expect((await run.got(1))[0]!.sequence).toBe(9)
    expect(encoder.stats()).toMatchObject({ failed: 7, encoded: 1, dropped: 0 })
    expect(bad.map(({ released }) => released)).toEqual(Array(7).fill(1))
    expect(lines[0]).toBe('a frame cannot be encoded: its plane of 1535 bytes is shorter than the 1536 needed')
    expect(lines).toHaveLength(6)
    expect(run.failures).toEqual([])
  })

  it('do not disturb the others when taking them back throws', async () => {
    const { encoder, run } = await start()
    const frame = rawFrame()
    frame.release = () => {
      throw new Error('thrown by the test')
    }
    encoder.push(frame)
    encoder.push(rawFrame({ sequence: 1 }))
    expect(await run.got(2)).toHaveLength(2)
  })
})

describe('start and stop', () => {
  it('releases and counts what is pushed before the start and after the stop', async () => {
    const encoder = new JpegEncoder()
    const before = rawFrame()
    encoder.push(before)
    const run = new StandInRun()
    await encoder.start(run)
    await encoder.stop()
    const after = rawFrame()
    encoder.push(after)
    encoder.push(jpegFrame(0))
    expect([before.released, after.released]).toEqual([1, 1])
    expect(encoder.stats()).toMatchObject({ dropped: 3, passed: 0 })
    expect(run.frames).toEqual([])
  })

  it('has released every frame and hands none on when stop resolves in the middle of work', async () => {
    const { encoder, run } = await start()
    const frames = Array.from({ length: 4 }, (_, sequence) => rawFrame({ sequence, width: 640, height: 480 }))
    for (const frame of frames) encoder.push(frame)
    await Promise.all([encoder.stop(), encoder.stop()])
    expect(frames.map(({ released }) => released)).toEqual([1, 1, 1, 1])
    expect(encoder.stats()).toMatchObject({ encoded: 0, dropped: 4 })
    expect(run.frames).toEqual([])
  })

  it('hands nothing on once the run is aborted', async () => {
    const { encoder, run } = await start()
    const frames = [rawFrame(), rawFrame()]
    encoder.push(frames[0]!)
    run.abort.abort()
    encoder.push(frames[1]!)
    await encoder.stop()
    expect(run.frames).toEqual([])
    expect(frames.map(({ released }) => released)).toEqual([1, 1])
  })

  it('can be stopped while it starts, and then hands nothing on', async () => {
    const encoder = new JpegEncoder()
    const run = new StandInRun()
    const starting = encoder.start(run)
    const stopping = encoder.stop()
    await expect(starting).rejects.toThrow('encoder-jpeg: stopped')
    await stopping
    const frame = rawFrame()
    encoder.push(frame)
    encoder.push(jpegFrame(1))
    expect(frame.released).toBe(1)
    expect(run.frames).toEqual([])
    expect(encoder.stats()).toMatchObject({ dropped: 2, passed: 0 })
  })

  it('ends although there is no memory for a JPEG, which is counted', async () => {
    const { encoder, run } = await start({ maxInFlight: 1 })
    encoder.push(rawFrame())
    await run.got(1)
    // Real want of memory would end more than this test.
    const alloc = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementationOnce(() => {
      throw new RangeError('Array buffer allocation failed')
    })
    const frame = rawFrame({ sequence: 1 })
    encoder.push(frame)
    encoder.push(rawFrame({ sequence: 2 }))
    await run.got(2)
    alloc.mockRestore()
    await encoder.stop()
    expect(run.frames.map(({ sequence }) => sequence)).toEqual([0, 2])
    expect(frame.released).toBe(1)
    expect(encoder.stats()).toMatchObject({ encoded: 2, failed: 1 })
  })

  it('can be started again, and stopped without a start', async () => {
    const encoder = new JpegEncoder()
    await encoder.stop()
    for (let sequence = 0; sequence < 3; sequence++) {
      const run = new StandInRun()
      await encoder.start(run)
      encoder.push(rawFrame({ sequence }))
      expect((await run.got(1))[0]!.sequence).toBe(sequence)
      await encoder.stop()
    }
    expect(encoder.stats().encoded).toBe(3)
  })
})

describe('the control "quality"', () => {
  it('changes the size of the frames that follow', async () => {
    const { encoder, run } = await start({ quality: 95 })
    const noise = rawFrame({ width: 128, height: 128 })
    const { data } = noise.planes[0]!
    for (let at = 0; at < data.length; at++) data[at] = (at * 2_654_435_761) >>> 24
    encoder.push(noise)
    await run.got(1)
    expect(await encoder.controls.set({ quality: 10 })).toEqual({ quality: 10 })
    encoder.push(noise)
    const [fine, coarse] = await run.got(2)
    expect(coarse!.data.length).toBeLessThan(fine!.data.length / 2)
  })

  it('is listed with its range and its configured default', () => {
    const { controls } = new JpegEncoder({ quality: 33 })
    expect(controls.list()).toMatchObject([{ name: 'quality', type: 'integer', minimum: 1, maximum: 100, default: 33 }])
    expect(controls.values()).toEqual({ quality: 33 })
  })

  it('refuses what is out of range, of another type or unknown, and changes nothing then', async () => {
    const { controls } = new JpegEncoder()
    const wrong = [{ quality: 0 }, { quality: 101 }, { quality: 50.5 }, { quality: '50' }, { quality: Number.NaN }]
    for (const values of [...wrong, { quality: 20, zoom: 2 }]) {
      const error = await controls.set(values).catch((thrown: unknown) => thrown)
      expect(isStreamerError(error) && error.code).toBe('ERR_CONTROL_INVALID')
    }
    expect(controls.values()).toEqual({ quality: 80 })
    expect(await controls.set({})).toEqual({ quality: 80 })
  })
})
