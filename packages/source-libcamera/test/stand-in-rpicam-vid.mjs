#!/usr/bin/env node
// A stand-in for rpicam-vid, for tests where there is no camera. It checks its arguments as the real one does (core/options.cpp of
// rpicam-apps), writes real JPEGs and metadata records in the same order, and fails as it is told to by environment variables:
//
// STAND_IN_FAIL      a key of `failures` below: how it ends at once
// STAND_IN_FRAMES    ends well after so many frames
// STAND_IN_STALL     after so many frames it says that the camera has timed out, and gives no more; it then ignores SIGINT
// STAND_IN_IGNORE    signals that it ignores, with commas between
// STAND_IN_HALF      "end": half a JPEG when it ends by SIGINT; a number: after so many frames, between two whole ones
// STAND_IN_END      exit code or signal by which it ends on SIGINT
// STAND_IN_SLOW      milliseconds from SIGINT to its end
// STAND_IN_LAST      on SIGINT it first completes the JPEG that it has begun
// STAND_IN_GARBAGE   writes something else than JPEGs
// STAND_IN_OLD       options that this version does not know, with commas between
// STAND_IN_METADATA  "none", "future", "old": no records, or such times in them
// STAND_IN_CAMERAS   what --list-cameras says: "none", "hang", "fail"; otherwise two cameras
// STAND_IN_LOG       a file that gets a line for each start (with the arguments) and each end
import { appendFileSync, fstatSync, openSync, writeSync } from 'node:fs'

const { STAND_IN_FAIL, STAND_IN_FRAMES, STAND_IN_STALL, STAND_IN_HALF, STAND_IN_LAST, STAND_IN_METADATA } = process.env
const {
  STAND_IN_END = '0',
  STAND_IN_SLOW = '0',
  STAND_IN_IGNORE = '',
  STAND_IN_OLD = '',
  STAND_IN_LOG,
  STAND_IN_GARBAGE,
  STAND_IN_CAMERAS
} = process.env

/** Lines on standard error, exit code. */
const failures = {
  'no-cameras': [['ERROR: *** no cameras available ***'], 255],
  'no-such-camera': [['ERROR: *** selected camera is not available ***'], 255],
  acquire: [['ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a ***'], 255],
  pipeline: [
    [
      '[0:01:02.003] [99] ERROR Camera camera.cpp:1022 Pipeline handler in use by another process',
      'ERROR: *** failed to start camera ***'
    ],
    255
  ],
  other: [['something came before', 'ERROR: *** something that nobody has seen yet ***'], 255],
  crash: [['a last word'], 'SIGSEGV'],
  'crash-139': [[], 139],
  abort: [['terminate called without an active exception'], 'SIGABRT'],
  terminated: [[], 'SIGTERM']
}

const flag = { values: /^(|0|1|true|false)$/ }
const whole = { values: /^\d+$/ }
const real = { values: /^-?\d+(\.\d+)?$/ }
const text = { values: /./s }
const oneOf = (...words) => ({ values: new RegExp(`^(${words.join('|')})$`) })
const list = (count) => ({ values: new RegExp(`^(-?\\d+(\\.\\d+)?,){${count - 1}}-?\\d+(\\.\\d+)?$`) })
const options = {
  help: flag,
  'list-cameras': flag,
  nopreview: flag,
  flush: flag,
  hflip: flag,
  vflip: flag,
  timeout: whole,
  width: whole,
  height: whole,
  camera: whole,
  quality: whole,
  rotation: whole,
  framerate: real,
  codec: oneOf('mjpeg'),
  output: oneOf('-'),
  metadata: text,
  'metadata-format': oneOf('txt', 'json'),
  'tuning-file': text,
  shutter: whole,
  gain: real,
  ev: real,
  metering: oneOf('centre', 'spot', 'average', 'custom'),
  awb: oneOf('auto', 'incandescent', 'tungsten', 'fluorescent', 'indoor', 'daylight', 'cloudy', 'custom'),
  awbgains: list(2),
  'autofocus-mode': oneOf('default', 'manual', 'auto', 'continuous'),
  'lens-position': real,
  brightness: real,
  contrast: real,
  saturation: real,
  sharpness: real,
  denoise: oneOf('auto', 'off', 'cdn_off', 'cdn_fast', 'cdn_hq'),
  hdr: oneOf('off', 'auto', 'sensor', 'single-exp'),
  roi: list(4)
}
const shortNames = { n: 'nopreview', t: 'timeout', o: 'output', q: 'quality', h: 'help' }

function log(line) {
  if (STAND_IN_LOG) appendFileSync(STAND_IN_LOG, `${JSON.stringify({ pid: process.pid, ...line })}\n`)
}

function end(lines, codeOrSignal) {
  for (const line of lines) writeSync(2, `${line}\n`)
  log({ end: codeOrSignal })
  if (typeof codeOrSignal === 'number') process.exit(codeOrSignal)
  process.kill(process.pid, codeOrSignal)
  // The signal comes at once, but not within the call.
  for (;;);
}

const refuse = (what) => end([`ERROR: *** ${what} ***`], 255)

function parse(args) {
  const found = {}
  for (let i = 0; i < args.length; i++) {
    const [, dashes, given, , joined] = /^(--?)([^=]*)(=(.*))?$/s.exec(args[i]) ?? []
    if (!dashes) refuse('too many positional options have been specified on the command line')
    const name = dashes === '-' ? shortNames[given] : given
    const option = options[name]
    if (!option || STAND_IN_OLD.split(',').includes(name)) refuse(`unrecognised option '${args[i]}'`)
    const value = joined ?? (option === flag ? '' : args[++i])
    if (value === undefined) refuse(`the required argument for option '${args[i - 1]}' is missing`)
    if (!option.values.test(value)) refuse(`the argument ('${value}') for option '--${name}' is invalid`)
    if (name in found) refuse(`option '--${name}' cannot be specified more than once`)
    found[name] = value
  }
  return found
}

/** A grey picture, whole blocks of one brightness: DC coefficients only, with Huffman tables of two and of one symbol. */
function jpegOf(width, height, brightness) {
  const word = (value) => [value >> 8, value & 0xff]
  const segment = (code, bytes) => [0xff, code, ...word(bytes.length + 2), ...bytes]
  const table = (kind, symbols) =>
    segment(0xc4, [kind, symbols.length > 0 ? 1 : 0, symbols.length > 1 ? 1 : 0, ...Array(14).fill(0), ...symbols])
  // The first block has the brightness as a difference of 7 bits, 64 to 127; the others have none.
  const bits = `10${(64 + (brightness % 64)).toString(2)}0${'00'.repeat(Math.ceil(width / 8) * Math.ceil(height / 8) - 1)}`
  const data = []
  for (let i = 0; i < bits.length; i += 8) {
    const byte = Number.parseInt(bits.slice(i, i + 8).padEnd(8, '1'), 2)
    data.push(byte, ...(byte === 0xff ? [0] : []))
  }
  return Buffer.from([
    ...[0xff, 0xd8],
    ...segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...Array(64).fill(8)]),
    ...segment(0xc0, [8, ...word(height), ...word(width), 1, 1, 0x11, 0]),
    ...table(0x00, [0, 7]),
    ...table(0x10, [0]),
    ...segment(0xda, [1, 1, 0, 0, 63, 0]),
    ...data,
    ...[0xff, 0xd9]
  ])
}

/** Whole writes to a pipe that Node has made non-blocking. */
function write(descriptor, bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      if (error.code === 'EPIPE') end([], 'SIGABRT')
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

const cameras = `Available cameras
-----------------
0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]
                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]

1 : HD Webcam C270 [1280x960] (/base/scb/pcie@7d500000/usb@0,0-1:1.0-046d:0825)
    Modes: 'MJPEG' : 640x480 [30.00 fps - (0, 0)/0x0 crop]
           'YUYV' : 640x480 [30.00 fps - (0, 0)/0x0 crop]
                    1280x960 [7.50 fps - (0, 0)/0x0 crop]

`

const found = parse(process.argv.slice(2))
log({ start: process.argv.slice(2) })
for (const signal of STAND_IN_IGNORE.split(',').filter(Boolean))
  process.on(signal, () => writeSync(2, `ignored ${signal}\n`))

if ('help' in found) {
  console.log(
    `This is a stand-in for rpicam-vid, for tests. Valid options are:\n  --${Object.keys(options).join('\n  --')}`
  )
  process.exit(0)
}
if ('list-cameras' in found) {
  if (STAND_IN_CAMERAS === 'fail') end(['ERROR: *** failed to generate capture configuration ***'], 255)
  if (STAND_IN_CAMERAS === 'none') console.log('No cameras available!')
  else if (STAND_IN_CAMERAS === 'hang') setInterval(() => {}, 1e6)
  else process.stdout.write(cameras)
} else {
  capture()
}

function capture() {
  if (STAND_IN_FAIL) end(...failures[STAND_IN_FAIL])
  if (found.rotation && !['0', '180'].includes(found.rotation)) refuse('transforms requiring transpose not supported')
  if (found.metadata === '-') refuse('the stand-in takes no metadata among its pictures')
  // The real one says nothing when it cannot open the file; so does this, and then there are no times.
  const metadata = found.metadata && STAND_IN_METADATA !== 'none' ? openSync(found.metadata, 'w') : undefined
  if (metadata !== undefined && !fstatSync(metadata).isFIFO()) refuse('metadata must go to a FIFO')
  console.error('[0:00:01.000] [42] INFO Camera camera_manager.cpp:327 libcamera stand-in')

  const { width = '640', height = '480', framerate = '30' } = found
  // Whole milliseconds, and exposures at 777 µs of one, so that tests know the times of this sensor from those of arrival.
  const intervalUs = Math.max(1, Math.round(1000 / Number(framerate))) * 1000
  const beginUs = Number(process.hrtime.bigint() / 1_000_000n) * 1000 - 223
  const shiftUs = { future: 60_000_000, old: -60_000_000 }[STAND_IN_METADATA] ?? 0
  let frames = 0
  let isEnding = false

  function record() {
    const nowUs = Number(process.hrtime.bigint() / 1000n)
    const sensorUs = beginUs + Math.floor((nowUs - beginUs) / intervalUs - 1) * intervalUs + shiftUs
    for (const line of ['ExposureTime=9000', `SensorTimestamp=${sensorUs}000`, `FrameDuration=${intervalUs}`, '']) {
      if (metadata !== undefined) write(metadata, Buffer.from(`${line}\n`))
    }
  }

  function frame() {
    if (isEnding) return
    if (STAND_IN_GARBAGE) return write(1, Buffer.alloc(256 * 1024, 'not a JPEG '))
    const jpeg = jpegOf(Number(width), Number(height), frames)
    if (STAND_IN_HALF === String(frames)) write(1, jpeg.subarray(0, jpeg.length / 2))
    if (STAND_IN_LAST) {
      // Its end comes with SIGINT, or with the next frame.
      write(1, Buffer.concat([rest, jpeg.subarray(0, jpeg.length / 2)]))
      rest = jpeg.subarray(jpeg.length / 2)
    } else write(1, jpeg)
    record()
    frames++
    if (STAND_IN_FRAMES === String(frames)) end(['Halting: reached timeout of 1 milliseconds.'], 0)
    if (STAND_IN_STALL === String(frames)) stall()
  }
  let rest = Buffer.alloc(0)

  function stall() {
    isEnding = true
    process.removeAllListeners('SIGINT')
    process.on('SIGINT', () => {})
    setInterval(() => {
      writeSync(
        2,
        '[0:00:09.000] [43] ERROR V4L2 v4l2_videodevice.cpp:2094 /dev/video4[14:cap]: Camera frontend has timed out!\n'
      )
      writeSync(2, 'ERROR: Device timeout detected, attempting a restart!!!\n')
    }, 50)
  }

  if (!STAND_IN_IGNORE.split(',').includes('SIGINT')) {
    process.on('SIGINT', () => {
      isEnding = true
      write(1, rest)
      if (STAND_IN_HALF === 'end') write(1, jpegOf(Number(width), Number(height), frames).subarray(0, 100))
      const how = /^\d+$/.test(STAND_IN_END) ? Number(STAND_IN_END) : STAND_IN_END
      setTimeout(() => end(['Received signal 2'], how), Number(STAND_IN_SLOW))
    })
  }
  if (STAND_IN_STALL === '0') stall()
  setInterval(frame, intervalUs / 1000)
}
