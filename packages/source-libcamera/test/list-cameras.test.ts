import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamerError, silentLogger } from '@streamer/core/plugin'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ListOptions, listCameras } from '../src/list-cameras.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-list-'))
})

afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true, force: true })
})

/** A stand-in for the helper that does what a line of shell says. */
async function standIn(script: string): Promise<readonly string[]> {
  const path = join(folder, 'stand-in-helper')
  await writeFile(path, `#!/bin/sh\ntest "$1" = list || exit 64\n${script}\n`)
  await chmod(path, 0o755)
  return [path]
}

const answer = async (value: unknown) => {
  await writeFile(join(folder, 'answer'), JSON.stringify(value))
  return standIn(`cat '${join(folder, 'answer')}'`)
}

const list = (options: Partial<ListOptions>) => listCameras({ logger: silentLogger, ...options })

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ code: 'none', message: 'it did not fail' }),
    (error: { code: string; message: string }) => error
  )

const camera = {
  id: '/base/soc/i2c0mux/i2c@1/imx219@10',
  model: 'imx219',
  location: 'external',
  rotation: 180,
  modes: [{ pixelFormat: 'yuv420p', width: 640, height: 480 }],
  controls: [
    { name: 'brightness', type: 'number', minimum: -1, maximum: 1, default: 0 },
    { name: 'awbMode', type: 'enum', values: ['auto', 'daylight'], default: 'auto' },
    { name: 'mystery', type: 'number', default: 0 }
  ]
}

const missing = async () => {
  throw new StreamerError('ERR_CAMERA_HELPER_MISSING', 'the camera helper is not built: g++ is missing')
}

describe('listing cameras by the helper', () => {
  it('gives what it says, with words for people to each control that it describes as it should', async () => {
    const helper = await answer({ libcamera: '0.7.1', cameras: [camera] })
    const found = await list({ helper })
    expect(found).toMatchObject({ backEnd: 'helper', libcamera: '0.7.1' })
    const [first] = found.cameras
    expect(first).toMatchObject({ id: camera.id, location: 'external', rotation: 180, modes: camera.modes })
    expect(first?.controls.map(({ name, description }) => [name, description])).toEqual([
      ['brightness', expect.stringMatching(/Brightness/)],
      ['awbMode', expect.stringMatching(/white balance/)]
    ])
  })

  it('runs the helper that was built, and has it built when that is wanted', async () => {
    const [path = ''] = await answer({ libcamera: '0.7.1', cameras: [] })
    const asked: boolean[] = []
    const find: ListOptions['find'] = async ({ build }) => {
      asked.push(build)
      return path
    }
    expect(await list({ find, build: true })).toEqual({ backEnd: 'helper', libcamera: '0.7.1', cameras: [] })
    await list({ find })
    expect(asked).toEqual([true, false])
  })

  it.each([
    ['permission', 'ERR_CAMERA_PERMISSION'],
    ['failed', 'ERR_CAMERA_FAILED'],
    ['something new', 'ERR_CAMERA_FAILED']
  ])('passes on the error "%s" of the helper as %s', async (code, ours) => {
    const helper = await standIn(`echo '{"error":{"code":"${code}","message":"libcamera does not start"}}'; exit 1`)
    expect(await failureOf(list({ helper }))).toMatchObject({
      code: ours,
      message: expect.stringMatching(/cannot list the cameras: libcamera does not start$/)
    })
  })

  it.each([
    ['', 'it wrote nothing'],
    ['echo "[0:1] INFO Camera"', '"[0:1] INFO Camera"'],
    [`echo '{"libcamera":"1","cameras":[{"id":1}]}'`, '"{\\"libcamera\\"'],
    ['echo null', '"null"']
  ])('takes no garbage for a list: %s', async (script, shown) => {
    const failure = await failureOf(list({ helper: await standIn(script) }))
    expect(failure.code).toBe('ERR_CAMERA_FAILED')
    expect(failure.message).toContain(`the camera helper gave no list: ${shown}`)
  })

  it('says how the helper died, with its last words', async () => {
    const abort = await standIn('echo "FATAL: no images" >&2; kill -ABRT $$')
    expect(await failureOf(list({ helper: abort }))).toMatchObject({
      code: 'ERR_CAMERA_FAILED',
      message: 'cannot list the cameras: the camera helper was ended by SIGABRT (FATAL: no images)'
    })
    const exit = await standIn('echo "usage" >&2; exit 2')
    expect((await failureOf(list({ helper: exit }))).message).toMatch(/ended with exit code 2 \(usage\)$/)
  })

  it('says that the helper does not fit the library', async () => {
    const helper = await standIn('echo "error while loading shared libraries: libcamera.so.0.6" >&2; exit 127')
    expect((await failureOf(list({ helper }))).code).toBe('ERR_CAMERA_HELPER_MISSING')
  })

  it('says that the program in place of the helper is not there', async () => {
    expect(await failureOf(list({ helper: ['/nowhere/helper'] }))).toMatchObject({
      code: 'ERR_CAMERA_HELPER_MISSING',
      message: 'cannot list the cameras: cannot run "/nowhere/helper": no such program'
    })
  })

  it('ends a helper that writes without end', async () => {
    const helper = await standIn('while :; do echo 0123456789012345678901234567890123456789; done')
    expect((await failureOf(list({ helper }))).message).toMatch(/wrote more than 4194304 bytes/)
  })

  it('ends a helper that does not answer', async () => {
    const pid = join(folder, 'pid')
    const helper = await standIn(`echo $$ > '${pid}.new'; mv '${pid}.new' '${pid}'; sleep 1000`)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const failure = failureOf(list({ helper }))
    while ((await readFile(pid, 'utf8').catch(() => '')) === '');
    vi.advanceTimersByTime(10_000)
    expect(await failure).toMatchObject({
      code: 'ERR_CAMERA_TIMEOUT',
      message: expect.stringMatching(/no answer for 10 s; the camera stack hangs/)
    })
  })

  it('ends with the signal', async () => {
    const abort = new AbortController()
    const pid = join(folder, 'pid')
    const failure = failureOf(list({ helper: await standIn(`echo $$ > '${pid}'; sleep 1000`), signal: abort.signal }))
    while ((await readFile(pid, 'utf8').catch(() => '')) === '');
    abort.abort(new Error('enough'))
    expect((await failure).message).toBe('enough')
  })
})

describe('listing cameras without the helper', () => {
  it('asks rpicam-vid', async () => {
    const asked: unknown[] = []
    const { id, model } = camera
    const modes = [{ width: 1640, height: 1232 }]
    const listRpicam: ListOptions['listRpicam'] = async (rpicam) => {
      asked.push(rpicam)
      return [{ id, model, modes }]
    }
    expect(await list({ find: missing, listRpicam, rpicam: '/opt/rpicam-vid' })).toEqual({
      backEnd: 'rpicam',
      cameras: [{ id, model, modes, controls: [] }]
    })
    await list({ backEnd: 'rpicam', find: () => Promise.reject(new Error('not asked')), listRpicam })
    expect(asked).toEqual(['/opt/rpicam-vid', undefined])
  })

  it('says what the helper lacks when there is no rpicam-vid either', async () => {
    const listRpicam = () => Promise.reject(new Error('no such program'))
    expect(await failureOf(list({ find: missing, listRpicam }))).toMatchObject({ code: 'ERR_CAMERA_HELPER_MISSING' })
  })

  it('does not ask rpicam-vid when the helper is wanted, nor when something else is wrong', async () => {
    const listRpicam = () => Promise.reject(new Error('asked'))
    expect((await failureOf(list({ backEnd: 'helper', find: missing, listRpicam }))).code).toMatch(/_MISSING$/)
    const find = () => Promise.reject(new TypeError('a bug'))
    expect((await failureOf(list({ find, listRpicam }))).message).toBe('a bug')
  })
})
