import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { RunningCommand } from '../packages/cli/test/run-command.js'
import { type Example, examplesOf, root } from './support/documents.js'
import { fileNameOf, snapshot } from './support/readme.js'
import { runNode } from './support/run-node.js'

const examples = examplesOf('docs/writing-a-plugin.md')

function exampleWith(text: string): Example {
  const found = examples.filter((example) => example.text.includes(text))
  if (found.length !== 1) throw new Error(`${found.length} examples contain ${text}`)
  return found[0]!
}

/** What the reader's folder holds. */
const files: ReadonlyMap<string, string> = new Map([
  ['src/index.ts', exampleWith('class LinesTransport').text],
  ['test/contract.test.ts', exampleWith('transportContract(').text],
  ['package.json', exampleWith('"name": "streamer-transport-lines"').text],
  ['tsconfig.json', exampleWith('"compilerOptions"').text],
  ['src/clock.ts', exampleWith('class ClockSource').text],
  ['serve.mjs', exampleWith('startStreamer({').text]
])

let folder: string
let plugin: string

const tool = (path: string) => join(root, 'node_modules', path)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-plugin-'))
  plugin = join(folder, 'streamer-transport-lines')
  for (const [name, text] of files) {
    await mkdir(dirname(join(plugin, name)), { recursive: true })
    await writeFile(join(plugin, name), text)
  }
  await symlink(join(root, 'node_modules'), join(plugin, 'node_modules'))
  await runNode([tool('typescript/bin/tsc')], plugin)
})
afterAll(() => rm(folder, { recursive: true }))

/** The server of the reader, with `.streamerrc` beside the plugin's folder. */
async function serve(configuration: string): Promise<{ base: string; lines: string }> {
  await writeFile(join(folder, '.streamerrc'), configuration.replace('port: 7000', 'port: 0'))
  const command = new RunningCommand(folder, ['--http-port', '0'])
  onTestFinished(async () => {
    command.child.kill('SIGTERM')
    await command.ended
  })
  const [, base = ''] = await command.output(/(http:\/\/localhost:\d+\/)/)
  const [, lines = ''] = await command.output(/(tcp:\/\/localhost:\d+)/)
  return { base, lines }
}

async function firstLine(url: string): Promise<{ sequence: number; timestampUs: number; jpeg: string }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    for await (const line of createInterface(socket)) return JSON.parse(line)
    throw new Error('no line came')
  } finally {
    socket.destroy()
  }
}

describe('the transport of the document', () => {
  it('passes its contract', async () => {
    const { scripts } = JSON.parse(files.get('package.json') ?? '')
    const [, ...words] = scripts.test.split(' ')
    const output = await runNode([tool('vitest/vitest.mjs'), ...words, '--root', plugin, '--reporter=json'], plugin)
    const report = JSON.parse(output.slice(output.indexOf('{')))
    expect(report).toMatchObject({ success: true, numPendingTests: 0 })
    expect(report.numPassedTests).toBeGreaterThan(20)
  })

  it.each(['./streamer-transport-lines', 'use: lines'])('serves beside ours as %s', async (use) => {
    if (use === 'use: lines') {
      await mkdir(join(folder, 'node_modules'), { recursive: true })
      await symlink(plugin, join(folder, 'node_modules', 'streamer-transport-lines'))
    }
    const example = examples.find(
      (candidate) =>
        fileNameOf(candidate) === '.streamerrc' && candidate.text.includes(use) && !candidate.text.includes('isolate')
    )
    const { base, lines } = await serve(example!.text)
    const { sequence, timestampUs, jpeg } = await firstLine(lines)
    expect(Number.isInteger(sequence) && Number.isInteger(timestampUs)).toBe(true)
    expect(Buffer.from(jpeg, 'base64').readUInt16BE(0)).toBe(0xffd8)
    expect((await snapshot(base)).readUInt16BE(0)).toBe(0xffd8)
  })

  it('serves isolated', async () => {
    const { base, lines } = await serve(exampleWith('isolate: true').text)
    expect(Buffer.from((await firstLine(lines)).jpeg, 'base64').readUInt16BE(0)).toBe(0xffd8)
    expect((await snapshot(base)).readUInt16BE(0)).toBe(0xffd8)
  })

  it('serves in a test of the reader', async () => {
    expect(await runNode(['serve.mjs'], plugin)).toContain('tcp://127.0.0.1:')
  })

  it('is found right by the command', async () => {
    const command = new RunningCommand(plugin, ['plugins', 'check', '.'])
    expect(await command.ended).toMatchObject({ code: 0 })
  })
})

it('the source of the document gives pictures', async () => {
  const command = new RunningCommand(folder, [
    '--transport',
    'http',
    '--http-port',
    '0',
    '--source',
    `${plugin}/dist/clock.js`
  ])
  onTestFinished(async () => {
    command.child.kill('SIGTERM')
    await command.ended
  })
  const [, base = ''] = await command.output(/(http:\/\/localhost:\d+\/)/)
  expect((await snapshot(base)).readUInt16BE(0)).toBe(0xffd8)
})

it('every program of the document is run', () => {
  const known = [...files.values()]
  const others = examples.filter(
    ({ language, text }) => ['ts', 'js', 'json'].includes(language) && !known.includes(text)
  )
  expect(others.map(({ text }) => text)).toEqual([])
})
