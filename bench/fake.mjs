/**
 * What the fake camera and the JPEG encoder cost: `npx tsc -b && node bench/fake.mjs [seconds]`.
 * Times per frame are measured one after the other in this run; CPU time is that of the whole process, all its threads included.
 */
import os from 'node:os'
import { JpegEncoder } from '../packages/encoder-jpeg/dist/index.js'
import { FakeCamera } from '../packages/source-fake/dist/index.js'
import { PicturePool } from '../packages/source-fake/dist/picture-pool.js'
import { TestPicture } from '../packages/source-fake/dist/test-picture.js'

const seconds = Number(process.argv[2] ?? 10)
console.log(
  `${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(1)}`
)
console.log(`${'picture'.padEnd(18)}${'draw'.padStart(10)}${'encode'.padStart(10)}   (CPU ms per frame, all threads)`)
for (const [width, height, count] of [
  [160, 120, 2000],
  [640, 480, 600],
  [1920, 1080, 120],
  [3840, 2160, 40]
]) {
  const { drawMs, encodeMs } = await costOf(width, height, count)
  console.log(`${`${width}x${height}`.padEnd(18)}${drawMs.toFixed(3).padStart(10)}${encodeMs.toFixed(3).padStart(10)}`)
}
await idleShare()
for (const [title, options, withEncoder] of [
  ['640x480, 30 fps, raw output', {}, false],
  ['640x480, 30 fps, raw output and encoder-jpeg', {}, true],
  ['640x480, 30 fps, JPEG output', { output: 'jpeg' }, false],
  ['1920x1080, 30 fps, raw output and encoder-jpeg', { width: 1920, height: 1080 }, true]
]) {
  const { frames, share, lateMs } = await run(options, withEncoder)
  const late = `first to last frame ${lateMs >= 0 ? '+' : ''}${lateMs.toFixed(1)} ms of the exact time`
  console.log(`${title}: ${(share * 100).toFixed(1)} % of one core, ${(frames / seconds).toFixed(1)} fps, ${late}`)
}

/** CPU time of the process in milliseconds. */
function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

async function costOf(width, height, count) {
  const pool = new PicturePool(width, height)
  const painter = new TestPicture(width, height)
  const draw = (sequence) => {
    const frame = pool.take(sequence, 0)
    painter.draw(frame.picture, 'bars', 0, { sequence, framerate: 30, wallClockMs: Date.now() })
    return frame
  }
  for (let sequence = 0; sequence < 10; sequence++) draw(sequence).release()
  let begin = cpuMs()
  for (let sequence = 0; sequence < count; sequence++) draw(sequence).release()
  const drawMs = (cpuMs() - begin) / count
  let done = () => {}
  const encoder = new JpegEncoder()
  await encoder.start({ signal: new AbortController().signal, fail: console.error, push: () => done() })
  const encode = (frame) =>
    new Promise((resolve) => {
      done = resolve
      encoder.push(frame)
    })
  const frame = draw(100)
  for (let turn = 0; turn < 10; turn++) await encode(frame)
  begin = cpuMs()
  for (let turn = 0; turn < count; turn++) await encode(frame)
  const encodeMs = (cpuMs() - begin) / count
  await encoder.stop()
  return { drawMs, encodeMs }
}

async function run(options, withEncoder) {
  const camera = new FakeCamera(options)
  const times = []
  let frames = 0
  const encoder = new JpegEncoder()
  const rest = { signal: new AbortController().signal, fail: console.error }
  await encoder.start({ ...rest, push: () => frames++ })
  const push = (frame) => {
    times.push([frame.sequence, frame.timestampUs])
    if (withEncoder) {
      encoder.push(frame)
      return
    }
    frames++
    frame.release?.()
  }
  await camera.start({ ...rest, push })
  // The first half second pays for loading, the first picture and the compiler.
  await new Promise((resolve) => setTimeout(resolve, 500))
  frames = 0
  const begin = cpuMs()
  const beginMs = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const share = (cpuMs() - begin) / (performance.now() - beginMs)
  const counted = frames
  await camera.stop()
  await encoder.stop()
  const [first, last] = [times[0], times.at(-1)]
  const lateMs = (last[1] - first[1] - ((last[0] - first[0]) * 1_000_000) / 30) / 1000
  return { frames: counted, share, lateMs }
}

async function idleShare() {
  const begin = cpuMs()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  console.log(`doing nothing: ${((cpuMs() - begin) / 10).toFixed(1)} % of one core`)
}
