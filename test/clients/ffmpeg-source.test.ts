import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compose, loadConfig } from '@streamer/core'
import { type EncodedFrame, type SourceRun, silentLogger } from '@streamer/core/plugin'
import command, { configSchema } from '@streamer/source-command'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error']
/** The same input and the same flags give the same bytes. */
const exact = ['-threads', '1', '-fflags', '+bitexact', '-flags:v', '+bitexact', '-c:v', 'mjpeg', '-q:v', '4']

let folder: string

/** A tool that is missing is a failure here, with its name, and not a reason to skip. */
beforeAll(async () => {
  const { stdout } = await run('ffmpeg', ['-version']).catch((cause: unknown) => {
    throw new Error('these tests need ffmpeg: apt-get install ffmpeg', { cause })
  })
  console.log(stdout.split('\n')[0])
  folder = await mkdtemp(join(tmpdir(), 'ffmpeg-source-'))
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30:duration=4']
  // MPEG-4 part 2 and H.264 in MP4, as cameras and phones write them.
  await run('ffmpeg', [...quiet, ...picture, '-c:v', 'mpeg4', '-q:v', '3', join(folder, 'mpeg4.mp4')])
  const { stdout: encoders } = await run('ffmpeg', [...quiet, '-encoders'])
  if (!encoders.includes('libx264')) throw new Error('these tests need an ffmpeg with libx264')
  await run('ffmpeg', [...quiet, ...picture, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', join(folder, 'h264.mp4')])
})

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true })
})

interface Played {
  readonly frames: readonly EncodedFrame[]
  readonly failure: Error
  readonly counters: Readonly<Record<string, number>>
}

/** Plays a command to its end through the source, as the core would run it. */
async function play(args: readonly string[]): Promise<Played> {
  const options = configSchema.parse({ command: ['ffmpeg', ...args] })
  const host = { version: '0', startedAtMs: 0, streams: new Map(), transports: () => [], disconnect: () => false }
  const source = command.create(options, { name: 'command', logger: silentLogger, host, baseDir: folder })
  const frames: EncodedFrame[] = []
  const abort = new AbortController()
  try {
    const failure = await new Promise<Error>((resolve, reject) => {
      const sourceRun: SourceRun = {
        signal: abort.signal,
        push: (frame) => frames.push(frame as EncodedFrame),
        fail: resolve
      }
      source.start(sourceRun).catch(reject)
    })
    return { frames, failure, counters: source.stats?.() ?? {} }
  } finally {
    await source.stop()
  }
}

/** The pictures that ffmpeg writes with the same input and flags, cut into files by itself. */
async function filesOf(name: string, input: readonly string[]): Promise<Buffer[]> {
  const pattern = join(folder, `${name}-%05d.jpg`)
  await run('ffmpeg', [...quiet, ...input, ...exact, '-f', 'image2', pattern], { cwd: folder })
  const files = (await readdir(folder)).filter((file) => file.startsWith(`${name}-`)).sort()
  return Promise.all(files.map((file) => readFile(join(folder, file))))
}

function expectSameBytes({ frames, failure, counters }: Played, pictures: readonly Buffer[]): void {
  expect(failure).toMatchObject({ code: 'ERR_SOURCE_ENDED', message: expect.stringContaining('exit code 0') })
  expect(frames).toHaveLength(pictures.length)
  for (const [i, frame] of frames.entries()) {
    expect(frame.sequence).toBe(i)
    expect(pictures[i]!.equals(frame.data), `frame ${i}`).toBe(true)
  }
  const bytes = pictures.reduce((sum, { length }) => sum + length, 0)
  expect(counters).toMatchObject({ frames: frames.length, bytes, garbageBytes: 0, truncated: 0, oversized: 0 })
}

describe('source-command with ffmpeg', () => {
  test.each([['mpeg4'], ['h264']])(
    'plays a video file (%s in mp4): every frame has the bytes that ffmpeg wrote',
    async (name) => {
      const input = ['-i', `${name}.mp4`]
      const pictures = await filesOf(name, input)
      expect(pictures).toHaveLength(120)
      const played = await play([...quiet, ...input, '-an', ...exact, '-f', 'mjpeg', '-'])
      expectSameBytes(played, pictures)
      expect(played.frames.every(({ width, height }) => width === 640 && height === 360)).toBe(true)
    }
  )

  test('plays testsrc2 through image2pipe, in large pictures', async () => {
    const input = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=30:duration=1']
    const pictures = await filesOf('large', input)
    const played = await play([...quiet, ...input, ...exact, '-f', 'image2pipe', '-'])
    expectSameBytes(played, pictures)
    expect(played.frames[0]).toMatchObject({ width: 1920, height: 1080 })
  })

  test('takes the parts of a multipart stream, and counts their heads as garbage', async () => {
    const input = ['-i', 'h264.mp4']
    const pictures = await filesOf('multipart', input)
    const { frames, counters } = await play([...quiet, ...input, '-an', ...exact, '-f', 'mpjpeg', '-'])
    expect(frames).toHaveLength(pictures.length)
    expect(frames.every(({ data }, i) => pictures[i]!.equals(data))).toBe(true)
    expect(counters.garbageBytes).toBeGreaterThan(0)
    expect(counters.truncated).toBe(0)
  })

  test("tells why ffmpeg ended, in ffmpeg's words", async () => {
    const { failure } = await play([...quiet, '-i', 'no-such-file.mp4', '-f', 'mjpeg', '-'])
    expect(failure).toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: expect.stringMatching(/^source-command: "ffmpeg" ended with exit code \d+: .*no-such-file\.mp4/)
    })
  })

  test('says so when the output is no MJPEG', async () => {
    const { failure } = await play([...quiet, '-stream_loop', '-1', '-i', 'h264.mp4', '-f', 'rawvideo', '-'])
    expect(failure).toMatchObject({ code: 'ERR_SOURCE_OUTPUT' })
  })

  test('runs the examples of the documentation that need nothing but ffmpeg', async () => {
    const page = await readFile(new URL('../../docs/sources/command.md', import.meta.url), 'utf8')
    const examples = [...page.matchAll(/```yaml\n([^`]*)```\n\nRun, with ffmpeg/g)].map(([, yaml]) => yaml!)
    expect(examples).toHaveLength(3)
    for (const [i, example] of examples.entries()) {
      const place = join(folder, `example-${i}`)
      await mkdir(place)
      await cp(join(folder, 'h264.mp4'), join(place, 'video.mp4'))
      await writeFile(join(place, '.streamerrc'), `${example}transports: [{ use: http, host: 127.0.0.1, port: 0 }]\n`)
      const streamer = await compose(await loadConfig({ cwd: place }))
      try {
        await streamer.start()
        const stream = streamer.streams.get('main')!
        await new Promise<void>((resolve) => {
          const subscription = stream.subscribe({
            label: 'test',
            onFrame: ({ placeholder }) => {
              if (!placeholder && subscription.stats().delivered >= 10) resolve()
              // Not within this call, so that the next frame does not come inside of this one.
              setImmediate(() => subscription.ready())
            }
          })
        })
        expect(stream.stats(), example).toMatchObject({
          starts: 1,
          failures: 0,
          source: { garbageBytes: 0, truncated: 0 }
        })
      } finally {
        await streamer.stop()
      }
    }
  })
})
