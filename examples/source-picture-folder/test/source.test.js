// @ts-check
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStreamer } from '@streamer/testkit'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { configSchema } from '../src/config.js'
import plugin from '../src/index.js'
import { PictureFolderSource } from '../src/source.js'
import { jpeg, writePictures } from './pictures.js'
import { RecordedRun, WarningLog } from './recorded-run.js'

/** @type {string} */
let baseDir
beforeEach(async () => {
  baseDir = await mkdtemp(join(tmpdir(), 'picture-folder-'))
})
afterEach(() => rm(baseDir, { recursive: true, force: true }))

/** @param {string} name */
const path = (name) => join(baseDir, name)
/**
 * Writes pictures whose text is their name.
 * @param {string[]} names
 */
const write = (...names) => Promise.all(names.map((name) => writeFile(path(name), jpeg(name))))

/** @param {Readonly<Record<string, unknown>>} [options] */
function make(options) {
  const log = new WarningLog()
  const parsed = configSchema.parse({ folder: '.', framerate: 50, ...options })
  const source = new PictureFolderSource(parsed, { baseDir, logger: log })
  onTestFinished(() => source.stop())
  return { source, log, run: new RecordedRun() }
}

/** @param {Readonly<Record<string, unknown>>} [options] */
async function play(options) {
  const made = make(options)
  await made.source.start(made.run)
  return made
}

describe('the order', () => {
  it('is by name, with numbers as people count, over and over', async () => {
    await write('b-10.jpg', 'b-9.jpg', 'c.jpeg', 'a.JPG', 'b-009.jpg')
    const { run } = await play()
    await run.until(() => run.frames.length >= 6)
    expect(run.texts.slice(0, 6)).toEqual(['a.JPG', 'b-009.jpg', 'b-9.jpg', 'b-10.jpg', 'c.jpeg', 'a.JPG'])
  })

  it('is by the time of the last change, where that is asked for', async () => {
    await write('a.jpg', 'b.jpg', 'c.jpg')
    await utimes(path('a.jpg'), 300, 300)
    await utimes(path('b.jpg'), 100, 100)
    await utimes(path('c.jpg'), 200, 200)
    const { run } = await play({ order: 'mtime' })
    await run.until(() => run.frames.length >= 4)
    expect(run.texts.slice(0, 4)).toEqual(['b.jpg', 'c.jpg', 'a.jpg', 'b.jpg'])
  })
})

describe('pictures that come while it runs', () => {
  it('are in the next round', async () => {
    await write('a.jpg', 'c.jpg')
    const { run } = await play()
    await run.until(() => run.frames.length > 0)
    await write('b.jpg')
    await run.until(() => run.texts.join().includes('a.jpg,b.jpg,c.jpg'))
  })

  it('follow the last one, where there is no loop', async () => {
    await write('a-1.jpg', 'a-2.jpg')
    const { run, source } = await play({ loop: false })
    await run.until(() => (source.stats().repeated ?? 0) > 0)
    expect(run.shown).toEqual(['a-1.jpg', 'a-2.jpg'])
    await write('a-0.jpg', 'a-3.jpg')
    await run.until(() => run.shown.length === 3)
    await write('a-4.jpg')
    await run.until(() => run.shown.length === 4)
    expect(run.shown).toEqual(['a-1.jpg', 'a-2.jpg', 'a-3.jpg', 'a-4.jpg'])
  })

  it('follow the last one as soon as they are whole', async () => {
    await write('a-1.jpg')
    const half = jpeg('a-2.jpg')
    await writeFile(path('a-2.jpg'), half.subarray(0, -1))
    const { run, source } = await play({ loop: false })
    await run.until(() => (source.stats().repeated ?? 0) > 0)
    expect(run.shown).toEqual(['a-1.jpg'])
    await writeFile(path('a-2.jpg'), half)
    await run.until(() => run.shown.length === 2)
  })
})

describe('a picture that stays long', () => {
  it('is given again, with the time of now and the next number', async () => {
    await write('a.jpg', 'b.jpg')
    const { run, source } = await play({ framerate: 0.001 })
    await run.until(() => run.frames.length === 3)
    expect(run.shown).toEqual(['a.jpg'])
    expect(run.frames.map(({ sequence }) => sequence)).toEqual([0, 1, 2])
    const [first, second] = run.frames.map(({ timestampUs }) => timestampUs)
    expect(second).toBeGreaterThan(first ?? 0)
    expect(source.stats()).toEqual({ pictures: 1, repeated: 2, leftOut: 0 })
  })

  it('goes when the rate is raised', async () => {
    await write('a.jpg', 'b.jpg')
    const { run, source } = await play({ framerate: 0.001 })
    await run.until(() => run.frames.length === 1)
    expect(await source.controls.set({ framerate: 100 })).toEqual({ framerate: 100 })
    await run.until(() => run.shown.length === 2)
  })
})

describe('what is left out', () => {
  it('is no whole JPEG, too large, or no file; told once and counted', async () => {
    await write('a.jpg', 'b.jpg')
    const whole = jpeg('half')
    await writeFile(path('half.jpg'), whole.subarray(0, whole.length - 2))
    await writeFile(path('text.jpg'), 'not a picture')
    await writeFile(path('empty.jpg'), '')
    await writeFile(path('large.jpg'), jpeg('large', { scan: Array(2000).fill(1) }))
    await mkdir(path('folder.jpg'))
    await symlink('/dev/zero', path('device.jpg'))
    const { run, source, log } = await play({ maxFrameBytes: 1024 })
    await run.until(() => run.shown.length === 3)
    expect(run.shown).toEqual(['a.jpg', 'b.jpg', 'a.jpg'])
    expect(source.stats().leftOut).toBeGreaterThanOrEqual(6)
    expect(log.warnings.sort()).toEqual([
      'left out a file of more than 1024 bytes',
      'left out a file that is no regular file',
      'left out a file that is no whole JPEG'
    ])
  })

  it('is what has another name, without a word', async () => {
    await write('a.jpg', '.hidden.jpg', 'b.jpg.tmp', 'c.png', 'jpg')
    const { run, source, log } = await play()
    await run.until(() => run.frames.length === 3)
    expect(run.shown).toEqual(['a.jpg'])
    expect(source.stats().leftOut).toBe(0)
    expect(log.warnings).toEqual([])
  })

  it('is what stands behind the end of a picture', async () => {
    await writeFile(path('a.jpg'), Buffer.concat([jpeg('a.jpg'), Buffer.from('a film, as some telephones do')]))
    const { run } = await play()
    await run.until(() => run.frames.length > 0)
    expect(run.frames[0]).toMatchObject({ width: 64, height: 48, data: jpeg('a.jpg') })
  })
})

describe('it fails', () => {
  it.each([
    ['there is no such folder', 'none', 'ERR_SOURCE_NOT_FOUND', 'cannot read the folder $/none: there is none'],
    ['the folder is a file', 'file', 'ERR_SOURCE_NOT_FOUND', 'cannot read the folder $/file: there is none'],
    ['the folder is empty', 'empty', 'ERR_PICTURE_FOLDER_EMPTY', 'no picture in $/empty: it has no .jpg or .jpeg'],
    [
      'nothing in it is a picture',
      'bad',
      'ERR_PICTURE_FOLDER_EMPTY',
      'no picture in $/bad: none of its 2 .jpg and .jpeg files is one'
    ]
  ])('when %s', async (_, folder, code, message) => {
    await writeFile(path('file'), '')
    await mkdir(path('empty'))
    await mkdir(path('bad'))
    await write('bad/a.jpg', 'bad/b.jpg')
    await Promise.all(['a', 'b'].map((name) => writeFile(path(`bad/${name}.jpg`), 'text')))
    for (const loop of [true, false]) {
      const { source, run } = make({ folder, loop })
      await expect(source.start(run)).rejects.toMatchObject({
        code,
        message: `source-picture-folder: ${message.replace('$', baseDir)}`
      })
      expect(run.failures).toEqual([])
    }
  })

  it.each([true, false])('once when the folder goes while it runs (loop: %s)', async (loop) => {
    await write('a.jpg')
    const { run } = await play({ loop })
    await run.until(() => run.frames.length > 0)
    await rm(baseDir, { recursive: true })
    await run.until(() => run.failures.length > 0)
    const { length } = run.frames
    await run.until(() => run.frames.length > length)
    expect(run.failures).toMatchObject([{ code: 'ERR_SOURCE_NOT_FOUND' }])
  })

  it('when the pictures go while it runs', async () => {
    await write('a.jpg')
    const { run } = await play()
    await rm(path('a.jpg'))
    await run.until(() => run.failures.length > 0)
    expect(run.failures).toMatchObject([{ code: 'ERR_PICTURE_FOLDER_EMPTY' }])
  })
})

describe('in a server', () => {
  it('clients get the bytes of the files, and the folder is found again when it comes back', async () => {
    const pictures = (await writePictures(baseDir, 3)).map(String)
    const source = { plugin, folder: '.', framerate: 20 }
    const server = await startStreamer({
      source,
      transports: [{ use: 'http' }],
      baseDir,
      supervision: { noSignalAfterMs: 60_000 }
    })
    onTestFinished(() => server.stop())
    const viewer = await server.watch()
    const seen = new Set()
    while (seen.size < 3) seen.add(String(await viewer.next()))
    expect([...seen].sort()).toEqual([...pictures].sort())
    await rename(baseDir, `${baseDir}-away`)
    const state = () => server.streamer.streams.get('main')?.state
    while (state() !== 'recovering') await viewer.next()
    await rename(`${baseDir}-away`, baseDir)
    while (state() !== 'live') await viewer.next()
    expect(pictures).toContain(String(await viewer.next()))
  })

  it('a picture of ten minutes ago is fresh enough for a snapshot', async () => {
    await writePictures(baseDir, 2)
    const source = { plugin, folder: '.', framerate: 0.001 }
    const server = await startStreamer({ source, transports: [{ use: 'http' }], baseDir, watchdog: 2, linger: 60 })
    onTestFinished(() => server.stop())
    const stats = () => server.streamer.streams.get('main')?.stats()
    while ((stats()?.source.repeated ?? 0) < 4) {
      const answer = await fetch(new URL('snapshot.jpg', server.url('http')))
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(jpeg('picture 1'))
    }
    expect(stats()).toMatchObject({ failures: 0 })
  })
})
