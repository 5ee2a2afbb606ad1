import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { compose, SOURCE } from '@streamer/core'
import { FakeCamera } from '@streamer/source-fake'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { RunningCommand } from '../packages/cli/test/run-command.js'
import { watchHttp } from './support/clients.js'
import { examplesOf, root } from './support/documents.js'
import { pictures, writePictures } from './support/pictures.js'
import { snapshot } from './support/readme.js'

const folders = ['source-picture-folder', 'transport-files']
const documents = ['examples/README.md', ...folders.map((name) => `examples/${name}/README.md`)]
/** A row of a table of options: name, default, range, meaning. */
const optionRow = /^\| `(\w+)` \| (.*?) ?\|.*\|.*\|$/gm

/** As in a clone: the examples are beside the configuration. */
let clone: string
beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'streamer-examples-'))
  await symlink(join(root, 'examples'), join(clone, 'examples'))
})
afterEach(() => rm(clone, { recursive: true }))

/** The pictures in a folder, by name. */
async function picturesIn(folder: string): Promise<Buffer[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort()
  return names.map((name) => readFileSync(join(folder, name)))
}

/** Records so many pictures of a camera into `recorded/main`; the last ones. */
async function record(count: number): Promise<Buffer[]> {
  const transports = [{ use: './examples/transport-files', folder: 'recorded', keep: count }]
  const camera = new FakeCamera({ width: 160, height: 120, framerate: 60, output: 'jpeg' })
  const streamer = await compose({ transports }, { cwd: clone, override: [[SOURCE, camera]] })
  await streamer.start()
  try {
    while ((streamer.transports()[0]?.counters.files ?? 0) < count) await new Promise(setImmediate)
  } finally {
    await streamer.stop()
  }
  return picturesIn(join(clone, 'recorded/main'))
}

it('what the one records, the other plays, byte for byte', async () => {
  const recorded = await record(5)
  expect(recorded).toHaveLength(5)
  const source = { use: './examples/source-picture-folder', folder: 'recorded/main', framerate: 20 }
  const config = { source, transports: [{ use: 'http', host: '127.0.0.1', port: 0 }] }
  const streamer = await compose(config, { cwd: clone })
  onTestFinished(() => streamer.stop())
  await streamer.start()
  const watch = await watchHttp(new URL('stream.mjpg', streamer.urls[0]).href)
  onTestFinished(() => watch.close())
  await watch.until(() => new Set(watch.frames.map(String)).size >= recorded.length)
  for (const frame of watch.frames) expect(recorded.some((picture) => picture.equals(frame))).toBe(true)
})

describe('the README', () => {
  const configurations = documents.flatMap((document) =>
    examplesOf(document)
      .filter(({ language }) => language === 'yaml')
      .map((example) => [`${document}, line ${example.line}`, example.text] as const)
  )

  it.each(configurations)('has a configuration that works: %s', async (_, text) => {
    for (const folder of ['pictures', 'recorded/main']) {
      if (!text.includes(`folder: ${folder},`)) continue
      await mkdir(join(clone, folder), { recursive: true })
      await writePictures(join(clone, folder), await pictures(3))
    }
    await writeFile(join(clone, '.streamerrc'), text)
    const source = text.includes('source:') ? [] : ['--source', 'fake']
    const port = text.includes('use: http') ? ['--http-port', '0'] : []
    const command = new RunningCommand(clone, [...source, ...port])
    onTestFinished(async () => {
      command.child.kill('SIGTERM')
      await command.ended
    })
    if (port.length > 0) {
      const [, base = ''] = await command.output(/(http:\/\/localhost:\d+\/)/)
      expect((await snapshot(base)).readUInt16BE(0)).toBe(0xffd8)
    }
    if (text.includes('transport-files')) {
      const [, url = ''] = await command.output(/(file:\/\/\S+\/recorded\/main\/)/)
      await fileAppearsIn(new URL(url))
    }
  })

  it.each(folders)('of %s tells of every option and its default', async (name) => {
    const { configSchema } = (await import(join(root, 'examples', name, 'src/config.js'))) as {
      configSchema: { shape: object; parse(options: object): Record<string, unknown> }
    }
    const text = readFileSync(join(root, 'examples', name, 'README.md'), 'utf8')
    const defaults = configSchema.parse({ folder: 'a' })
    const told = Array.from(text.matchAll(optionRow), ([, option = '', value = '']) => [option, value] as const)
    expect(told.map(([option]) => option)).toEqual(Object.keys(configSchema.shape))
    for (const [option, value] of told) {
      if (option in defaults && option !== 'folder') expect(value.replaceAll('`', '')).toBe(String(defaults[option]))
    }
  })
})

/** Resolves when a file was begun in a folder. */
async function fileAppearsIn(folder: URL): Promise<void> {
  while ((await readdir(folder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

it.each(documents)('%s links to files that exist', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
  const targets = Array.from(text.matchAll(/\]\(([^)\s#]+)/g), ([, target = '']) => target)
  expect(targets.filter((target) => !existsSync(join(root, dirname(document), target)))).toEqual([])
})
