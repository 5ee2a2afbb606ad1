/**
 * What encoder-jpeg costs: `node encoder.mjs [SECONDS]`. Prints JSON: CPU milliseconds of the whole process per VGA picture of `rgb24`, and how busy the main thread
 * is while pictures of 1920x1080 come 30 times a second.
 */
import { JpegEncoder } from '../../packages/encoder-jpeg/dist/index.js'
import { FakeCamera } from '../../packages/source-fake/dist/index.js'

const seconds = Number(process.argv[2] ?? 3)
const rest = { signal: new AbortController().signal, fail: (error) => Promise.reject(error) }

/** One picture of the fake camera, `rgb24`. */
async function picture(width, height) {
  const camera = new FakeCamera({ width, height })
  const frame = await new Promise((resolve) => void camera.start({ ...rest, push: resolve }))
  await camera.stop()
  const [{ data, stride }] = frame.planes
  return { ...frame, release: undefined, planes: [{ data: Buffer.from(data), stride }] }
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

async function perPicture() {
  const frame = await picture(640, 480)
  let done = () => {}
  const encoder = new JpegEncoder()
  await encoder.start({ ...rest, push: () => done() })
  const encode = () =>
    new Promise((resolve) => {
      done = resolve
      encoder.push(frame)
    })
  for (let turn = 0; turn < 50; turn++) await encode()
  const begin = cpuMs()
  const until = performance.now() + seconds * 1000
  let count = 0
  while (count === 0 || performance.now() < until) {
    await encode()
    count++
  }
  const result = (cpuMs() - begin) / count
  await encoder.stop()
  return result
}

async function busyShare() {
  const frame = await picture(1920, 1080)
  let encoded = 0
  const encoder = new JpegEncoder()
  await encoder.start({ ...rest, push: () => encoded++ })
  let begin
  const ending = new Promise((resolve) => {
    let turn = 0
    // The first second pays for loading and compiling.
    const turns = Math.max(1, Math.round(seconds * 30)) + 30
    const beginMs = performance.now()
    const show = () => {
      if (turn === 30) begin = performance.eventLoopUtilization()
      if (turn === turns) return resolve()
      encoder.push(frame)
      turn++
      setTimeout(show, Math.max(0, beginMs + (turn * 1000) / 30 - performance.now()))
    }
    show()
  })
  await ending
  const { utilization } = performance.eventLoopUtilization(begin)
  await encoder.stop()
  return { utilization, encoded }
}

const vgaMs = await perPicture()
const { utilization, encoded } = await busyShare()
process.stdout.write(`${JSON.stringify({ vgaMs, busyShare: utilization, encoded })}\n`)
