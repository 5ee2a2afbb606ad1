import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Example, examplesOf, root } from './support/documents.js'
import { fileNameOf, ReaderFolder, readmeExamples, snapshot } from './support/readme.js'

let folder: ReaderFolder

beforeEach(async () => {
  folder = await ReaderFolder.create()
})
afterEach(() => folder.remove())

/** Runs one example as a reader would. One of a kind that nobody knows how to run fails. */
async function run(example: Example): Promise<void> {
  const { language, text } = example
  const name = fileNameOf(example)
  if (text === 'npm start\n') await npmStart()
  else if (name === '.streamerrc') await serves(text)
  else if (name?.endsWith('.test.mjs')) await nodeTest(name)
  else if (name?.endsWith('.mjs'))
    expect(examplesOf('README.md').some((other) => other.text.includes(`./${name}`))).toBe(true)
  else throw new Error(`no test runs this ${language} example`)
}

async function npmStart(): Promise<void> {
  const free = { STREAMER_HTTP_PORT: '0', STREAMER_TCP_PORT: '0', STREAMER_UDP_PORT: '0' }
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, ...free },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true
  })
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // Nothing is left of the group, as it should be.
    }
  })
  const closed = once(child, 'close')
  let printed = ''
  let base: string | undefined
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout) {
    printed += chunk
    if (base !== undefined) continue
    base = /(http:\/\/localhost:\d+\/)/.exec(printed)?.[1]
    if (base === undefined) continue
    expect((await snapshot(base)).readUInt16BE(0)).toBe(0xffd8)
    // npm alone is told to end, as by a supervisor, and must take the server with it: the pipe ends with the last process that has it.
    child.kill('SIGTERM')
  }
  await closed
  expect(printed).toContain('stopping (SIGTERM)')
}

async function serves(configuration: string): Promise<void> {
  const { base, command } = await folder.serve(configuration)
  const state = (await (await fetch(`${base}state`)).json()) as { streams: Array<{ name: string }> }
  const names = state.streams.map(({ name }) => name)
  expect(names).toEqual(configuration.includes('streams:') ? ['front', 'door'] : ['main'])
  for (const name of names) expect((await snapshot(base, `${name}/`)).readUInt16BE(0)).toBe(0xffd8)
  if (!configuration.includes('frame-sizes')) return
  const [, events = ''] = await command.output(/frame-sizes: .*?(http:\/\/localhost:\d+\/)/)
  const answer = await fetch(events)
  for await (const chunk of answer.body!) {
    expect(Buffer.from(chunk as Uint8Array).toString()).toMatch(/^data: \d{3,}\n\n/)
    break
  }
}

async function nodeTest(name: string): Promise<void> {
  const child = spawn(process.execPath, ['--test', name], {
    cwd: folder.path,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let printed = ''
  for await (const chunk of child.stdout) printed += chunk
  if (child.exitCode === null) await once(child, 'close')
  expect(printed).toMatch(/^# pass 1$/m)
  expect(printed).toMatch(/^# fail 0$/m)
}

describe('the README', () => {
  it.each(readmeExamples(false).map((example) => [`line ${example.line}`, example] as const))(
    'has an example that works at %s',
    (_, example) => run(example)
  )
})

it.each([
  ['docs/uses.md', 0, /^http:\/\/127\.0\.0\.1:\d+\/ /],
  ['docs/uses.md', 1, /^http:\/\/127\.0\.0\.1:\d+\/ /],
  ['packages/core/README.md', 0, /^http:\/\/127\.0\.0\.1:\d+\/ /],
  ['packages/socket-options/README.md', 0, /^a slow reader|^the kernel/],
  ['packages/testkit/README.md', 0, /^\d{4,}\n$/],
  ['packages/testkit/README.md', 1, /^$/]
] as const)('%s has a program that works, number %i', async (document, index, expected) => {
  const program = examplesOf(document).filter(({ language }) => language === 'js')[index]
  await writeFile(join(folder.path, 'program.mjs'), program?.text ?? '')
  const child = spawn(process.execPath, ['program.mjs'], {
    cwd: folder.path,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let printed = ''
  for await (const chunk of child.stdout) printed += chunk
  if (child.exitCode === null) await once(child, 'close')
  expect(printed).toMatch(expected)
  expect(child.exitCode).toBe(0)
})
