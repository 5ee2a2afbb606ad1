import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Example } from '../support/documents.js'
import { fileNameOf, ReaderFolder, readmeExamples, snapshot } from '../support/readme.js'

const run = promisify(execFile)
let folder: ReaderFolder

beforeEach(async () => {
  folder = await ReaderFolder.create()
})
afterEach(() => folder.remove())

/** Runs an example that needs ffmpeg or curl as a reader would; only the port is another. */
async function runExample(example: Example): Promise<void> {
  if (fileNameOf(example) === '.streamerrc') {
    const { base } = await folder.serve(example.text)
    expect((await snapshot(base)).readUInt16BE(0)).toBe(0xffd8)
    return
  }
  expect(example.language).toBe('sh')
  const { base } = await folder.serve('source: { use: fake }')
  await run('sh', ['-c', example.text.replaceAll('http://localhost:8080/', base)], { cwd: folder.path })
  const file = /(snapshot\.jpg|clip\.mp4)/.exec(example.text)?.[1] ?? ''
  const probe = [
    '-v',
    'error',
    '-count_frames',
    '-select_streams',
    'v',
    '-show_entries',
    'stream=width,height,nb_read_frames',
    '-of',
    'csv=p=0'
  ]
  const { stdout } = await run('ffprobe', [...probe, join(folder.path, file)])
  const [width, height, frames] = stdout.trim().split(',').map(Number)
  expect([width, height]).toEqual([640, 480])
  expect(frames).toBeGreaterThanOrEqual(1)
  expect((await readFile(join(folder.path, file))).length).toBeGreaterThan(1000)
}

describe('the README', () => {
  it.each(readmeExamples(true).map((example) => [`line ${example.line}`, example] as const))(
    'has an example that works at %s',
    (_, example) => runExample(example)
  )
})
