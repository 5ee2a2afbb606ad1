import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compose, type Streamer } from '@streamer/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { watchHttp } from '../support/clients.js'

const run = promisify(execFile)
let folder: string
let streamer: Streamer
let base: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-http-'))
  const source = { use: 'fake', output: 'jpeg', width: 320, height: 240 }
  const streams = { front: { source }, door: { source: { ...source, width: 640, height: 480 } } }
  streamer = await compose({ streams, transports: [{ use: 'http', host: '127.0.0.1', port: 0 }] })
  await streamer.start()
  base = streamer.urls[0]!
})

afterEach(async () => {
  await streamer.stop()
  await rm(folder, { recursive: true })
})

async function probe(path: string): Promise<unknown> {
  const wanted = ['-show_entries', 'stream=codec_name,width,height', '-show_entries', 'format=format_name']
  const { stdout } = await run('ffprobe', ['-v', 'error', ...wanted, '-of', 'json', base + path])
  return JSON.parse(stdout)
}

describe('ffprobe', () => {
  for (const path of ['stream.mjpg', '?action=stream', 'video_feed', 'stream?fps=10&cachebuster']) {
    test(`knows what /${path} is`, async () => {
      expect(await probe(path)).toMatchObject({
        streams: [{ codec_name: 'mjpeg', width: 320, height: 240 }],
        format: { format_name: 'mpjpeg' }
      })
    })
  }

  test('sees the other stream under its name and number, and a snapshot', async () => {
    expect(await probe('door/stream.mjpg')).toMatchObject({ streams: [{ width: 640, height: 480 }] })
    expect(await probe('?action=stream_1')).toMatchObject({ streams: [{ width: 640, height: 480 }] })
    expect(await probe('door/snapshot.jpg')).toMatchObject({ streams: [{ codec_name: 'mjpeg', width: 640 }] })
  })
})

describe('ffmpeg', () => {
  test('decodes 60 frames without a complaint, all of them different', async () => {
    const quiet = ['-hide_banner', '-loglevel', 'warning', '-nostdin', '-xerror', '-use_wallclock_as_timestamps', '1']
    const output = ['-frames:v', '60', '-fps_mode', 'passthrough', '-f', 'framemd5', '-']
    const { stdout, stderr } = await run('ffmpeg', [...quiet, '-i', `${base}stream.mjpg`, ...output])
    const frames = stdout.split('\n').filter((line) => /^0,/.test(line))
    expect(frames).toHaveLength(60)
    expect(new Set(frames.map((line) => line.split(',').at(-1))).size).toBe(60)
    // It says of every full-range JPEG that its pixel format has an old name.
    expect(
      stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('deprecated pixel format'))
    ).toEqual([])
  })

  test('gets the bytes that every other client gets', async () => {
    const watch = await watchHttp(`${base}stream.mjpg`)
    await watch.more(1)
    const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin']
    const copy = ['-frames:v', '30', '-c:v', 'copy', '-f', 'image2', join(folder, '%03d.jpg')]
    await run('ffmpeg', [...quiet, '-f', 'mpjpeg', '-i', `${base}stream.mjpg`, ...copy])
    await watch.more(1)
    watch.close()
    const known = new Set(watch.frames.map((frame) => frame.toString('base64')))
    const files = await readdir(folder)
    expect(files).toHaveLength(30)
    for (const file of files) expect(known.has((await readFile(join(folder, file))).toString('base64'))).toBe(true)
  })
})
