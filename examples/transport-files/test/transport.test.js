// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { monotonicUs } from '@streamer/core/plugin'
import { fakeCamera, startStreamer } from '@streamer/testkit'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import plugin from '../src/index.js'
import { until } from './reader.js'

/** @import { EncodedFrame } from '@streamer/core/plugin' */

/** @type {string} */
let baseDir
/** Of the stream `main`. @type {string} */
let folder

beforeEach(async () => {
  baseDir = await mkdtemp(join(tmpdir(), 'transport-files-'))
  folder = join(baseDir, 'recorded', 'main')
})
afterEach(() => rm(baseDir, { recursive: true }))

/**
 * A server that records a camera which goes on when it is told to.
 * @param {Readonly<Record<string, unknown>>} [options] of the transport.
 */
async function record(options) {
  const camera = fakeCamera({ manual: true })
  const transports = [{ plugin, folder: 'recorded', ...options }]
  const server = await startStreamer({ camera, transports, baseDir })
  onTestFinished(() => server.stop())
  const counters = () => server.streamer.transports()[0]?.counters ?? {}
  /** Pictures that are where they belong: in a file of their own with its name, or in a clip. */
  const written = () => counters()[options?.mode === 'clips' ? 'frames' : 'files'] ?? 0
  return {
    camera,
    server,
    counters,
    written,
    /** Lets the camera give pictures, one after the other, each written before the next. */
    async give(count = 1) {
      /** @type {Buffer[]} */
      const pictures = []
      for (let left = count; left > 0; left--) {
        const before = written()
        pictures.push(Buffer.from((await camera.step()).data))
        await until(() => written() === before + 1)
      }
      return pictures
    }
  }
}

/** @param {number[]} numbers */
const names = (...numbers) => numbers.map((number) => `main-${String(number).padStart(9, '0')}.jpg`)
const filesIn = async (path = folder) => (await readdir(path)).sort()
/** @param {string} name */
const read = (name) => readFile(join(folder, name))

describe('pictures', () => {
  it('go into numbered files in a folder of their stream, byte for byte', async () => {
    const { server, give } = await record()
    expect(server.urls).toEqual([`${pathToFileURL(folder).href}/`])
    const pictures = await give(3)
    expect(await filesIn()).toEqual(names(1, 2, 3))
    expect(await Promise.all(names(1, 2, 3).map(read))).toEqual(pictures)
  })

  it('are one of so many', async () => {
    const { camera, written } = await record({ every: 3 })
    const frames = []
    for (let count = 0; count < 7; count++) {
      frames.push(Buffer.from((await camera.step()).data))
      await until(() => written() === Math.floor(count / 3) + 1)
    }
    expect(await Promise.all((await filesIn()).map(read))).toEqual([frames[0], frames[3], frames[6]])
  })

  it('are no more than the rate allows', async () => {
    const { camera, server, give } = await record({ framerate: 0.001 })
    await give(1)
    await camera.step(5)
    expect(server.streamer.streams.get('main')?.stats().clients).toMatchObject([{ delivered: 1, skipped: 5 }])
  })

  it('go on with the number after the last one when the server is started again', async () => {
    const first = await record()
    await first.give(2)
    await first.server.stop()
    const second = await record()
    await second.give(1)
    expect(await filesIn()).toEqual(names(1, 2, 3))
  })

  it('wait for the disk one at a time, and the newest is next', async () => {
    const { camera, written } = await record()
    const { data } = await camera.step()
    await until(() => written() === 1)
    for (let sequence = 1; sequence <= 100; sequence++) {
      const frame = { kind: 'encoded', codec: 'mjpeg', keyframe: true, width: 320, height: 240, timestampUs: 0 }
      camera.emit({ ...frame, sequence, data: Buffer.concat([data, Buffer.from([sequence])]) })
    }
    await until(() => written() === 3)
    expect((await Promise.all(names(2, 3).map(read))).map((file) => file.at(-1))).toEqual([1, 100])
    expect(await filesIn()).toEqual(names(1, 2, 3))
  })

  it('are those of the camera, not "no signal" and not the last one again', async () => {
    const camera = fakeCamera({ manual: true })
    const transports = [{ plugin, folder: 'recorded' }]
    const supervision = { repeatMs: 20, noSignalAfterMs: 40 }
    const server = await startStreamer({ camera, transports, baseDir, supervision })
    onTestFinished(() => server.stop())
    const stats = () => server.streamer.streams.get('main')?.stats()
    await camera.step()
    await until(() => (stats()?.repeated ?? 0) >= 2)
    camera.refuseStarts(1000)
    await camera.crash()
    await until(() => (stats()?.placeholders ?? 0) >= 2)
    await until(() => server.streamer.transports()[0]?.counters?.files === 1)
    expect(await filesIn()).toEqual(names(1))
  })
})

describe('what is deleted', () => {
  it('is the oldest file when there are too many', async () => {
    const { give, counters } = await record({ keep: 3 })
    await give(5)
    expect(await filesIn()).toEqual(names(3, 4, 5))
    expect(counters()).toMatchObject({ files: 5, frames: 5, deleted: 2 })
  })

  it('is the oldest file when there are too many bytes', async () => {
    await mkdir(folder, { recursive: true })
    for (const name of names(1, 2, 3)) await writeFile(join(folder, name), Buffer.alloc(400_000))
    const { give } = await record({ maxBytes: 1_000_000 })
    await give(1)
    expect(await filesIn()).toEqual(names(2, 3, 4))
  })

  it('is a file of an earlier run, in the order of the numbers', async () => {
    await mkdir(folder, { recursive: true })
    for (const name of names(999_999_999, 1_000_000_000, 1_000_000_001)) await writeFile(join(folder, name), 'old')
    const { give } = await record({ keep: 2 })
    await give(1)
    expect(await filesIn()).toEqual(names(1_000_000_001, 1_000_000_002))
  })

  it('is a file that was not finished in an earlier run', async () => {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${names(7)[0]}.tmp`), 'half')
    const { give } = await record()
    await give(1)
    expect(await filesIn()).toEqual(names(1))
  })

  it('is never a file of somebody else', async () => {
    const others = [
      'main-20240131.jpg',
      'main-000000001.jpeg',
      'main-000000001.mjpeg',
      'main-000000001.mjpeg.tmp',
      'main-000000001.jpg.bak',
      'main-000000001x.jpg',
      'amain-000000001.jpg',
      'front-000000001.jpg',
      'main-000000001.JPG',
      'main-1.jpg',
      'holiday.jpg',
      'holiday.jpg.tmp'
    ].sort()
    await mkdir(folder, { recursive: true })
    for (const name of others) await writeFile(join(folder, name), 'mine')
    for (let starts = 0; starts < 2; starts++) {
      const { give, server } = await record({ keep: 1 })
      await give(3)
      await server.stop()
    }
    expect(await filesIn()).toEqual([...others, ...names(6)].sort())
  })

  it('may be gone already', async () => {
    const { give, server } = await record({ keep: 2 })
    await give(2)
    await rm(join(folder, names(1)[0] ?? ''))
    await give(2)
    expect(await filesIn()).toEqual(names(3, 4))
    expect(server.streamer.transports()[0]?.state).toBe('up')
  })
})

describe('clips', () => {
  const clip = (/** @type {number} */ number) => `main-${String(number).padStart(9, '0')}.mjpeg`
  /** The clock of every frame; one that begins long before is taken for another clock. */
  const beganUs = monotonicUs()

  /**
   * @param {{ emit(frame: EncodedFrame): void }} camera
   * @param {Buffer} data
   * @param {number} seconds
   */
  function emit(camera, data, seconds) {
    /** @type {EncodedFrame} */
    const frame = {
      kind: 'encoded',
      codec: 'mjpeg',
      keyframe: true,
      sequence: 0,
      timestampUs: beganUs + seconds * 1_000_000,
      width: 320,
      height: 240,
      data
    }
    camera.emit(frame)
  }

  it('hold pictures one behind the other, and have their name when they are whole', async () => {
    const { server, give } = await record({ mode: 'clips' })
    const pictures = await give(3)
    expect(await filesIn()).toEqual([`${clip(1)}.tmp`])
    await server.stop()
    expect(await filesIn()).toEqual([clip(1)])
    expect(await read(clip(1))).toEqual(Buffer.concat(pictures))
  })

  it('end after their time', async () => {
    const { camera, counters, server } = await record({ mode: 'clips', clipSeconds: 10 })
    await camera.started()
    for (const [index, seconds] of [0, 9.9, 10, 11, 25].entries()) {
      emit(camera, Buffer.from(`${seconds}s `), seconds)
      await until(() => counters().frames === index + 1)
    }
    await server.stop()
    const contents = await Promise.all([1, 2, 3].map((number) => read(clip(number))))
    expect(contents.map(String)).toEqual(['0s 9.9s ', '10s 11s ', '25s '])
  })

  it('end when they have a tenth of all bytes, and the oldest go', async () => {
    const { camera, counters, server } = await record({ mode: 'clips', maxBytes: 1_000_000 })
    await camera.started()
    for (let count = 1; count <= 30; count++) {
      emit(camera, Buffer.alloc(45_000, count), count / 100)
      await until(() => counters().frames === count)
    }
    await server.stop()
    const sizes = await Promise.all((await filesIn()).map(async (name) => (await read(name)).length))
    expect(sizes).toEqual(Array(11).fill(90_000))
    expect(await filesIn()).toContain(clip(15))
    expect(counters()).toMatchObject({ files: 15, frames: 30, bytes: 1_350_000, deleted: 4 })
  })

  it('end with a whole picture when the disk is full in the middle of one', async () => {
    const program = fileURLToPath(new URL('full-disk.mjs', import.meta.url))
    // A file may not have more bytes than this; the system then refuses in the same way, in the middle of a picture.
    const child = spawn('/bin/sh', ['-c', 'ulimit -f 200; exec "$0" "$@"', process.execPath, program, baseDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH }
    })
    let printed = ''
    child.stdout.on('data', (text) => {
      printed += text
    })
    expect(await once(child, 'close')).toEqual([0, null])
    expect(printed).toMatch(/^ERR_FILES_WRITE transport-files: cannot write to .*main: file too large\n$/)
    expect(await filesIn()).toEqual([clip(1)])
    const { length } = await read(clip(1))
    expect(length).toBeGreaterThan(0)
    expect(length % 30_000).toBe(0)
  })
})

describe('a disk that does not take it', () => {
  it('is told at the start', async () => {
    await writeFile(join(baseDir, 'recorded'), 'a file')
    const failing = startStreamer({ transports: [{ plugin, folder: 'recorded' }], baseDir })
    await expect(failing).rejects.toMatchObject({
      code: 'ERR_FILES_WRITE',
      message: `transport files: cannot write to ${folder}: not a directory`
    })
  })

  it('is a failure, and the transport goes on when the folder can be made again', async () => {
    const { camera, give, server, counters } = await record()
    await give(2)
    await rm(join(baseDir, 'recorded'), { recursive: true })
    await camera.step()
    await until(() => server.logs.some((line) => line.includes('listening again')))
    expect(server.logs.filter((line) => line.startsWith('warn')).join()).toContain(
      `cannot write to ${folder}: no such file or directory; starting it again`
    )
    expect(counters()).toMatchObject({ failures: 1, frames: 2 })
    await give(1)
    expect(await filesIn()).toEqual(names(1))
  })

  // Only Linux has such a device.
  it.runIf(process.platform === 'linux')('is told as full', async () => {
    const { camera, give, server } = await record()
    await give(1)
    await symlink('/dev/full', join(folder, `${names(2)[0]}.tmp`))
    await camera.step()
    await until(() => server.logs.some((line) => line.includes(`cannot write to ${folder}: no space left on device`)))
    await until(() => server.streamer.transports()[0]?.state === 'up')
    await give(1)
    expect(await filesIn()).toEqual(names(1, 2))
  })
})

it('every stream has a folder of its own', async () => {
  const cameras = { front: fakeCamera({ manual: true }), door: fakeCamera({ manual: true }) }
  const server = await startStreamer({ cameras, transports: [{ plugin, folder: 'recorded' }], baseDir })
  onTestFinished(() => server.stop())
  const door = Buffer.from((await cameras.door.step()).data)
  const front = Buffer.from((await cameras.front.step(2)).data)
  await until(() => server.streamer.transports()[0]?.counters?.files === 3)
  expect(await filesIn(join(baseDir, 'recorded'))).toEqual(['door', 'front'])
  expect(await readFile(join(baseDir, 'recorded/door/door-000000001.jpg'))).toEqual(door)
  expect(await readFile(join(baseDir, 'recorded/front/front-000000002.jpg'))).toEqual(front)
})
