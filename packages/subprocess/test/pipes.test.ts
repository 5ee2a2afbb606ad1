import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CommandProcess, type Exit, type ProcessOptions, planLaunch } from '../src/index.js'
import { isAlive, nodeScript } from './helpers.js'

let folder: string
let started: CommandProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'subprocess-'))
  started = []
})

afterEach(async () => {
  for (const child of started) await child.stop()
  rmSync(folder, { recursive: true })
})

/** What a pipe has given, with something to wait for. */
class Heard {
  text = ''
  readonly #wakers = new Set<() => void>()
  readonly take = (chunk: Buffer): void => {
    this.text += chunk
    for (const waker of this.#wakers) waker()
    this.#wakers.clear()
  }

  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const [found] = pattern.exec(this.text) ?? []
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
  }
}

async function run(command: readonly string[] | string, options: Partial<ProcessOptions> = {}) {
  const launch = await planLaunch({ part: 'subprocess-test', command, cwd: folder })
  expect(launch.guarded).toBe(true)
  const output = new Heard()
  const errors = new Heard()
  let onEnd: (exit: Exit) => void = () => {}
  const ended = new Promise<Exit>((resolve) => {
    onEnd = resolve
  })
  const child = new CommandProcess(launch, {
    output: output.take,
    onError: errors.take,
    interruptTimeoutMs: 400,
    terminateTimeoutMs: 400,
    onEnd,
    ...options
  })
  started.push(child)
  await child.start()
  return { child, output, errors, ended }
}

/** Open descriptors of every process of a group, each as `number target`. */
function descriptorsOf(group: number): Map<number, string[]> {
  const found = new Map<number, string[]>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (fields[2] !== String(group)) continue
      const files = readdirSync(`/proc/${pid}/fd`).map((fd) => `${fd} ${readlinkSync(`/proc/${pid}/fd/${fd}`)}`)
      found.set(Number(pid), files)
    } catch {
      // It is gone.
    }
  }
  return found
}

describe('descriptors', () => {
  test('extra pipes are 3 and on, each is heard apart, and the command has nothing else', async () => {
    const events = new Heard()
    const more = new Heard()
    const shell = `echo three >&3; echo four >&4; echo out; echo err >&2
      for fd in 3 4 5 6; do if [ -e /proc/$$/fd/$fd ]; then echo "$fd open"; else echo "$fd closed"; fi; done`
    const { output, errors, ended } = await run(shell, { extra: [events.take, more.take] })
    expect(await ended).toEqual({ code: 0, signal: null })
    expect([events.text, more.text, errors.text]).toEqual(['three\n', 'four\n', 'err\n'])
    expect(output.text).toBe('out\n3 open\n4 open\n5 closed\n6 closed\n')
  })

  test('the guard holds none of the command’s pipes', async () => {
    const events = new Heard()
    const { output } = await run('echo "pid $$"; exec sleep 1000', { extra: [events.take, events.take] })
    const leader = Number((await output.says(/pid \d+/)).slice(4))
    // The guard is a shell as well until the command has taken the place of the first one.
    await expect.poll(() => [...descriptorsOf(leader).keys()].length, { timeout: 20_000 }).toBe(2)
    const [guard] = [...descriptorsOf(leader)].filter(([pid]) => pid !== leader)
    const sockets = guard![1].filter((file) => file.includes('socket:'))
    // `read` sees its pipe as 0, too.
    expect(sockets.map((file) => file.split(' ')[0])).toEqual(['0', '5'])
    expect(new Set(sockets.map((file) => file.split(' ')[1])).size).toBe(1)
  })

  test('standard output and extra descriptors can be files of ours', async () => {
    const [out, extra] = ['out', 'extra'].map((name) => openSync(join(folder, name), 'w'))
    const { ended } = await run('echo "to the file"; echo "to 3" >&3', { output: out!, extra: [extra!] })
    closeSync(out!)
    closeSync(extra!)
    await ended
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('to the file\n')
    expect(readFileSync(join(folder, 'extra'), 'utf8')).toBe('to 3\n')
  })

  test('there is nothing on standard input unless it is asked for', async () => {
    const { child, ended, output } = await run('read -r line || echo nothing')
    await ended
    expect(child.input).toBeUndefined()
    expect(output.text).toBe('nothing\n')
  })

  test('what is written to the input arrives, and writing to a process that is gone does no harm', async () => {
    const { child, output, ended } = await run('read -r line; echo "got $line"', { hasInput: true })
    child.input?.write('light\n')
    await output.says(/got light\n/)
    await ended
    child.input?.write('more\n')
    child.input?.end()
  })
})

describe('asking a process to end', () => {
  const patient = { hasInput: true, interruptTimeoutMs: 60_000, terminateTimeoutMs: 60_000 }

  test('by the end of its input comes before any signal, and is enough when it listens', async () => {
    const script = `process.on('SIGINT', () => console.log('got SIGINT')); console.log('ready')
      process.stdin.on('end', () => console.log('asked')).resume()`
    const { child, output, ended } = await run(nodeScript(script), {
      ...patient,
      askToEnd: { ask: () => child.input?.end(), timeoutMs: 60_000 }
    })
    await output.says(/ready/)
    expect(await child.stop()).toBe(true)
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(output.text).toBe('ready\nasked\n')
  })

  test('is followed by the signals when it does not listen', async () => {
    const script = `process.on('SIGINT', () => console.log('got SIGINT')); console.log('pid ' + process.pid)
      process.stdin.on('end', () => console.log('asked')).resume(); setInterval(() => {}, 1e6)`
    const { child, output, ended } = await run(nodeScript(script), {
      hasInput: true,
      askToEnd: { ask: () => child.input?.end(), timeoutMs: 400 }
    })
    const pid = Number((await output.says(/pid \d+/)).slice(4))
    expect(await child.stop()).toBe(true)
    expect(isAlive(pid)).toBe(false)
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(output.text).toMatch(/asked\ngot SIGINT\n$/)
  })

  test('is left out when the process has ended already', async () => {
    let asked = 0
    const { child, ended } = await run(['true'], { ...patient, askToEnd: { ask: () => asked++, timeoutMs: 60_000 } })
    await ended
    expect(await child.stop()).toBe(true)
    expect(asked).toBe(0)
  })
})
