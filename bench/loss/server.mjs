/**
 * The server of `bench/loss.mjs`: `node server.mjs '{"transport":{"use":"udp",…},"frames":600,"framerate":30,"frameBytes":40000}'`. Makes so many frames
 * once somebody watches, and then no more. Says `listening`, then `finished`; answers `report` with `{ sent }`; ends with its standard input.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { compose, SOURCE, SUPERVISION } from '../../packages/core/dist/index.js'
import { monotonicUs } from '../../packages/core/dist/plugin/index.js'
import { FakeCamera } from '../../packages/source-fake/dist/index.js'
import { padded, writeStamp } from './stamp.mjs'

const { transport, frames, framerate, frameBytes } = JSON.parse(process.argv[2])
const [width, height] = [640, 480]
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

/** Shows one picture again and again, each time with a new stamp. */
class ReplaySource {
  #picture
  #timer
  #sequence = 0

  constructor(picture) {
    this.#picture = picture
  }

  async start(run) {
    const startUs = monotonicUs() - (this.#sequence * 1e6) / framerate
    const show = () => {
      if (this.#sequence === frames) {
        say({ finished: true })
        return
      }
      const timestampUs = monotonicUs()
      const data = Buffer.from(this.#picture)
      writeStamp(data, timestampUs)
      const sequence = this.#sequence++
      run.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data })
      const dueUs = startUs + (this.#sequence * 1e6) / framerate
      this.#timer = setTimeout(show, Math.max(0, (dueUs - monotonicUs()) / 1000))
    }
    this.#timer = setTimeout(show)
  }

  async stop() {
    clearTimeout(this.#timer)
  }
}

/** The JPEG of a real picture. */
async function testPicture() {
  const camera = new FakeCamera({ width, height, output: 'jpeg', quality: 80 })
  const run = { signal: new AbortController().signal, fail: console.error }
  const jpeg = await new Promise(
    (resolve) => void camera.start({ ...run, push: ({ data }) => resolve(Buffer.from(data)) })
  )
  await camera.stop()
  return jpeg
}

const source = new ReplaySource(padded(await testPicture(), frameBytes))
// When its frames are over the source is silent, and nobody shall step in for it.
const never = 86_400_000
const supervision = { repeatMs: never, noSignalAfterMs: never }
const config = { watchdog: 0, linger: 3600, transports: [transport] }
const streamer = await compose(config, {
  override: [
    [SOURCE, source],
    [SUPERVISION, supervision]
  ]
})
await streamer.start()
say({ listening: streamer.urls })

createInterface(process.stdin).on('line', (line) => {
  if (!JSON.parse(line).report) return
  const [stream] = streamer.streams.values()
  const [totals] = Object.values(stream.stats().transports)
  say({ report: { sent: totals?.delivered ?? 0 } })
})
await once(process.stdin, 'end')
await streamer.stop()
