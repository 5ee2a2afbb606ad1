import { fakeCamera, startStreamer, type TestServer, type TestServerOptions } from '@streamer/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import {
  go2rtc,
  homeAssistantLive,
  homeAssistantStill,
  imageElement,
  mainsailStream,
  type Pictures,
  snapshot
} from './support/http-parsers.js'

const origin = 'http://mainsail.local'
const noEnd = 86_400_000
let server: TestServer | undefined
let open: Pictures[] = []

afterEach(async () => {
  await server?.stop()
  server = undefined
  // Ends them where they wait for what no longer comes.
  await Promise.all(open.map((pictures) => pictures.return().catch(() => {})))
  open = []
})

/** A server whose camera gives a picture when the test says so. */
async function serve(options: TestServerOptions = {}) {
  const camera = fakeCamera({ manual: true })
  server = await startStreamer({ camera, transports: [{ use: 'http', corsOrigin: origin }], ...options })
  return { camera, base: server.url('http') }
}

function watching(pictures: Pictures): () => Promise<Buffer> {
  open.push(pictures)
  return async () => {
    const { value, done } = await pictures.next()
    if (done) throw new Error('the stream has ended')
    return value
  }
}

const readers: [string, (url: string) => Pictures][] = [
  ['Mainsail, MJPEG-Streamer', (url) => mainsailStream(url, origin)],
  ['Fluidd, MJPEG-Streamer', (url) => imageElement(url, `cacheBust=${Date.now()}`)],
  ['OctoPrint, with its cache buster', (url) => imageElement(url, String(Date.now()))],
  ['Home Assistant, live', (url) => homeAssistantLive(url)],
  ['go2rtc', go2rtc]
]

describe.each(readers)('by the rules of %s', (_, reader) => {
  for (const path of ['stream.mjpg', '?action=stream']) {
    it(`each picture of /${path} is shown before the next one is taken`, async () => {
      const { camera, base } = await serve()
      const next = watching(reader(base + path))
      for (let count = 0; count < 20; count++) {
        const [frame, shown] = await Promise.all([camera.step(), next()])
        expect(shown.equals(frame.data)).toBe(true)
      }
    })
  }

  it('something comes while the camera is silent: the last picture again', async () => {
    const { camera, base } = await serve({ supervision: { repeatMs: 100, noSignalAfterMs: noEnd } })
    const next = watching(reader(`${base}stream.mjpg`))
    const [frame, shown] = await Promise.all([camera.step(), next()])
    expect(shown.equals(frame.data)).toBe(true)
    for (let count = 0; count < 3; count++) expect((await next()).equals(frame.data)).toBe(true)
  })
})

describe('by the rules of Mainsail', () => {
  it('the stream cannot be read without corsOrigin', async () => {
    const { base } = await serve({ transports: [{ use: 'http' }] })
    await expect(watching(mainsailStream(`${base}stream.mjpg`, origin))()).rejects.toThrow('does not let')
  })

  it('the camera runs on while it connects anew, as it does every 10 s', async () => {
    // The default of a server. Longer than the test, so that only the next viewer counts.
    const { camera, base } = await serve({ linger: 15 })
    for (let round = 0; round < 3; round++) {
      const pictures = mainsailStream(`${base}stream.mjpg`, origin)
      const [frame, shown] = await Promise.all([camera.step(), watching(pictures)()])
      expect(shown.equals(frame.data)).toBe(true)
      await pictures.return()
      await expect.poll(() => server!.streamer.streams.get('main')!.stats().clients.length).toBe(0)
    }
    expect(camera.stats()).toMatchObject({ starts: 1 })
  })
})

const snapshots: [string, string, string][] = [
  ['Mainsail, adaptive', 'snapshot.jpg', 'bypassCache=1700000000000'],
  ['Mainsail, adaptive, as mjpg-streamer', '?action=snapshot', 'bypassCache=1700000000000'],
  ['Fluidd, adaptive', '?action=snapshot', 'cacheBust=1700000000000'],
  ['Moonraker and its timelapse', '?action=snapshot', ''],
  ['OctoPrint', 'snapshot', ''],
  ['Home Assistant, still_image_url', 'snapshot.jpg', '']
]

describe.each(snapshots)('by the rules of %s', (_, path, added) => {
  it('the first picture of a camera that was off is the answer, and the next one of the next', async () => {
    const { camera, base } = await serve({ linger: 15 })
    expect(camera.isRunning).toBe(false)
    for (let count = 0; count < 5; count++) {
      const answer = snapshot(base + path, added)
      // Else the picture could come before the request.
      await expect.poll(() => server!.streamer.streams.get('main')!.stats().clients.length).toBe(1)
      const frame = await camera.step()
      expect((await answer).equals(frame.data)).toBe(true)
    }
    expect(camera.stats()).toMatchObject({ starts: 1, frames: 5 })
  })

  it('a picture can be had beside an open stream and after it', async () => {
    const { camera, base } = await serve()
    const pictures = imageElement(`${base}stream.mjpg`)
    await Promise.all([camera.step(), watching(pictures)()])
    const beside = snapshot(base + path, added)
    await expect.poll(() => server!.streamer.streams.get('main')!.stats().clients.length).toBe(2)
    const frame = await camera.step()
    expect((await beside).equals(frame.data)).toBe(true)
    await pictures.return()
    await camera.stopped()
    const [last, after] = await Promise.all([camera.step(), snapshot(base + path, added)])
    expect(after.equals(last.data)).toBe(true)
  })
})

it('by the rules of Home Assistant a still picture is cut out of the stream', async () => {
  const { camera, base } = await serve()
  const [frame, still] = await Promise.all([camera.step(), homeAssistantStill(`${base}stream.mjpg`)])
  expect(still.equals(frame.data)).toBe(true)
  await camera.stopped()
})
