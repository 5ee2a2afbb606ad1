import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compose, loadConfig, type Streamer } from '@streamer/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Watch, watchHttp, watchTcp, watchUdp } from '../support/clients.js'

const run = promisify(execFile)
let folder: string
let streamer: Streamer | undefined
const watches: Watch[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-ffmpeg-'))
})
afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close()
  await streamer?.stop()
  await rm(folder, { recursive: true })
})

it('ffmpeg plays a real video file to HTTP, TCP and UDP clients at once, byte for byte', async () => {
  const exact = ['-fflags', '+bitexact', '-flags:v', '+bitexact', '-threads', '1']
  const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin']
  const made = [
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=640x480:rate=30',
    '-frames:v',
    '90',
    '-c:v',
    'mpeg4',
    '-q:v',
    '3',
    'video.mp4'
  ]
  await run('ffmpeg', [...quiet, ...made], { cwd: folder })
  const encode = ['-c:v', 'mjpeg', '-q:v', '5', ...exact]
  // What ffmpeg writes, told apart by ffmpeg itself: one file a frame.
  await run('ffmpeg', [...quiet, '-i', 'video.mp4', ...encode, '-f', 'image2', '%03d.jpg'], { cwd: folder })
  const written = await Promise.all(
    Array.from({ length: 90 }, (_, n) => readFile(join(folder, `${String(n + 1).padStart(3, '0')}.jpg`)))
  )
  const known = new Map(written.map((frame, index) => [frame.toString('base64'), index]))
  expect(known.size).toBe(90)

  const command = ['ffmpeg', ...quiet, '-re', '-stream_loop', '-1', '-i', 'video.mp4', ...encode, '-f', 'mjpeg', '-']
  const config = {
    source: { use: 'command', command },
    transports: [
      { use: 'http', host: '127.0.0.1', port: 0 },
      { use: 'tcp', host: '127.0.0.1', port: 0, payload: 'jpeg' },
      { use: 'udp', host: '127.0.0.1', port: 0, payload: 'jpeg' }
    ]
  }
  await writeFile(join(folder, '.streamerrc'), JSON.stringify(config))
  streamer = await compose(await loadConfig({ cwd: folder }))
  await streamer.start()
  const urls = streamer.urls
  const portOf = (scheme: string) => Number(/:(\d+)/.exec(urls.find((url) => url.startsWith(`${scheme}:`)) ?? '')?.[1])
  watches.push(
    await watchHttp(`http://127.0.0.1:${portOf('http')}/stream.mjpg`),
    await watchTcp(portOf('tcp')),
    await watchUdp(portOf('udp'))
  )
  const indicesOf = ({ frames }: Watch) => frames.map((frame) => known.get(frame.toString('base64')))
  // The film is played over and over until every client has seen each of its frames.
  await Promise.all(
    watches.map((watch) => watch.until(() => watch.frames.length >= 90 && new Set(indicesOf(watch)).size === 90))
  )
  for (const watch of watches) expect(indicesOf(watch)).not.toContain(undefined)
  expect(streamer.streams.get('main')?.stats()).toMatchObject({ starts: 1, failures: 0, lost: 0 })
})
