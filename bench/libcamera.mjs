/**
 * What the camera helper costs, with the real libcamera and its virtual camera, in a folder that `scripts/libcamera-root.sh` has made:
 *
 *   npx tsc -b && node bench/libcamera.mjs FOLDER [seconds]
 *
 * JPEG: CPU time of one picture here and by libjpeg-turbo's own call for planes, by turns in one process, and what libjpeg-turbo's own tool says.
 * Pipe: CPU time of this process while it takes frames of 1920x1080 from the helper, against the same process doing nothing.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '../packages/core/dist/plugin/index.js'
import { configSchema, LibcameraSource } from '../packages/source-libcamera/dist/index.js'

const [root, seconds = '10'] = process.argv.slice(2)
if (!root) {
  console.error('usage: node bench/libcamera.mjs FOLDER [seconds]')
  process.exit(2)
}
const inRoot = (command) => execFileSync('chroot', [root, 'sh', '-c', command], { encoding: 'utf8' })

console.log(
  `${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(1)}`
)
const sources = join(root, 'opt/bench-helper')
rmSync(sources, { recursive: true, force: true })
cpSync(fileURLToPath(new URL('../packages/source-libcamera/helper', import.meta.url)), sources, { recursive: true })
const flags = '-std=c++17 -O2'
inRoot(
  `cd /opt/bench-helper && g++ ${flags} -I. test/bench.cpp jpeg.cpp planes.cpp -o /opt/bench $(pkg-config --cflags --libs libjpeg libturbojpeg) && ` +
    `g++ ${flags} *.cpp -o /opt/bench-camera $(pkg-config --cflags --libs libcamera libjpeg) -pthread`
)

console.log(
  '\nOne JPEG, quality 80, 4:2:0 (CPU µs, best of many; ratio to tjCompressFromYUVPlanes on the same picture)'
)
for (const [width, height, rounds] of [
  [640, 480, 400],
  [1920, 1080, 80]
]) {
  const result = JSON.parse(inRoot(`/opt/bench ${width} ${height} ${rounds} /opt/bench-${width}.ppm`))
  const times = `libjpeg-turbo ${result.turboUs.toFixed(0)}, ours ${result.planarUs.toFixed(0)} (${result.planarRatio.toFixed(2)})`
  const nv12 = `from nv12 ${result.nv12Us.toFixed(0)} (${result.nv12Ratio.toFixed(2)})`
  console.log(`${width}x${height}: ${times}, ${nv12}; turning by 90 ${result.turnUs.toFixed(0)}`)
}
console.log('\ntjbench of libjpeg-turbo on the same picture of 640x480:')
const tool = inRoot('tjbench /opt/bench-640.ppm 80 -subsamp 420 -yuv -nowrite -benchtime 2 2>&1')
for (const line of tool
  .split('\n')
  .filter((text) => /Comp|Throughput|Frame rate/.test(text))
  .slice(0, 6))
  console.log(line)

/** CPU time of this process and all its threads, in shares of a core. */
async function shareOf(milliseconds) {
  const before = process.cpuUsage()
  const begin = performance.now()
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / (performance.now() - begin)
}

console.log('\nFrames of 1920x1080 at 30 per second into this process (its CPU, in % of a core)')
const percent = (share) => `${(share * 100).toFixed(1)} %`
// The first seconds pay for loading.
await shareOf(2000)
console.log(`doing nothing: ${percent(await shareOf(Number(seconds) * 1000))}`)
for (const output of ['jpeg', 'raw']) {
  const options = {
    width: 1920,
    height: 1080,
    output,
    helper: ['chroot', root, '/opt/bench-camera'],
    backend: 'helper'
  }
  const source = new LibcameraSource(configSchema.parse(options), '/', silentLogger)
  let frames = 0
  const push = (frame) => {
    frames++
    if (frame.kind === 'raw') frame.release?.()
  }
  await source.start({ signal: new AbortController().signal, fail: (error) => console.error(error.message), push })
  await shareOf(2000)
  frames = 0
  const share = await shareOf(Number(seconds) * 1000)
  const rate = frames / Number(seconds)
  await source.stop()
  console.log(`${output}: ${percent(share)}, ${rate.toFixed(1)} fps`)
}
