import { describe, expect, test } from 'vitest'
import { CommandProcess, type Exit, type Launch, planLaunch } from '../src/index.js'
import { areGone, isAlive, nodeScript, pidIn } from './helpers.js'

/** Starts a command without a guard, as on a system that has no /bin/sh; resolves with its first line on standard error. */
async function startUnguarded(command: readonly string[]) {
  const [file = '', ...args] = command
  const launch: Launch = {
    part: 'subprocess-test',
    file,
    args,
    cwd: process.cwd(),
    env: process.env,
    guarded: false,
    label: `"${file}"`,
    line: ''
  }
  const ends: Exit[] = []
  let child: CommandProcess | undefined
  const line = await new Promise<string>((resolve, reject) => {
    child = new CommandProcess(launch, {
      interruptTimeoutMs: 100,
      terminateTimeoutMs: 100,
      output: () => {},
      onError: (chunk) => resolve(chunk.toString()),
      onEnd: (exit) => ends.push(exit)
    })
    child.start().catch(reject)
  })
  return { child: child!, line, ends }
}

describe('CommandProcess without a guard', () => {
  test('ends the whole group too', async () => {
    const grandchild = `process.on('SIGINT', () => {}); setInterval(() => {}, 1e6)`
    const { child, line, ends } = await startUnguarded(
      nodeScript(
        `const { pid } = require('child_process').spawn(process.execPath, ['-e', process.argv[1]], { stdio: 'inherit' })
         process.on('SIGINT', () => {}); console.error('pid ' + pid); setInterval(() => {}, 1e6)`,
        grandchild
      )
    )
    const pid = pidIn(line)
    expect(isAlive(pid)).toBe(true)
    expect(await child.stop()).toBe(true)
    await areGone(pid)
    expect(ends).toHaveLength(1)
  })

  test('says that a program does not exist when the system does', async () => {
    await expect(startUnguarded(['/no/such/program'])).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      message: 'subprocess-test: cannot run "/no/such/program": no such program',
      // Its arguments may hold passwords.
      cause: expect.not.objectContaining({ spawnargs: expect.anything() })
    })
  })

  test('says why the system refuses to start a program', async () => {
    await expect(startUnguarded([process.execPath, 'x'.repeat(10_000_000)])).rejects.toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringMatching(/^subprocess-test: cannot run ".*": .*E2BIG/)
    })
  })

  test('stop before start does nothing', async () => {
    const launch = await planLaunch({ part: 'subprocess-test', command: ['true'], cwd: '/' })
    const child = new CommandProcess(launch, {
      interruptTimeoutMs: 1,
      terminateTimeoutMs: 1,
      output: () => {},
      onError: () => {},
      onEnd: () => {}
    })
    expect(await child.stop()).toBe(true)
  })
})
