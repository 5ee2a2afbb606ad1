import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runNode } from '../support/run-node.js'

/** What `bench/speed.mjs --json` writes, as far as it is looked at here. */
interface Results {
  readonly notes: readonly string[]
  readonly failures: readonly string[]
  readonly rows: ReadonlyArray<{
    readonly title: string
    readonly scenario: string
    readonly figures: ReadonlyArray<{ readonly label: string; readonly median: number }>
  }>
  /** By name of the scenario and of the server, one for each round. */
  readonly scenarios: Readonly<Record<string, Record<string, ReadonlyArray<Record<string, unknown>>>>>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const bench = join(root, 'bench', 'speed.mjs')
const chart = join(root, 'bench', 'speed', 'chart.mjs')
const has = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-bench-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('the benchmark of speed still runs: every server delivers frames, every row has figures, and a chart is drawn of them', async () => {
  const json = join(folder, 'results.json')
  const smallest = ['--rounds', '1', '--seconds', '0.8', '--warmup', '0.2', '--clients', '2']
  const printed = await runNode([bench, ...smallest, '--json', json], root)
  const results = JSON.parse(await readFile(json, 'utf8')) as Results
  expect(results.failures).toEqual([])

  const { rows, scenarios } = (await import('../../bench/speed/rows.mjs')) as {
    rows: ReadonlyArray<{ title: string; scenario: string }>
    scenarios: Record<string, { needs: string; subjects: readonly string[] }>
  }
  if (!['cc', 'gcc', 'clang'].some(has)) {
    // Without a compiler there are no clients, and the benchmark says so.
    expect(printed).toContain('There is no C compiler')
    expect(results.rows.map(({ scenario }) => scenario)).toEqual(['start', 'encoder'])
    return
  }
  expect(results.rows.map(({ title }) => title)).toEqual(rows.map(({ title }) => title))
  const missing = [...(has('ustreamer') ? [] : ['ustreamer']), ...(has('python3') ? [] : ['python'])]
  for (const name of missing) expect(printed).toContain(name)
  for (const [name, { needs, subjects }] of Object.entries(scenarios)) {
    const measured = results.scenarios[name] ?? {}
    expect(Object.keys(measured).sort(), name).toEqual(subjects.filter((one) => !missing.includes(one)).sort())
    if (needs !== 'stream') continue
    for (const [subject, [round]] of Object.entries(measured)) {
      expect(round?.least, `${name}, ${subject}: frames of the client that got least`).toBeGreaterThan(0)
    }
  }
  for (const { title, figures } of results.rows) {
    expect(figures.length, title).toBeGreaterThan(0)
    for (const { label, median } of figures) expect(median, `${title}: ${label}`).toBeGreaterThanOrEqual(0)
    expect(printed).toContain(title)
  }
  expect(await runNode([chart, json], root)).toMatch(/^<svg [\s\S]*<\/svg>\s*$/)
}, 300_000)
