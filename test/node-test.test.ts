import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { root } from './support/documents.js'

it('the contracts work under Node’s own test runner', async () => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_)/.test(name)))
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', 'test/node-test/tcp.test.mjs'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child, 'close')
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1])
  expect(output.match(/^ *not ok .*$/gm) ?? []).toEqual([])
  expect(count('tests')).toBeGreaterThan(60)
  expect([count('pass'), count('skipped'), count('todo')]).toEqual([count('tests'), 0, 0])
})
