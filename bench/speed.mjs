/**
 * What Streamer costs, against a bare C program that does no more than it must, and against other servers where they are installed:
 *
 *   npm run bench [-- --quick] [--only TEXT] [--rounds N] [--seconds N] [--warmup N] [--clients N] [--soak MINUTES] [--json FILE]
 *
 * Needs Linux and a C compiler; strace and taskset where they are there. `docs/performance.md` says what the rows are and how to read them.
 *
 * - rounds (5): in each round every server is run once, by turns; medians of the rounds are shown, and the least and the most
 * - seconds (3) that are measured, after warmup (6): what runs 30 times a second is compiled well only after some seconds
 * - clients: so many for every row, to try the benchmark itself; targets are not for that
 * - soak: only looks whether memory grows, with 100 clients, for so many minutes
 *
 * It judges nothing: a machine is as busy as it is, and what is compared was measured in the same minutes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeCorpus } from './speed/corpus.mjs'
import { buildPrograms, findCompiler, has } from './speed/programs.mjs'
import { rows, scenarios } from './speed/rows.mjs'
import {
  describeMachine,
  measureEncoder,
  measureGrowth,
  measureIdle,
  measureSlowClient,
  measureStart,
  measureStream,
  measureWrites
} from './speed/runs.mjs'
import { median, shortNumber, summary } from './speed/statistics.mjs'
import { subjects } from './speed/subjects.mjs'
import { machineRow, printTable } from './speed/table.mjs'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    warmup: { type: 'string' },
    clients: { type: 'string' },
    soak: { type: 'string' },
    json: { type: 'string' }
  }
})
const seconds = positive('seconds', flags.quick ? 1 : 3)
const settings = {
  rounds: positive('rounds', flags.quick ? 2 : 5),
  seconds,
  warmupSeconds: positive('warmup', flags.quick ? 1 : 6),
  // Long enough for all that a kernel may hold of 30 fps of VGA (4 MB of tcp_wmem and 6 MB of tcp_rmem).
  stallSeconds: Math.min(seconds * 2, 6),
  idleSeconds: seconds * 2.5,
  encoderSeconds: seconds,
  ...(flags.clients && { clients: positive('clients') })
}
if (process.platform !== 'linux') stop('The benchmark looks into /proc, so it needs Linux.')

const folder = mkdtempSync(join(os.tmpdir(), 'streamer-bench-'))
const notes = []
const failures = []
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
// So that the programs end, too, see `speed/programs.mjs`. 128 and the number of the signal, as shells have it.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
await main()

async function main() {
  const compiler = findCompiler()
  const tools = {
    settings,
    folder,
    programs: {},
    // A server shares its core with nobody else.
    cores: os.cpus().length > 1 && has('taskset') ? { server: 0, clients: 1 } : {},
    strace: has('strace', '-V')
  }
  if (compiler) {
    tools.programs = buildPrograms(compiler, folder, ['floor', 'load', 'camera-pipe', 'stand-in-v4l2'])
  } else {
    note('There is no C compiler, so that the floor and all rows with clients are left out: sudo apt install gcc')
  }
  if (tools.cores.server === undefined)
    note('Server and clients are not kept to cores of their own: taskset, or a second core, is missing.')
  if (!tools.strace)
    note('strace is not there: calls are counted by the kernel, those that write to anything else included.')
  for (const subject of Object.values(subjects)) if (subject.missing) note(subject.missing)

  const machine = describeMachine({ compiler, os, subjects })
  const words = [
    `${machine.name}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.linux}, Node ${machine.node}`
  ]
  for (const name of ['compiler', 'ustreamer', 'python']) if (machine[name]) words.push(`${name} ${machine[name]}`)
  console.log(`${words.join('; ')}; load ${machine.load.toFixed(1)}`)
  console.log(`${settings.rounds} rounds of ${settings.seconds} s after ${settings.warmupSeconds} s\n`)

  const corpora = { vga: await makeCorpus(join(folder, 'vga'), 'vga'), hd: await makeCorpus(join(folder, 'hd'), 'hd') }
  const means = Object.values(corpora).map(
    ({ width, height, meanBytes }) => `${width}x${height}: ${Math.round(meanBytes)} bytes`
  )
  console.log(`pictures: ${means.join(', ')}`)

  if (flags.soak) {
    await soak(tools, corpora)
    return
  }
  const chosen = rows.filter(({ title, scenario }) => `${title} ${scenario}`.includes(flags.only))
  if (chosen.length === 0) stop(`No row has "${flags.only}" in its title: ${rows.map(({ title }) => title).join('; ')}`)
  const results = { machine, settings, date: new Date().toISOString(), notes, failures, rows: [], scenarios: {} }
  for (const name of new Set(chosen.map(({ scenario }) => scenario))) {
    const found = await runScenario(name, tools, corpora)
    if (found) results.scenarios[name] = found
  }
  progress('')
  for (const { scenario, title, figures } of chosen) {
    const found = results.scenarios[scenario]
    if (!found) continue
    const described = figures.map(({ label, unit, limit, atLeast, values }) => ({
      label,
      unit,
      ...(limit !== undefined && { target: { limit, atLeast: atLeast === true } }),
      ...summary(values(found))
    }))
    results.rows.push({ title, scenario, figures: described.filter(({ values }) => values.length > 0) })
  }
  printTable(results)
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(results, null, 2)}\n`)
  if (flags.only === '') console.log(`\nThe row of this machine for docs/performance.md:\n${machineRow(results)}`)
  for (const text of notes) console.log(`- ${text}`)
  for (const text of failures) console.error(`- failed: ${text}`)
  // What could not be measured is a failure; what was measured never is.
  if (failures.length > 0) process.exitCode = 1
}

/** All rounds of a scenario: for each subject the result of each round. */
async function runScenario(name, tools, corpora) {
  const { needs, corpus, ...rest } = scenarios[name]
  if (needs !== 'start' && needs !== 'encoder' && !tools.programs.load) return undefined
  const scenario = { ...rest, corpus: corpora[corpus], clients: settings.clients ?? rest.clients }
  // How often a program writes does not depend on how busy the machine is.
  const rounds = needs === 'writes' ? 1 : settings.rounds
  const present = scenario.subjects.map((key) => subjects[key]).filter(({ missing }) => !missing)
  const results = Object.fromEntries(present.map((subject) => [subject.name, []]))
  for (let round = 0; round < rounds; round++) {
    // Whoever is first in a round is last in the next one.
    const order = round % 2 === 0 ? present : [...present].reverse()
    for (const subject of order) {
      progress(`${name}, round ${round + 1} of ${rounds}: ${subject.name}`)
      try {
        results[subject.name][round] = await measure(needs, subject, scenario, tools)
      } catch (error) {
        failures.push(`${name}, ${subject.name}, round ${round + 1}: ${error.message}`)
      }
    }
  }
  for (const [subject, list] of Object.entries(results)) noteRate(name, subject, scenario.framerate, list)
  return Object.fromEntries(Object.entries(results).map(([subject, list]) => [subject, Array.from(list)]))
}

function measure(needs, subject, scenario, tools) {
  switch (needs) {
    case 'stream':
      return measureStream(subject, scenario, tools)
    case 'slow':
      return measureSlowClient(subject, scenario, tools)
    case 'writes':
      return measureWrites(subject, scenario, tools)
    case 'idle':
      return measureIdle(subject, scenario, tools)
    case 'start':
      return measureStart(subject, tools)
    default:
      return measureEncoder(tools)
  }
}

async function soak(tools, corpora) {
  if (!tools.programs.load) return
  const { corpus, ...rest } = scenarios['http-100']
  const scenario = { ...rest, corpus: corpora[corpus], clients: settings.clients ?? rest.clients }
  const minutes = positive('soak')
  const { resident } = await measureGrowth(subjects.streamer, scenario, minutes, tools)
  console.log(`Resident memory with ${scenario.clients} HTTP clients, MB, minute by minute:`)
  console.log(resident.map((bytes) => shortNumber(bytes / 1e6)).join(' '))
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ resident }, null, 2)}\n`)
}

/** Says it where clients got notably fewer frames than there were, for then servers did not do the same work. */
function noteRate(name, subject, framerate, results) {
  const rates = results.map((result) => result?.clientFramerate).filter(Number.isFinite)
  if (rates.length === 0 || !(median(rates) < framerate * 0.95)) return
  note(`${name}, ${subject}: each client got ${shortNumber(median(rates))} of ${framerate} frames per second.`)
}

/** One line that is written over again and again, for a person who waits. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function note(text) {
  notes.push(text)
}

function positive(name, fallback) {
  const value = flags[name] === undefined ? fallback : Number(flags[name])
  if (!(value > 0)) stop(`--${name} takes a number above 0, not "${flags[name]}".`)
  return value
}

function stop(sentence) {
  console.error(sentence)
  process.exit(2)
}
