import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isStreamerError, monotonicUs, type Source } from '@streamer/core/plugin'
import { killTimeoutMs } from '@streamer/subprocess'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jpeg } from '../../jpeg-splitter/test/jpegs.js'
import { configSchema } from '../src/index.js'
import { areGone, isAlive, ListLogger, makeSource, nodeScript, pidIn, StandInRun } from './helpers.js'

let folder: string
let sources: Source[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-command-'))
  sources = []
})

afterEach(async () => {
  for (const source of sources) await source.stop()
  rmSync(folder, { recursive: true, force: true })
})

function source(options: unknown, logger?: ListLogger): Source {
  const made = makeSource(options, logger, folder)
  sources.push(made)
  return made
}

/** Writes a file of frames, and gives a command that writes it out and then waits. */
function player(frames: readonly Buffer[], after = 'setInterval(() => {}, 1e6)'): string[] {
  const file = join(folder, 'frames.mjpeg')
  writeFileSync(file, Buffer.concat(frames))
  return nodeScript(`process.stdout.write(require('fs').readFileSync(process.argv[1]), () => { ${after} })`, file)
}

const waits = nodeScript('console.error("pid " + process.pid); setInterval(() => {}, 1e6)')

describe('frames', () => {
  test('each JPEG of standard output is a frame as soon as its last byte is there', async () => {
    const jpegs = [jpeg({ width: 640, height: 480 }), jpeg({ width: 320, height: 240, size: 200_000 })]
    const run = new StandInRun()
    const camera = source({ command: player(jpegs) })
    const before = monotonicUs()
    await camera.start(run)
    const frames = await run.gets(2)
    expect(frames.map(({ data }) => Buffer.from(data))).toEqual(jpegs)
    expect(frames).toMatchObject([
      { kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence: 0, width: 640, height: 480 },
      { kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence: 1, width: 320, height: 240 }
    ])
    for (const { timestampUs } of frames) {
      expect(Number.isInteger(timestampUs)).toBe(true)
      expect(timestampUs).toBeGreaterThanOrEqual(before)
      expect(timestampUs).toBeLessThanOrEqual(monotonicUs())
    }
    expect(frames[1]!.timestampUs).toBeGreaterThanOrEqual(frames[0]!.timestampUs)
    expect(camera.stats?.()).toEqual({
      frames: 2,
      bytes: jpegs[0]!.length + jpegs[1]!.length,
      garbageBytes: 0,
      truncated: 0,
      oversized: 0,
      droppedBytes: 0,
      starts: 1
    })
    expect(run.failures).toEqual([])
  })

  test('all frames of a command that ends are delivered before its end is reported', async () => {
    const jpegs = Array.from({ length: 100 }, (_, i) => jpeg({ size: 50_000 + i }))
    const run = new StandInRun()
    let framesAtFailure = 0
    const fail = run.fail.bind(run)
    run.fail = (error) => {
      framesAtFailure = run.frames.length
      fail(error)
    }
    await source({ command: player(jpegs, 'process.exit(0)') }).start(run)
    const error = await run.fails()
    expect(framesAtFailure).toBe(100)
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: expect.stringContaining('ended with exit code 0')
    })
  })

  test('every run counts from 0, and the counters go on', async () => {
    const camera = source({ command: player([jpeg(), jpeg()]) })
    for (let i = 1; i <= 2; i++) {
      const run = new StandInRun()
      await camera.start(run)
      const frames = await run.gets(2)
      expect(frames.map(({ sequence }) => sequence)).toEqual([0, 1])
      await camera.stop()
      expect(camera.stats?.()).toMatchObject({ starts: i, frames: 2 * i })
    }
  })

  test('a cut-off JPEG is dropped, counted and said, and the stream goes on', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    const camera = source({ command: player([jpeg(), jpeg().subarray(0, 80), jpeg(), jpeg()]) }, logger)
    await camera.start(run)
    await run.gets(3)
    expect(camera.stats?.()).toMatchObject({ frames: 3, truncated: 1, droppedBytes: 80 })
    expect(logger.lines.filter((line) => line.includes('cut off'))).toHaveLength(1)
    expect(run.failures).toEqual([])
  })

  test('a JPEG beyond maxFrameBytes is dropped, counted and said, and the stream goes on', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    const camera = source({ command: player([jpeg({ size: 300_000 }), jpeg()]), maxFrameBytes: 100_000 }, logger)
    await camera.start(run)
    await run.gets(1)
    expect(camera.stats?.()).toMatchObject({ frames: 1, oversized: 1, truncated: 0 })
    await logger.line(/^warn .*more than 100000 bytes/)
  })

  test('a JPEG that never ends is said while it goes on', async () => {
    const logger = new ListLogger()
    // Begins like a picture, and then gives scan data for ever.
    const begin = jpeg().subarray(0, -2).toString('base64')
    const script = `const more = Buffer.alloc(65536); process.stdout.write(Buffer.from('${begin}', 'base64'));
      const write = () => { while (process.stdout.write(more)); process.stdout.once('drain', write) }; write()`
    await source({ command: nodeScript(script), maxFrameBytes: 100_000 }, logger).start(new StandInRun())
    await logger.line(/^warn .*dropped a JPEG of more than 100000 bytes/)
  })

  test('what is between the JPEGs is passed over, counted, and said once', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    const message = Buffer.from('hello')
    const camera = source({ command: player([jpeg(), message, jpeg(), message, jpeg()]) }, logger)
    await camera.start(run)
    await run.gets(3)
    expect(camera.stats?.()).toMatchObject({ frames: 3, garbageBytes: 10 })
    expect(logger.lines.filter((line) => line.includes('writes more than JPEGs'))).toHaveLength(1)
  })

  test('an end within a JPEG is said', async () => {
    const run = new StandInRun()
    const half = jpeg().subarray(0, 80).toString('base64')
    await source({ command: nodeScript(`process.stdout.write(Buffer.from('${half}', 'base64'))`) }).start(run)
    const failure = await run.fails()
    expect(failure.message).toMatch(/ended with exit code 0, in the middle of a picture$/)
  })
})

describe('the command', () => {
  test('runs in cwd, relative to the folder of the configuration, with env added', async () => {
    const logger = new ListLogger()
    const script =
      'console.error(process.cwd() + " " + process.env.LENS + " " + !!process.env.PATH); setInterval(() => {}, 1e6)'
    await source({ command: nodeScript(script), env: { LENS: 35 } }, logger).start(new StandInRun())
    await logger.line(new RegExp(`^info ${folder} 35 true$`))
    await source({ command: nodeScript(script), cwd: '..' }, logger).start(new StandInRun())
    await logger.line(new RegExp(`^info ${join(folder, '..')} undefined true$`))
  })

  test('gets its arguments as they are, with no shell between', async () => {
    const logger = new ListLogger()
    const args = ['$HOME', '*', 'a b', '"', "'", '; exit 1', '', '-c']
    const script = 'console.error(JSON.stringify(process.argv.slice(1))); setInterval(() => {}, 1e6)'
    await source({ command: [process.execPath, '-e', script, '--', ...args] }, logger).start(new StandInRun())
    const line = await logger.line(/\[/)
    expect(JSON.parse(line.slice('info '.length))).toEqual(args)
  })

  test('is found beside the configuration when it is named by a path, and finds nothing on standard input', async () => {
    const script = join(folder, 'camera.sh')
    writeFileSync(script, '#!/bin/sh\nread -r line || echo "no input" >&2\nexec sleep 1000\n')
    chmodSync(script, 0o755)
    const logger = new ListLogger()
    await source({ command: ['./camera.sh'] }, logger).start(new StandInRun())
    await logger.line(/^info no input$/)
  })

  test('does not inherit the pipe of the guard', async () => {
    const logger = new ListLogger()
    const shell = 'if [ -e /proc/$$/fd/3 ]; then echo "is open"; else echo "is closed"; fi >&2; exec sleep 1000'
    await source({ shell }, logger).start(new StandInRun())
    expect(await logger.line(/^info is/)).toBe('info is closed')
  })
})

describe('failures', () => {
  test.each([
    ['no-such-program', /cannot run "no-such-program": no such program$/],
    ['./no-such-program', /cannot run "\.\/no-such-program": no such program$/],
    ['./plain-file', /cannot run "\.\/plain-file": .*plain-file is not an executable file$/],
    ['.', /cannot run "\.": .* is not an executable file$|cannot run "\.": no such program$/]
  ])('start rejects when %s cannot be run', async (program, message) => {
    writeFileSync(join(folder, 'plain-file'), 'text')
    const run = new StandInRun()
    const camera = source({ command: [program] })
    const error = await camera.start(run).catch((error: unknown) => error)
    expect(isStreamerError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'ERR_SOURCE_NOT_FOUND', message: expect.stringMatching(message) })
    expect(run.failures).toEqual([])
    expect(camera.stats?.()).toMatchObject({ starts: 0 })
  })

  test('start rejects when the folder does not exist', async () => {
    await expect(source({ command: waits, cwd: 'nowhere' }).start(new StandInRun())).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      message: `source-command: cannot run in "${join(folder, 'nowhere')}": no such folder`
    })
  })

  test('a command that ends is reported once, with its exit code and its last words', async () => {
    const run = new StandInRun()
    const camera = source({
      command: nodeScript('console.error("no such camera"); console.error("giving up"); process.exit(3)')
    })
    await camera.start(run)
    expect(await run.fails()).toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: `source-command: "${process.execPath}" ended with exit code 3: giving up`,
      cause: { message: 'no such camera\ngiving up' }
    })
    await camera.stop()
    expect(run.failures).toHaveLength(1)
  })

  test('a command that is killed is reported with the signal', async () => {
    const run = new StandInRun()
    await source({ command: nodeScript('process.kill(process.pid, "SIGSEGV")') }).start(run)
    expect(await run.fails()).toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: expect.stringContaining('was ended by SIGSEGV')
    })
  })

  test('a program that the shell does not find is reported with what the shell says', async () => {
    const run = new StandInRun()
    await source({ shell: 'no-such-program --mjpeg' }).start(run)
    expect(await run.fails()).toMatchObject({
      code: 'ERR_SOURCE_ENDED',
      message: expect.stringMatching(/exit code 127: .*no-such-program.*not found/)
    })
  })

  test('a line for the shell is in no message, and what it says and the log are without its passwords', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    const shell = 'echo "rtsp://me:hunter2@camera refused, password=hunter2" >&2; exit 3 # --token hunter2'
    await source({ shell }, logger).start(run)
    const error = await run.fails()
    expect(error.message).toBe(
      'source-command: the shell command ended with exit code 3: rtsp://***@camera refused, password=***'
    )
    expect(logger.commands).toEqual([expect.stringMatching(/^source-command: starting echo .* --token \*\*\*$/)])
    expect(`${error.cause} ${logger.lines} ${logger.commands}`).not.toContain('hunter2')
  })

  test('output without a JPEG in it is reported once, and what comes after it is ignored', async () => {
    const run = new StandInRun()
    const camera = source({
      command: nodeScript('const b = Buffer.alloc(65536, 1); const w = () => process.stdout.write(b, w); w()')
    })
    await camera.start(run)
    expect(await run.fails()).toMatchObject({
      code: 'ERR_SOURCE_OUTPUT',
      message: expect.stringContaining('wrote more than 1048576 bytes without a JPEG in them')
    })
    await camera.stop()
    expect(run.failures).toHaveLength(1)
    expect(camera.stats?.().garbageBytes).toBeLessThan(2 * 1024 * 1024)
  })

  test('garbage between JPEGs is no failure, however much it becomes', async () => {
    const run = new StandInRun()
    const camera = source({
      command: player(
        Array(8)
          .fill([Buffer.alloc(600_000, 1), jpeg()])
          .flat()
      )
    })
    await camera.start(run)
    await run.gets(8)
    expect(camera.stats?.()).toMatchObject({ garbageBytes: 8 * 600_000 })
    expect(run.failures).toEqual([])
  })
})

describe('stopping', () => {
  const stubborn = (...ignored: string[]) =>
    nodeScript(
      `for (const s of ${JSON.stringify(ignored)}) process.on(s, () => console.error('got ' + s))
       console.error('pid ' + process.pid); setInterval(() => {}, 1e6)`
    )

  test.each([
    ['SIGINT', [], []],
    ['SIGTERM', ['SIGINT'], ['got SIGINT']],
    ['SIGKILL', ['SIGINT', 'SIGTERM'], ['got SIGINT', 'got SIGTERM']]
  ])('%s ends a command that ignores %s', async (_, ignored, said) => {
    const logger = new ListLogger()
    const run = new StandInRun()
    const camera = source({ command: stubborn(...ignored) }, logger)
    await camera.start(run)
    const pid = pidIn(await logger.line(/pid/))
    await camera.stop()
    expect(isAlive(pid)).toBe(false)
    expect(logger.lines.filter((line) => line.includes('got'))).toEqual(said.map((text) => `info ${text}`))
    expect(run.failures).toEqual([])
  })

  test('a step of the ladder with 0 ms is left out', async () => {
    const logger = new ListLogger()
    const camera = source({ command: stubborn('SIGINT', 'SIGTERM'), interruptTimeoutMs: 0 }, logger)
    await camera.start(new StandInRun())
    await logger.line(/pid/)
    await camera.stop()
    expect(logger.lines.filter((line) => line.includes('got'))).toEqual(['info got SIGTERM'])
  })

  test('a pipeline of a shell goes as a whole', async () => {
    const logger = new ListLogger()
    const part = (name: string) =>
      `'${process.execPath}' -e 'process.on("SIGINT", () => {}); console.error("${name} pid " + process.pid); setInterval(() => {}, 1e6)'`
    const camera = source({ shell: `${part('first')} | ${part('second')}`, interruptTimeoutMs: 50 }, logger)
    await camera.start(new StandInRun())
    const pids = [pidIn(await logger.line(/first pid/)), pidIn(await logger.line(/second pid/))]
    await camera.stop()
    await areGone(...pids)
  })

  test('what the command started has the time to end well, even when the command itself is gone at once', async () => {
    const logger = new ListLogger()
    const slow = `process.on('SIGINT', () => setTimeout(() => { console.error('ended well'); process.exit() }, 100))
      console.error('pid ' + process.pid); setInterval(() => {}, 1e6)`
    const leader = `require('child_process').spawn(process.execPath, ['-e', process.argv[1]], { stdio: 'inherit' })`
    const camera = source({ command: nodeScript(leader, slow), interruptTimeoutMs: 20_000 }, logger)
    await camera.start(new StandInRun())
    await logger.line(/pid/)
    await camera.stop()
    expect(logger.lines).toContain('info ended well')
  })

  test('what the command leaves behind is ended when it ends', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    await source({ shell: 'sleep 1000 & echo "pid $!" >&2; exit 4' }, logger).start(run)
    expect((await run.fails()).message).toContain('exit code 4')
    await areGone(pidIn(await logger.line(/pid/)))
  })

  test('a process that leaves the group and keeps the pipe does not hold up the end', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    const leave = `const { spawn } = require('child_process')
      const wait = 'setTimeout(() => {}, 1000000)'
      const child = spawn(process.execPath, ['-e', wait], { detached: true, stdio: 'inherit' }); console.error('pid ' + child.pid); child.unref(); process.exit(5)`
    await source({ command: nodeScript(leave) }, logger).start(run)
    const pid = pidIn(await logger.line(/pid/))
    try {
      expect((await run.fails()).message).toContain('exit code 5')
    } finally {
      process.kill(pid, 'SIGKILL')
    }
  })

  test('nor a stop: nobody is left in the group to be waited for', async () => {
    const logger = new ListLogger()
    const run = new StandInRun()
    // It goes on writing, so that its silence does not end the run before we do.
    const writer = `setInterval(() => console.error('still here'), 20); process.send('writes'); process.disconnect()`
    // It leaves when the other writes: on a busy machine a program takes longer to begin than silence is waited for.
    const leave = `const { spawn } = require('child_process')
      const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
      const child = spawn(process.execPath, ['-e', process.argv[1]], { detached: true, stdio }); child.unref()
      child.once('message', () => console.error('leader ' + process.pid + ' pid ' + child.pid))`
    // With these, to wait is to run out of the time of the test.
    const patient = { interruptTimeoutMs: 60_000, terminateTimeoutMs: 60_000 }
    const camera = source({ command: nodeScript(leave, writer), ...patient }, logger)
    await camera.start(run)
    const line = await logger.line(/pid/)
    const [leader] = /\d+/.exec(line)!
    try {
      await expect.poll(() => existsSync(`/proc/${leader}`), { timeout: 20_000, interval: 20 }).toBe(false)
      await logger.line(/still here/)
      await camera.stop()
      expect(isAlive(pidIn(line))).toBe(true)
    } finally {
      process.kill(pidIn(line), 'SIGKILL')
    }
    expect(run.failures).toEqual([])
    expect(logger.lines.filter((text) => text.startsWith('warn'))).toEqual([])
  })

  test('takes less than the core waits for, whatever the command does', () => {
    const { interruptTimeoutMs, terminateTimeoutMs } = configSchema.parse({ command: waits })
    // `stopTimeoutMs` of the core, with something left for what is no waiting.
    expect(interruptTimeoutMs + terminateTimeoutMs + killTimeoutMs).toBeLessThanOrEqual(1500 - 100)
  })

  test('the last frames of such a process still arrive', async () => {
    const run = new StandInRun()
    const late = `const frames = require('fs').readFileSync(process.argv[1])
      process.on('disconnect', () => process.stdout.write(frames)); process.send('ready')`
    const leader = `const stdio = ['ignore', 'inherit', 'inherit', 'ipc']
      const child = require('child_process').spawn(process.execPath, ['-e', ...process.argv.slice(1)], { detached: true, stdio })
      child.on('message', () => process.exit(6))`
    const [, , , file] = player([jpeg(), jpeg()])
    await source({ command: nodeScript(leader, late, file!) }).start(run)
    expect((await run.fails()).message).toContain('exit code 6')
    expect(run.frames).toHaveLength(2)
  })

  test('no guard is left behind either', async () => {
    const logger = new ListLogger()
    const camera = source({ command: waits }, logger)
    await camera.start(new StandInRun())
    const pid = pidIn(await logger.line(/pid/))
    expect(await membersOf(pid)).toHaveLength(2)
    await camera.stop()
    await expect.poll(() => membersOf(pid), { timeout: 20_000, interval: 20 }).toEqual([])
  })
})

/** Living processes of a group. */
async function membersOf(group: number): Promise<number[]> {
  const { readdirSync } = await import('node:fs')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) /s, '')
          .split(' ')
        return fields[2] === String(group) && fields[0] !== 'Z' && fields[0] !== 'X'
      } catch {
        return false
      }
    })
}

describe('start and stop in any order', () => {
  test('stop without start, twice, and after the end', async () => {
    const camera = source({ command: nodeScript('process.exit()') })
    await camera.stop()
    await camera.stop()
    const run = new StandInRun()
    await camera.start(run)
    await run.fails()
    await Promise.all([camera.stop(), camera.stop()])
    await camera.stop()
    expect(run.failures).toHaveLength(1)
  })

  test('stop during start: start rejects and nothing runs', async () => {
    const camera = source({ command: waits })
    const run = new StandInRun()
    const starting = camera.start(run)
    const stopping = camera.stop()
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' })
    await stopping
    expect(run.failures).toEqual([])
  })

  test('an aborted signal before, during and after start ends the run, and no failure is reported', async () => {
    const logger = new ListLogger()
    const camera = source({ command: waits }, logger)
    const early = new StandInRun()
    early.abort.abort(new Error('not wanted'))
    await expect(camera.start(early)).rejects.toThrow('not wanted')

    const during = new StandInRun()
    const starting = camera.start(during)
    during.abort.abort(new Error('no longer wanted'))
    await expect(starting).rejects.toThrow('no longer wanted')

    const late = new StandInRun()
    await camera.start(late)
    const pid = pidIn(await logger.line(/pid/))
    late.abort.abort()
    await camera.stop()
    expect(isAlive(pid)).toBe(false)
    expect([early, during, late].flatMap(({ failures }) => failures)).toEqual([])
  })

  test('a second start is refused, and the first run goes on', async () => {
    const logger = new ListLogger()
    const camera = source({ command: waits }, logger)
    const first = new StandInRun()
    await camera.start(first)
    const pid = pidIn(await logger.line(/pid/))
    const second = new StandInRun()
    await expect(camera.start(second)).rejects.toThrow(TypeError)
    expect(isAlive(pid)).toBe(true)
    await camera.stop()
    expect([...first.failures, ...second.failures]).toEqual([])
  })

  test('of two starts at once the second is refused, and stop ends the first', async () => {
    const logger = new ListLogger()
    const camera = source({ command: waits }, logger)
    const first = camera.start(new StandInRun())
    await expect(camera.start(new StandInRun())).rejects.toThrow(TypeError)
    await first
    const pid = pidIn(await logger.line(/pid/))
    await camera.stop()
    expect(isAlive(pid)).toBe(false)
  })

  test('a start while the run before is still being stopped waits for its end', async () => {
    const logger = new ListLogger()
    const camera = source({ command: waits }, logger)
    await camera.start(new StandInRun())
    const pid = pidIn(await logger.line(/pid/))
    const stopping = camera.stop()
    await camera.start(new StandInRun())
    expect(isAlive(pid)).toBe(false)
    await stopping
    await camera.stop()
  })

  test('stop from within push is safe', async () => {
    const camera = source({ command: player([jpeg(), jpeg(), jpeg()]) })
    const run = new StandInRun()
    let stopping: Promise<void> | undefined
    const push = run.push.bind(run)
    run.push = (frame) => {
      push(frame)
      stopping ??= camera.stop()
    }
    await camera.start(run)
    await run.gets(1)
    await stopping
    expect(run.frames).toHaveLength(1)
    const again = new StandInRun()
    await camera.start(again)
    expect(await again.gets(3)).toHaveLength(3)
  })
})
