import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@streamer/core/plugin'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { folderError } from '../src/build/cache-folder.js'
import { buildHelper, cacheFolder, ensureHelper, findHelper, helperPath } from '../src/build/index.js'
import { StandInTools, standInHelper } from './build-stand-ins.js'

let tools: StandInTools

beforeEach(async () => {
  tools = await StandInTools.create()
})

afterEach(async () => {
  await tools.dispose()
})

const options = (more: Record<string, unknown> = {}) => ({
  env: tools.env,
  sources: tools.sources,
  root: tools.folder,
  ...more
})

const ensure = (more: Record<string, unknown> = {}) =>
  ensureHelper({ ...options(), logger: silentLogger, build: true, ...more })

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ code: 'none', message: 'it did not fail', cause: undefined }),
    (error: { code: string; message: string; cause?: Error }) => error
  )

describe('the folder of helpers', () => {
  it('is what STREAMER_CACHE_DIR says, else in XDG_CACHE_HOME, else in the home', () => {
    expect(cacheFolder({ STREAMER_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/a')
    expect(cacheFolder({ XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/b/streamer')
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/c' })).toBe('/c/.cache/streamer')
    expect(cacheFolder({ HOME: '/c' })).toBe('/c/.cache/streamer')
  })

  it('is a private one among the temporary files for a user without a home', () => {
    expect(cacheFolder({})).toBe(join(tmpdir(), `streamer-${process.getuid?.()}`))
  })
})

describe('building the helper', () => {
  it('runs the compiler on all sources with the flags of the libraries', async () => {
    await writeFile(join(tools.sources, 'more.cpp'), '// more\n')
    await writeFile(join(tools.sources, 'more.h'), '// more\n')
    await mkdir(join(tools.sources, 'test'))
    const built = await buildHelper(options({ env: { ...tools.env, CXXFLAGS: ' -g  -DONE ' } }))
    expect(built.libcamera).toBe('9.8.7')
    const [call] = await tools.calls('stand-in-compiler')
    expect(call).toMatch(
      /^stand-in-compiler -std=c\+\+17 -O2 -g -DONE \S+\/main\.cpp \S+\/more\.cpp -o \S+\.tmp -I\/with blank -lcamera -ljpeg -pthread$/
    )
    expect((await stat(built.path)).mode & 0o111).not.toBe(0)
    expect(await readdir(tools.cache)).toHaveLength(1)
    expect((await stat(tools.cache)).mode & 0o777).toBe(0o700)
  })

  it('takes a compiler with arguments', async () => {
    await tools.script('stand-in-cache', 'exec "$@"')
    await buildHelper(options({ env: { ...tools.env, CXX: `stand-in-cache  ${tools.env.CXX}` } }))
    expect(await tools.calls('stand-in-cache')).toHaveLength(1)
  })

  it('names everything that is missing, and the command that installs it', async () => {
    await tools.remove('stand-in-compiler')
    await tools.installLibraries({})
    expect(await failureOf(buildHelper(options()))).toMatchObject({
      code: 'ERR_CAMERA_HELPER_BUILD',
      message:
        'cannot build the camera helper: g++, libcamera-dev and libjpeg-dev are missing; sudo apt install g++ libcamera-dev libjpeg-dev'
    })
    await tools.installCompiler()
    await tools.installLibraries({ libcamera: '9.8.7' })
    expect((await failureOf(buildHelper(options()))).message).toMatch(
      /: libjpeg-dev is missing; sudo apt install libjpeg-dev$/
    )
  })

  it('tells without pkg-config what else is missing', async () => {
    await tools.remove('stand-in-pkg-config')
    const folder = join(tools.folder, 'usr/lib/some-machine/pkgconfig')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'libjpeg.pc'), '')
    expect((await failureOf(buildHelper(options()))).message).toMatch(/apt install pkg-config libcamera-dev$/)
  })

  it('names what is needed where there is no apt', async () => {
    await tools.installLibraries({ libjpeg: '2.1.5' })
    expect((await failureOf(buildHelper(options({ root: tools.sources })))).message).toMatch(
      /libcamera-dev is missing; install the development files of libcamera$/
    )
  })

  it('tells the first error of the compiler and keeps its last lines', async () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `echo 'main.cpp:${i}:1: ${i < 3 ? 'note' : 'error'}: number ${i}' >&2`
    )
    await tools.installOtherCompiler(`${lines.join('\n')}\nexit 3`)
    const failure = await failureOf(buildHelper(options()))
    expect(failure.message).toMatch(/stand-in-compiler ended with exit code 3: main\.cpp:3:1: error: number 3$/)
    expect(failure.cause?.message).toMatch(/^main\.cpp:10:1: .*\n[\s\S]*number 29$/)
    expect(await readdir(tools.cache)).toEqual([expect.stringMatching(/\.failed$/)])
  })

  it.each([
    ['/tmp/x.s: fatal error: error writing to x: No space left on device', /: the disk is full; make room/],
    ['g++: fatal error: Killed signal terminated program cc1plus', /was killed, most likely because the memory/],
    [
      'jpeg.cpp:3:10: fatal error: jpeglib.h: No such file or directory',
      /jpeglib\.h: No such file or directory; sudo apt install --reinstall libjpeg-dev$/
    ],
    [
      '/usr/bin/ld: cannot find -lcamera-base: x',
      /cannot find -lcamera-base: x; sudo apt install --reinstall libcamera-dev$/
    ],
    ["fatal error: cannot execute 'cc1plus': execvp: No such file or directory", /--reinstall g\+\+$/]
  ])('explains what the compiler means by "%s"', async (line, message) => {
    await tools.installOtherCompiler(`echo "${line}" >&2; exit 1`)
    expect((await failureOf(buildHelper(options()))).message).toMatch(message)
  })

  it('refuses a helper that does not run', async () => {
    await tools.installCompiler('echo "libcamera.so.9: cannot open shared object file" >&2; exit 127')
    expect(await failureOf(buildHelper(options()))).toMatchObject({
      code: 'ERR_CAMERA_HELPER_BUILD',
      message: expect.stringMatching(/does not run: exit code 127: libcamera\.so\.9: cannot open shared object file$/)
    })
    expect(await findHelper(options())).toBeUndefined()
    await tools.installCompiler('kill -ABRT $$')
    expect((await failureOf(buildHelper(options()))).message).toMatch(/does not run: SIGABRT$/)
    await tools.installCompiler(`echo '{"libcamera":"9.8.7","protocol":2}'`)
    expect((await failureOf(buildHelper(options()))).message).toMatch(/speaks version 2 of our protocol, not 1$/)
  })

  it('says when the folder cannot be written to', async () => {
    const file = join(tools.folder, 'a-file')
    await writeFile(file, '')
    expect(
      await failureOf(buildHelper(options({ env: { ...tools.env, STREAMER_CACHE_DIR: join(file, 'cache') } })))
    ).toMatchObject({
      code: 'ERR_CAMERA_HELPER_BUILD',
      message: expect.stringMatching(/cannot keep the camera helper in .*a-file\/cache: a file is in the way$/)
    })
  })

  it.each([
    ['EACCES', /: user \d+ may not write there; was it made with sudo.*STREAMER_CACHE_DIR/],
    ['ENOSPC', /: the disk is full; make room/],
    ['EROFS', /: that disk cannot be written to; set STREAMER_CACHE_DIR/]
  ])('says in words what %s of the folder means', (code, message) => {
    const error = folderError('/cache', Object.assign(new Error(code), { code }))
    expect(error.message).toMatch(message)
    expect(error.code).toBe('ERR_CAMERA_HELPER_BUILD')
  })

  it('removes the helpers it replaces, and nothing else', async () => {
    await mkdir(tools.cache)
    const old = ['libcamera-helper-0123456789ab-arm64-0.4.0', 'libcamera-helper-0123456789ab-arm64-0.4.0.failed']
    for (const name of [...old, 'libcamera-helper-0123-arm64-0.4.0.1-ff.tmp', 'other']) {
      await writeFile(join(tools.cache, name), '')
      await utimes(join(tools.cache, name), 1000, name.endsWith('.tmp') ? Date.now() / 1000 - 60 : 1000)
    }
    const { path } = await buildHelper(options())
    expect((await readdir(tools.cache)).map((name) => join(tools.cache, name)).sort()).toEqual(
      [path, join(tools.cache, 'libcamera-helper-0123-arm64-0.4.0.1-ff.tmp'), join(tools.cache, 'other')].sort()
    )
  })

  it('is done once for all who ask meanwhile', async () => {
    const paths = await Promise.all([buildHelper(options()), buildHelper(options()), ensure()])
    expect(new Set(paths.map((one) => (typeof one === 'string' ? one : one.path))).size).toBe(1)
    expect(await tools.calls('stand-in-compiler')).toHaveLength(1)
  })

  it('does not disturb a build of another process', async () => {
    // As another process would: the same folder under another name.
    const other = { ...tools.env, STREAMER_CACHE_DIR: `${tools.cache}/.` }
    const [one, two] = await Promise.all([buildHelper(options()), buildHelper(options({ env: other }))])
    expect(await tools.calls('stand-in-compiler')).toHaveLength(2)
    for (const { path } of [one, two]) expect(await readFile(path, 'utf8')).toContain('stand-in')
    expect(await readdir(tools.cache)).toHaveLength(1)
  })

  it('ends with everything it started when it is aborted', async () => {
    const pidFile = join(tools.folder, 'pid')
    await tools.script('stand-in-child', `echo $$ > '${pidFile}'; sleep 1000`)
    await tools.installOtherCompiler('stand-in-child & wait')
    const abort = new AbortController()
    const building = failureOf(buildHelper(options({ signal: abort.signal })))
    const pid = await contentsOf(pidFile)
    abort.abort(new Error('no longer wanted'))
    expect((await building).message).toBe('no longer wanted')
    await gone(Number(pid))
    expect(await readdir(tools.cache)).toEqual([])
  })

  it('goes on for the others when one of them no longer wants it', async () => {
    const go = join(tools.folder, 'go')
    const started = join(tools.folder, 'started')
    await tools.installCompiler()
    const script = await readFile(join(tools.folder, 'bin/stand-in-compiler'), 'utf8')
    await tools.installOtherCompiler(`echo > '${started}'; until test -e '${go}'; do sleep 0.02; done\n${script}`)
    const abort = new AbortController()
    const one = failureOf(buildHelper(options({ signal: abort.signal })))
    const other = buildHelper(options({ signal: new AbortController().signal }))
    await contentsOf(started)
    abort.abort(new Error('no longer wanted'))
    expect((await one).message).toBe('no longer wanted')
    await writeFile(go, '')
    expect((await other).libcamera).toBe('9.8.7')
  })
})

describe('finding the helper', () => {
  it('finds the one that was built, without compiling again', async () => {
    const path = await ensure()
    expect(await ensure({ build: false })).toBe(path)
    expect(await findHelper(options())).toBe(path)
    expect(await tools.calls('stand-in-compiler')).toHaveLength(1)
  })

  it('says once what takes so long', async () => {
    const said: string[] = []
    const logger = { ...silentLogger, info: (text: string) => said.push(text) }
    await ensure({ logger })
    await ensure({ logger })
    expect(said).toEqual(['building the camera helper for libcamera 9.8.7; this is done once and takes up to a minute'])
  })

  it('builds anew for another libcamera and for other sources', async () => {
    const first = await ensure()
    await tools.installLibraries({ libcamera: '10.0.0', libjpeg: '2.1.5' })
    expect(await findHelper(options())).toBeUndefined()
    const second = await ensure()
    await writeFile(join(tools.sources, 'main.cpp'), '// changed\n')
    const third = await ensure()
    expect(new Set([first, second, third]).size).toBe(3)
    expect(second).toContain('-10.0.0')
    expect(await readdir(tools.cache)).toHaveLength(1)
  })

  it('is not for another processor', () => {
    const identity = { folder: '/f', sourceHash: 'abc', libcamera: '1' }
    expect(helperPath({ ...identity, architecture: 'arm64' })).not.toBe(
      helperPath({ ...identity, architecture: 'arm' })
    )
  })

  it('takes one that starts when the development files are gone', async () => {
    const path = await ensure()
    await tools.installLibraries({})
    await tools.remove('stand-in-compiler')
    expect(await ensure()).toBe(path)
    await tools.remove('stand-in-pkg-config')
    expect(await ensure()).toBe(path)
    await writeFile(path, standInHelper('exit 127'))
    expect(await failureOf(ensure())).toMatchObject({
      code: 'ERR_CAMERA_HELPER_MISSING',
      message: expect.stringMatching(
        /^the camera helper is not built: g\+\+, pkg-config, libcamera-dev and libjpeg-dev are missing; sudo apt install /
      )
    })
  })

  it('does not build when it is told not to', async () => {
    expect(await failureOf(ensure({ build: false }))).toMatchObject({
      code: 'ERR_CAMERA_HELPER_MISSING',
      message: 'the camera helper is not built; `streamer setup-camera` builds it'
    })
    expect(await tools.calls('stand-in-compiler')).toHaveLength(0)
  })

  it('does not compile again and again what does not compile', async () => {
    await tools.installOtherCompiler('echo "main.cpp:1:1: error: no" >&2; exit 1')
    const first = await failureOf(ensure())
    const second = await failureOf(ensure())
    expect(second).toMatchObject({ code: 'ERR_CAMERA_HELPER_BUILD' })
    expect(second.message).toBe(`${first.message} (\`streamer setup-camera\` tries again)`)
    expect(await tools.calls('stand-in-compiler')).toHaveLength(1)
    await tools.installCompiler()
    await buildHelper(options())
    expect(await readdir(tools.cache)).toEqual([expect.not.stringContaining('failed')])
    expect(await ensure()).toContain('9.8.7')
  })

  it('tries again when the disk was full', async () => {
    await tools.installOtherCompiler('echo "x: No space left on device" >&2; exit 1')
    await failureOf(ensure())
    await tools.installCompiler()
    expect(await ensure()).toContain('9.8.7')
  })
})

/** Waits until somebody has written a line into a file. */
async function contentsOf(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text.endsWith('\n')) return text
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Waits until there is no such process, or only what nobody has collected of it. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
    if (text === undefined || / Z /.test(text)) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
