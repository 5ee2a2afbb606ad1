import { expect, it } from 'vitest'
import { root } from './support/documents.js'
import { runNode } from './support/run-node.js'

it('the contracts work under Node’s own test runner', async () => {
  const output = await runNode(['--test', '--test-reporter=tap', 'test/node-test/tcp.test.mjs'], root)
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1])
  expect(output.match(/^ *not ok .*$/gm) ?? []).toEqual([])
  expect(count('tests')).toBeGreaterThan(60)
  expect([count('pass'), count('skipped'), count('todo')]).toEqual([count('tests'), 0, 0])
})
