import { execFile } from 'node:child_process'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { drawNumbered, numberedCount } from './pictures.ts'
import { helperSources, inRoot, root } from './root.ts'

const run = promisify(execFile)

/** Compiles the helper inside the root, and puts pictures there for the virtual camera to show. */
export default async function setup(): Promise<void> {
  const sources = join(root(), 'opt/helper')
  await rm(sources, { recursive: true, force: true })
  await cp(helperSources, sources, { recursive: true })
  const flags = '$(pkg-config --cflags --libs libcamera libjpeg) -pthread'
  const strict = '-std=c++17 -O2 -Wall -Wextra -Werror'
  const compile = `cd /opt/helper && g++ ${strict} *.cpp -o /opt/streamer-camera ${flags}`
  const tests = `g++ ${strict} -I. test/controls-test.cpp controls.cpp command.cpp -o /opt/controls-test ${flags}`
  const picture = 'test/pictures-test.cpp jpeg.cpp planes.cpp'
  const pictures = `g++ ${strict} -I. ${picture} -o /opt/pictures-test $(pkg-config --cflags --libs libjpeg libturbojpeg)`
  await run(inRoot[0] ?? '', [...inRoot.slice(1), 'sh', '-c', `${compile} && ${tests} && ${pictures}`])

  const frames = join(root(), 'srv/frames')
  await rm(frames, { recursive: true, force: true })
  await mkdir(frames, { recursive: true })
  await writeVirtualCameras()
  for (let number = 0; number < numberedCount; number++) {
    const picture = join(frames, `${number}.ppm`)
    await writeFile(picture, drawNumbered(number))
    await run('ffmpeg', [
      '-loglevel',
      'error',
      '-y',
      '-i',
      picture,
      '-pix_fmt',
      'yuvj420p',
      '-q:v',
      '2',
      join(frames, `${number}.jpg`)
    ])
    await rm(picture)
  }
}

/** The cameras that there are when no test says otherwise. */
export async function writeVirtualCameras(): Promise<void> {
  await cp(new URL('virtual.yaml', import.meta.url), join(root(), 'usr/share/libcamera/pipeline/virtual/virtual.yaml'))
}
