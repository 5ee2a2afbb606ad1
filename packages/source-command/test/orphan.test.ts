import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { areGone, isAlive, pidIn } from './helpers.js'

const parentScript = fileURLToPath(new URL('fixtures/parent.mjs', import.meta.url))
const stubborn = `'${process.execPath}' -e '
  for (const s of ["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"]) process.on(s, () => {})
  process.stdout.on("error", () => {})
  setInterval(() => process.stdout.write("x"), 20)
  console.error("child pid " + process.pid)'`
const toEnd: number[] = []

// A program of its own cannot run on the TypeScript sources, so this test needs them compiled; that costs nothing when they are.
beforeAll(async () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [tsc, '-b', fileURLToPath(new URL('..', import.meta.url))])
})

afterEach(() => {
  for (const pid of toEnd.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
})

/** Starts a program that runs the source, and resolves with the processes of the source's command once they have said who they are. */
async function parentOf(options: object, count: number): Promise<{ parent: ChildProcess; pids: number[] }> {
  const parent = spawn(process.execPath, [parentScript, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  toEnd.push(parent.pid!)
  const pids: number[] = []
  for await (const line of createInterface({ input: parent.stdout! })) {
    if (!line.includes('child pid')) continue
    const pid = pidIn(line)
    toEnd.push(pid)
    if (pids.push(pid) === count) break
  }
  expect(pids).toHaveLength(count)
  return { parent, pids }
}

test('when file descriptors have run out, start says so', async () => {
  const script = fileURLToPath(new URL('fixtures/few-files.mjs', import.meta.url))
  const limited = ['-c', 'ulimit -n 100; exec "$@"', 'sh', process.execPath, script]
  const { stdout } = await promisify(execFile)('/bin/sh', limited)
  expect(stdout).toBe('ERR_SOURCE_FAILED source-command: cannot run "/bin/true": spawn /bin/sh EMFILE\n')
})

describe('when our own process dies', () => {
  test('by SIGKILL, a command that ignores every signal it can is killed', async () => {
    const { parent, pids } = await parentOf({ shell: `exec ${stubborn}` }, 1)
    expect(pids.every(isAlive)).toBe(true)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await areGone(...pids)
  })

  test('by SIGKILL, all parts of a pipeline are killed', async () => {
    const { parent, pids } = await parentOf({ shell: `${stubborn} | ${stubborn}` }, 2)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await areGone(...pids)
  })

  test('by process.exit, the command is killed too', async () => {
    const { parent, pids } = await parentOf({ command: ['/bin/sh', '-c', `exec ${stubborn}`] }, 1)
    parent.kill('SIGUSR2')
    expect(await once(parent, 'exit')).toEqual([7, null])
    await areGone(...pids)
  })
})
