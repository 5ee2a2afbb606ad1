import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { watchHttp } from '../support/clients.ts'
import { helperPid, helperPids } from './processes.ts'
import { inRoot, root } from './root.ts'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../../', import.meta.url))
const installed = '/opt/streamer'
const cli = [...inRoot, '/usr/bin/env', 'HOME=/opt', 'NO_COLOR=1', 'node', `${installed}/packages/cli/bin/streamer.js`]

/** Streamer as it was built, on the Node of that Debian, with what `npm start` installs. */
beforeAll(async () => {
  const target = join(root(), installed)
  const lock = 'package-lock.json'
  const isInstalled = await Promise.all([readFile(join(repository, lock)), readFile(join(target, lock))]).then(
    ([ours, theirs]) => ours.equals(theirs),
    () => false
  )
  if (!isInstalled) await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  for (const name of ['package.json', lock, 'packages', 'scripts', 'tsconfig.json', 'tsconfig.base.json']) {
    const filter = (path: string) => !path.includes('node_modules')
    await cp(join(repository, name), join(target, name), { recursive: true, filter })
  }
  if (!isInstalled)
    await run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: target })
  await rm(join(root(), 'opt/.cache'), { recursive: true, force: true })
}, 300_000)

function command(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const [file = '', ...rest] = [...cli, ...args]
  return new Promise((resolve) => {
    execFile(file, rest, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error ? Number(error.code ?? -1) : 0 })
    })
  })
}

describe('on a Debian with libcamera', () => {
  it('setup-camera builds the helper', async () => {
    const { stdout, stderr, code } = await command('setup-camera')
    expect(stderr).not.toMatch(/error/i)
    expect(code).toBe(0)
    expect(stdout).toMatch(/libcamera 0\.7\.1/)
    expect(stdout).toMatch(/\/opt\/\.cache\/streamer\//)
  })

  it('cameras lists what there is', async () => {
    const { stdout, code } = await command('cameras')
    expect(code).toBe(0)
    for (const text of ['Virtual bars', 'Virtual lines', 'Virtual pictures', '1920x1080'])
      expect(stdout).toContain(text)
  })

  it('doctor finds the camera good', async () => {
    const { stdout } = await command('doctor')
    expect(stdout).toMatch(/Virtual bars/)
    expect(stdout).toMatch(/0\.7\.1/)
  })
})

describe('the whole road', () => {
  let server: ChildProcess
  let said = ''
  const urls = new Map<string, URL>()

  beforeAll(async () => {
    const folder = join(root(), 'opt/road')
    await mkdir(folder, { recursive: true })
    const transports = ['http', 'tcp', 'udp'].map((use) => ({ use, port: 0 }))
    const config = { source: { use: 'auto', width: 1280, height: 720 }, host: '127.0.0.1', transports }
    await writeFile(join(folder, 'streamer.json'), JSON.stringify(config))
    const [file = '', ...rest] = [...cli, 'start', '--config', '/opt/road/streamer.json']
    server = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        said += chunk
        for (const [text, scheme = ''] of said.matchAll(/\b(http|tcp|udp):\/\/127\.0\.0\.1:\d+/g)) {
          urls.set(scheme, new URL(text))
        }
        server.emit('said')
      })
    }
    while (urls.size < 3 || !/using camera/.test(said)) await once(server, 'said')
  })
  afterAll(async () => {
    if (server.exitCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(helperPids()).toEqual([])
  })

  it('says which camera it uses', () => {
    expect(said).toMatch(/using camera Virtual bars \(Virtual0\)/)
  })

  it('ends in ffmpeg over HTTP', async () => {
    const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-xerror', '-use_wallclock_as_timestamps', '1']
    const output = ['-frames:v', '30', '-fps_mode', 'passthrough', '-f', 'framemd5', '-']
    const { stdout, stderr } = await run('ffmpeg', [
      ...quiet,
      '-i',
      `${urls.get('http')?.origin}/stream.mjpg`,
      ...output
    ])
    const frames = stdout.split('\n').filter((line) => /^0,/.test(line))
    expect(frames).toHaveLength(30)
    // The bars move.
    expect(new Set(frames.map((line) => line.split(',').at(-1))).size).toBeGreaterThan(20)
    expect(stderr).toBe('')
  })

  it.each([
    ['TCP', 'tcp'],
    ['UDP', 'udp']
  ])('ends in Python with numpy and OpenCV over %s', async (_, scheme) => {
    const clients = fileURLToPath(new URL('../clients/python/', import.meta.url))
    const args = [`${scheme}_client.py`, '127.0.0.1', urls.get(scheme)?.port ?? '', '--frames', '20']
    const client = spawn('/usr/bin/python3', ['-W', 'error', ...args], {
      cwd: clients,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const pictures: unknown[] = []
    for await (const line of createInterface({ input: client.stdout })) {
      const { registered, picture } = JSON.parse(line)
      if (!registered) pictures.push(picture)
    }
    expect(pictures).toEqual(Array.from({ length: 20 }, () => [720, 1280, 3]))
  })

  it('goes on after the helper was killed', async () => {
    const watch = await watchHttp(`${urls.get('http')?.origin}/stream.mjpg`)
    await watch.more(5)
    const pid = helperPid()
    process.kill(pid, 'SIGKILL')
    const before = said.length
    while (!/gives frames again/.test(said.slice(before))) await once(server, 'said')
    await watch.more(5)
    expect(watch.ended).toBe(false)
    watch.close()
  })
})
