import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compose, type PartConfig, type Streamer, SUPERVISION, type Supervision } from '@streamer/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Watch, watchHttp, watchTcp, watchUdp } from './support/clients.js'
import { pictures, writePictures } from './support/pictures.js'

const program = fileURLToPath(new URL('./support/mjpeg-program.mjs', import.meta.url))
let folder: string
let streamer: Streamer | undefined
let watches: Watch[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-faults-'))
})
afterEach(async () => {
  for (const watch of watches) watch.close()
  watches = []
  await streamer?.stop()
  await rm(folder, { recursive: true })
})

const quick = { backoffMinMs: 100, repeatMs: 100, noSignalAfterMs: 200 }

async function serve(
  source: PartConfig,
  watchdog = 5,
  supervision: Partial<Supervision> = quick
): Promise<Record<'http' | 'tcp' | 'udp', Watch>> {
  const payload = { payload: 'jpeg', host: '127.0.0.1', port: 0 }
  const transports = [
    { use: 'http', host: '127.0.0.1', port: 0 },
    { use: 'tcp', ...payload },
    { use: 'udp', ...payload }
  ]
  streamer = await compose({ source, watchdog, transports }, { override: [[SUPERVISION, supervision]] })
  await streamer.start()
  const portOf = (scheme: string) =>
    Number(new URL(streamer!.urls.find((url) => url.startsWith(scheme))!.replace(scheme, 'http')).port)
  const [http, tcp, udp] = await Promise.all([
    watchHttp(`http://127.0.0.1:${portOf('http')}/stream.mjpg`),
    watchTcp(portOf('tcp')),
    watchUdp(portOf('udp'))
  ])
  watches = [http, tcp, udp]
  return { http, tcp, udp }
}

it('a camera program that is killed comes back while every client stays connected', async () => {
  const frames = await pictures(10)
  await writePictures(folder, frames)
  const pidFile = join(folder, 'pid')
  const known = new Set(frames.map((frame) => frame.toString('base64')))
  const clients = await serve({ use: 'command', command: [process.execPath, program, folder, pidFile] })
  const all = Object.values(clients)
  const real = (watch: Watch) => watch.frames.filter((frame) => known.has(frame.toString('base64'))).length

  for (let round = 1; round <= 3; round++) {
    await Promise.all(all.map((watch) => watch.more(10)))
    const pid = Number(await readFile(pidFile, 'utf8'))
    const before = all.map(real)
    process.kill(pid, 'SIGKILL')
    await Promise.all(all.map((watch, index) => watch.until(() => real(watch) >= (before[index] ?? 0) + 30)))
    expect(Number(await readFile(pidFile, 'utf8'))).not.toBe(pid)
  }
  expect(all.map(({ ended }) => ended)).toEqual([false, false, false])
  const stats = streamer?.streams.get('main')?.stats()
  expect(stats).toMatchObject({ state: 'live', starts: 4, failures: 3, lastFailure: { code: 'ERR_SOURCE_ENDED' } })
  expect(stats?.lastFailure?.message).toContain('SIGKILL')
  for (const totals of Object.values(stats?.transports ?? {})) expect(totals.clients).toBe(1)
})

it('while a camera is gone, every client sees the last frame again, then "no signal", then the camera', async () => {
  const source = {
    use: 'fake',
    output: 'jpeg',
    width: 160,
    height: 120,
    framerate: 60,
    // Four seconds, in which all the clients have come on a busy machine, too.
    faults: { crashAfter: 240, runs: 1 }
  }
  // A live frame that is late on a busy machine is not repeated yet.
  const clients = await serve(source, 5, { backoffMinMs: 3000, repeatMs: 300, noSignalAfterMs: 1500 })
  const stream = streamer?.streams.get('main')
  for (const watch of Object.values(clients)) {
    await watch.until(() => stream?.state === 'live' && (stream?.stats().captured ?? 0) >= 260)
    await watch.more(5)
    const seen = kindsOf(watch.frames)
    expect(seen).toEqual(['camera', 'repeated', 'no signal', 'camera'])
  }
  expect(stream?.stats()).toMatchObject({ state: 'live', failures: 1, starts: 2 })
})

it('a camera that goes silent is found by the watchdog and clients see why', async () => {
  const clients = await serve(
    { use: 'fake', output: 'jpeg', width: 160, height: 120, framerate: 60, faults: { stallAfter: 20 } },
    0.5
  )
  const stream = streamer?.streams.get('main')
  const { http, tcp, udp } = clients
  await http.until(() => (stream?.stats().placeholders ?? 0) >= 2)
  const [last] = http.frames.slice(-1)
  // The picture was drawn by the core and encoded by the stream's own encoder: a JPEG of the camera's size.
  expect(last?.subarray(0, 2).toString('hex')).toBe('ffd8')
  const size = jpegSize(last ?? Buffer.alloc(0))
  expect(size).toEqual({ width: 160, height: 120 })
  for (const watch of [tcp, udp])
    await watch.until(() => watch.frames.some((frame) => last !== undefined && frame.equals(last)))
  expect(stream?.stats().lastFailure).toMatchObject({ code: 'ERR_SOURCE_STALLED' })
})

it('a command that does not exist leaves the server up, with the reason for everybody to see', async () => {
  const { http } = await serve({ use: 'command', command: ['no-such-camera-program'] })
  await http.more(2)
  const answer = await fetch(
    `${streamer?.urls.find((url) => url.startsWith('http'))}state`.replace('[::]', '127.0.0.1')
  )
  const state = (await answer.json()) as { streams: Array<{ lastFailure: { code: string; message: string } }> }
  expect(JSON.stringify(state)).toContain('ERR_SOURCE_NOT_FOUND')
  expect(JSON.stringify(state)).toContain('no-such-camera-program')
})

/** What a client saw, a word for each stretch. The camera's frames all differ: what comes twice is its last one, and later the drawn one. */
function kindsOf(frames: readonly Buffer[]): string[] {
  const texts = frames.map((frame) => frame.toString('base64'))
  const count = (text: string) => texts.filter((other) => other === text).length
  const first = texts.findIndex((text) => count(text) > 1)
  const kinds = texts.map((text) => (count(text) === 1 ? 'camera' : text === texts[first] ? 'repeated' : 'no signal'))
  return kinds.filter((kind, index) => kind !== kinds[index - 1])
}

function jpegSize(jpeg: Buffer): { width: number; height: number } {
  for (let at = 2; at + 9 < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg[at + 1] ?? 0
    if (marker >= 0xc0 && marker <= 0xc2) return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) }
  }
  return { width: 0, height: 0 }
}
