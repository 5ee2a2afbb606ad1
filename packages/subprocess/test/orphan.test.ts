import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { areGone, isAlive, pidIn } from './helpers.js'

const toEnd: number[] = []

// A program of its own cannot run on the TypeScript sources, so this test needs them compiled; that costs nothing when they are.
beforeAll(async () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [tsc, '-b', fileURLToPath(new URL('..', import.meta.url))])
})

afterEach(() => {
  for (const pid of toEnd.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
})

test('a process with extra pipes that ignores every signal it can is killed when we are killed', async () => {
  const script = `for (const s of ["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"]) process.on(s, () => {})
    setInterval(() => {}, 1e6); console.error("child pid " + process.pid)`
  const parentScript = fileURLToPath(new URL('fixtures/parent.mjs', import.meta.url))
  const parent = spawn(process.execPath, [parentScript, `exec '${process.execPath}' -e '${script}'`], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  toEnd.push(parent.pid!)
  const lines = createInterface({ input: parent.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  const pid = pidIn(line)
  toEnd.push(pid)
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await areGone(pid)
})
