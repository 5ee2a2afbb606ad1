import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

/** An executable stand-in. */
async function script(name: string, text: string): Promise<string> {
  const path = join(place.folder, name)
  await writeFile(path, `#!/bin/sh\n# A stand-in.\nPATH=/usr/bin:/bin\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

/** A configuration whose camera is a stand-in for the helper that answers `list` like this. */
async function helperThatSays(list: unknown, more = ''): Promise<void> {
  await writeFile(join(place.folder, 'list.json'), JSON.stringify(list))
  await script(
    'stand-in-helper',
    `test "$1" = list || { echo "no camera for $1" >&2; exit 1; }\ncat '${place.folder}/list.json'`
  )
  await writeFile(
    join(place.folder, '.streamerrc'),
    `source: { use: libcamera, helper: [./stand-in-helper] }\ntransports: [{ use: http, port: 0 }]\n${more}`
  )
}

const size = (pixelFormat: string, width: number, height: number) => ({ pixelFormat, width, height })

const twoCameras = {
  libcamera: '9.8.7',
  cameras: [
    {
      id: '/base/imx708@1a',
      model: 'imx708',
      location: 'external',
      rotation: 180,
      modes: [size('nv12', 640, 480), size('yuv420p', 640, 480), size('nv12', 1920, 1080)],
      controls: [
        { name: 'brightness', type: 'number', minimum: -1, maximum: 1, default: 0 },
        { name: 'exposureTimeUs', type: 'integer', minimum: 1, maximum: 66666, default: 20000 },
        { name: 'autoExposure', type: 'boolean', default: true },
        { name: 'awbMode', type: 'enum', values: ['auto', 'daylight'], default: 'auto' }
      ]
    },
    { id: '/base/usb@2', model: 'Webcam', modes: [], controls: [] }
  ]
}

/** No tools to build a helper with, and nothing of the machine's own. */
const bare = () => ({ PATH: join(place.folder, 'bin'), STREAMER_CACHE_DIR: join(place.folder, 'cache') })

describe('streamer cameras', () => {
  it('lists number, model, id, place, sizes by format, and controls with their ranges', async () => {
    await helperThatSays(twoCameras)
    const { code, stdout } = await place.run(['cameras'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^2 cameras, found by libcamera 9\.8\.7\n\n0 {2}imx708\n {3}id {8}\/base\/imx708@1a\n/)
    expect(stdout).toMatch(/^ {3}place {5}external, mounted turned by 180°$/m)
    expect(stdout).toMatch(/^ {3}sizes {5}nv12 {5}640x480 1920x1080\n {13}yuv420p {2}640x480$/m)
    expect(stdout).toMatch(/^ {3}controls {2}brightness {6}-1 to 1 {9}default 0 {6}\S/m)
    expect(stdout).toMatch(/^ {13}exposureTimeUs {2}1 to 66666 µs {3}default 20000 {2}\S/m)
    expect(stdout).toMatch(/^ {13}autoExposure {4}true or false {3}default true/m)
    expect(stdout).toMatch(/^ {13}awbMode {9}auto, daylight {2}default auto/m)
    expect(stdout).toMatch(/^1 {2}Webcam\n[\s\S]*controls {2}none$/m)
  })

  it('gives the same as JSON', async () => {
    await helperThatSays(twoCameras)
    const { code, stdout } = await place.run(['cameras', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      backEnd: 'helper',
      libcamera: '9.8.7',
      cameras: [{ id: '/base/imx708@1a' }, { model: 'Webcam' }]
    })
  })

  it('ends with 1 and names the doctor when there is none', async () => {
    await helperThatSays({ libcamera: '9.8.7', cameras: [] })
    const { code, stdout } = await place.run(['cameras'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^No camera was found by libcamera 9\.8\.7\.\n`streamer doctor`/)
    const json = await place.run(['cameras', '--json'])
    expect([json.code, JSON.parse(json.stdout).cameras]).toEqual([1, []])
  })

  it('says what is missing where there is no helper and none can be built', async () => {
    const { code, stdout, stderr } = await place.run(['cameras'], bare())
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/the camera helper is not built: g\+\+(,| and) pkg-config.* are missing; /)
  })

  it('lists cameras with a configuration that cannot be used', async () => {
    await writeFile(join(place.folder, '.streamerrc'), 'nonsense: 1\n')
    const { code, stderr } = await place.run(['cameras'], bare())
    expect(code).toBe(1)
    expect(stderr).toMatch(/nonsense[\s\S]*the camera helper is not built/)
  })
})

describe('streamer doctor', () => {
  it('tells a problem with what helps and ends with 1', async () => {
    const { code, stdout } = await place.run(['doctor', '--transport', 'udp', '--udp-port', '0'], bare())
    expect(code).toBe(1)
    expect(stdout).toMatch(/^ok {7}Node\s+\d+\.\d+\.\d+$/m)
    expect(stdout).toMatch(/^problem {2}helper\s+not built: g\+\+.*\n {10,}-> .*setup-camera\.?$/m)
    expect(stdout).toMatch(/\n\n\d problems?, \d warnings?\. /)
  })

  it('takes frames of a camera and tells how that went', async () => {
    await helperThatSays(twoCameras)
    const { code, stdout } = await place.run(['doctor', '--json'], bare())
    expect(code).toBe(1)
    const { findings } = JSON.parse(stdout) as { findings: Array<Record<string, string>> }
    expect(findings).toContainEqual({ level: 'ok', subject: 'camera 0', message: 'imx708, /base/imx708@1a' })
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        subject: 'picture',
        message: expect.stringMatching(/no camera for stream/)
      })
    )
  })

  it('ends with 0 when nothing that matters is wrong, and names a port that is taken', async () => {
    await writeFile(join(place.folder, '.streamerrc'), 'source: { use: fake }\ntransports: [{ use: http, port: 0 }]\n')
    expect((await place.run(['doctor'], bare())).code).toBe(0)
    const server: Server = createServer()
    await new Promise<void>((listening) => server.listen(0, listening))
    const { port } = server.address() as { port: number }
    try {
      const { code, stdout } = await place.run(['doctor', '--http-port', String(port)], bare())
      // Who has a port is told by /proc only.
      const expected =
        process.platform === 'linux' ? [1, `^problem {2}port ${port} .*taken by`] : [0, 'cannot be told here']
      expect(code).toBe(expected[0])
      expect(stdout).toMatch(new RegExp(String(expected[1]), 'm'))
    } finally {
      await new Promise((closed) => server.close(closed))
    }
  })

  it('tells that the configuration is wrong', async () => {
    await writeFile(join(place.folder, '.streamerrc'), 'nonsense: 1\n')
    const { stdout } = await place.run(['doctor'], bare())
    expect(stdout).toMatch(/^problem {2}configuration {2}.*nonsense/m)
  })
})

describe('streamer setup-camera', () => {
  const tools = async () => {
    await mkdir(join(place.folder, 'bin'))
    await script('made', `echo '{"libcamera":"9.8.7","protocol":1}'`)
    const CXX = await script(
      'stand-in-compiler',
      `while [ $# -gt 0 ]; do test "$1" = -o && out=$2; shift; done; cp '${join(place.folder, 'made')}' "$out"`
    )
    const PKG_CONFIG = await script(
      'stand-in-pkg-config',
      'case "$1" in --modversion) shift; for name; do echo 9.8.7; done;; esac'
    )
    return { CXX, PKG_CONFIG, STREAMER_CACHE_DIR: join(place.folder, 'cache') }
  }

  it('builds, says where, and does nothing the second time', async () => {
    const env = await tools()
    const { code, stdout } = await place.run(['setup-camera'], env)
    expect(code).toBe(0)
    const [name = ''] = await readdir(env.STREAMER_CACHE_DIR)
    expect(stdout).toMatch(/^Building the camera helper for libcamera 9\.8\.7 with \S*stand-in-compiler; /)
    expect(stdout).toMatch(new RegExp(`^Built in \\d+ s: ${env.STREAMER_CACHE_DIR}/${name}$`, 'm'))
    const again = await place.run(['setup-camera'], env)
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/^The camera helper is built already: \//)])
    expect((await place.run(['setup-camera', '--force'], env)).stdout).toMatch(/^Building/)
  })

  it('says what is missing, in one command', async () => {
    const { code, stderr } = await place.run(['setup-camera'], bare())
    expect(code).toBe(1)
    expect(stderr).toMatch(/^streamer: cannot build the camera helper: g\+\+(,| and) pkg-config.* are missing; /)
  })

  it('shows what the compiler said', async () => {
    const env = await tools()
    await script(
      'stand-in-compiler',
      'echo "main.cpp:1:2: error: wrong" >&2; echo "main.cpp:9: note: here" >&2; exit 1'
    )
    const { code, stderr } = await place.run(['setup-camera'], env)
    expect(code).toBe(1)
    expect(stderr).toMatch(/main\.cpp:9: note: here\nstreamer: cannot build .* main\.cpp:1:2: error: wrong\n/)
  })

  it('ends the compiler with Ctrl-C, and leaves nothing', async () => {
    const env = await tools()
    await script('stand-in-compiler', `echo started > '${place.folder}/started'; exec sleep 1000`)
    const running = place.start(['setup-camera'], env)
    await running.output(/Building/)
    while (!(await readdir(place.folder)).includes('started')) await new Promise((resolve) => setTimeout(resolve, 5))
    running.child.kill('SIGINT')
    expect(await running.ended).toEqual({ code: 130, signal: null })
    expect(await readdir(env.STREAMER_CACHE_DIR)).toEqual([])
  })
})

describe('streamer --help', () => {
  it('has the commands for cameras, each with examples', async () => {
    const { stdout } = await place.run(['--help'])
    for (const command of ['cameras', 'doctor', 'setup-camera']) {
      expect(stdout).toContain(`streamer ${command} `)
      expect((await place.run([command, '--help'])).stdout).toMatch(new RegExp(`Examples:\n {2}streamer ${command} `))
    }
  })
})
