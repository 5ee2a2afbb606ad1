// A stand-in for the camera helper, with faults on request: node stand-in-helper.mjs FAULT stream name=value …
// `none` gives text in place of pictures; `pictures` is no fault: JPEGs, settings that are kept, and an answer to `list`.
import { writeSync } from 'node:fs'

const [fault = 'none', command, ...pairs] = process.argv.slice(2)
const settings = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s)))
const events = (event) => writeSync(3, `${JSON.stringify(event)}\n`)
const controls = [
  { name: 'quality', type: 'integer', minimum: 1, maximum: 100, default: 80 },
  { name: 'brightness', type: 'number', minimum: -1, maximum: 1, default: 0 }
]

if (fault === 'pictures') controls.push({ name: 'flipVertical', type: 'boolean', default: false })

/** What walks like a JPEG of 64x48 pixels: headers, a scan of one value, the end. */
const jpegOf = (number) =>
  Buffer.from([
    ...[0xff, 0xd8],
    ...[0xff, 0xc0, 0, 11, 8, 0, 48, 0, 64, 1, 1, 0x11, 0],
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0],
    ...Array(100).fill(number % 200),
    ...[0xff, 0xd9]
  ])

function record(sequence, payload, { width = 64, height = 48, stride = 0, type = 1 } = {}) {
  const header = Buffer.alloc(48)
  header.writeUInt32LE(0x31464353, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt16LE(48, 6)
  header.writeBigUInt64LE(BigInt(sequence), 8)
  header.writeBigUInt64LE(process.hrtime.bigint() / 1000n, 16)
  header.writeUInt32LE(width, 24)
  header.writeUInt32LE(height, 28)
  header.writeUInt32LE(stride, 32)
  header.writeUInt32LE(payload.length, 36)
  return Buffer.concat([header, payload])
}

/** The values of a line `set id=1 name=value …`. */
function valuesIn(line) {
  const found = [...line.matchAll(/ (\w+)=(\S+)/g)].filter(([, name]) => name !== 'id')
  return Object.fromEntries(
    found.map(([, name, text]) => [name, name === 'flipVertical' ? text === 'true' : Number(text)])
  )
}

function end(code, text) {
  if (text) writeSync(2, `${text}\n`)
  process.exit(code)
}

if (fault === 'pictures' && command === 'list') {
  // The camera's own; every camera has the others.
  const own = controls.filter(({ name }) => name === 'brightness')
  const camera = { id: 'stand-in', model: 'Stand-in', modes: [], controls: own }
  writeSync(1, JSON.stringify({ libcamera: '0.0.0', cameras: [camera] }))
} else if (fault === 'silent') setInterval(() => {}, 1000)
else run()

function run() {
  if (['busy', 'no-camera', 'permission', 'unsupported', 'failed'].includes(fault)) {
    events({ event: 'error', code: fault, message: `it is ${fault}` })
    end(1)
  }
  if (fault === 'exit') end(4, 'something is wrong')
  if (fault === 'library')
    end(127, 'helper: error while loading shared libraries: libcamera.so.0.5: cannot open shared object file')
  if (fault === 'abort') process.abort()
  events({
    event: 'ready',
    libcamera: '0.0.0',
    camera: { id: 'stand-in', model: 'Stand-in' },
    width: 640,
    height: 480,
    pixelFormat: 'nv12',
    controls,
    values: settings.brightness ? { brightness: Number(settings.brightness) } : {}
  })
  if (fault === 'refuses-start')
    events({ event: 'refused', id: 'start', message: 'this camera has no control "nothing"' })
  if (fault === 'garbage-events') writeSync(3, 'no JSON\n{"half": \n[1,2]\nnull\n')
  if (fault === 'disconnected') {
    writeSync(1, record(0, Buffer.from('frame')))
    events({ event: 'error', code: 'disconnected', message: 'the camera was unplugged' })
    end(1)
  }
  if (fault === 'garbage') writeSync(1, Buffer.alloc(4096, 0x55))
  if (fault === 'huge') writeSync(1, record(0, Buffer.alloc(0)).fill(0xff, 36, 40))
  if (fault === 'half') {
    writeSync(1, record(0, Buffer.alloc(1000)).subarray(0, 500))
    end(0)
  }
  if (fault === 'timeout')
    writeSync(
      2,
      '[1:2:3] ERROR V4L2 v4l2_videodevice.cpp:2029 /dev/video0: Dequeue timer of 1000000.00us has expired!\n'
    )
  let sequence = 0
  setInterval(() => {
    const n = sequence++
    if (settings.output === 'raw') writeSync(1, record(n, Buffer.alloc((64 * 48 * 3) / 2, n), { stride: 64, type: 3 }))
    else if (fault === 'pictures') writeSync(1, record(n, jpegOf(n)))
    else writeSync(1, record(n, Buffer.from(`frame ${n} ${JSON.stringify(settings)}`)))
  }, 5)
  process.stdin.on('data', (chunk) => {
    for (const line of String(chunk).trim().split('\n')) {
      const id = /id=(\d+)/.exec(line)?.[1]
      if (fault === 'refuses') events({ event: 'refused', id, message: 'brightness cannot be that' })
      else if (fault === 'dies-on-set') end(9)
      else if (fault === 'pictures') events({ event: 'applied', id, sequence, values: valuesIn(line) })
      else events({ event: 'applied', id, sequence, values: { brightness: 0.25 } })
    }
  })
  process.stdin.on('end', () => fault === 'hangs' || process.exit(0))
  // It hears nothing any more, and is in no hurry.
  if (fault === 'hangs') process.on('SIGTERM', () => {})
}
