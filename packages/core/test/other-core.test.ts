import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { compose, isStreamerError, StreamerError } from '../src/index.js'

const dist = fileURLToPath(new URL('../dist', import.meta.url))

it('a plugin that has a copy of the core of its own works, and its errors are what they are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'streamer-other-core-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const core = join(folder, 'node_modules/@streamer/core')
  await mkdir(core, { recursive: true })
  await cp(join(dist, 'plugin'), join(core, 'plugin'), { recursive: true })
  const exports = { './plugin': './plugin/index.js' }
  await writeFile(join(core, 'package.json'), JSON.stringify({ name: '@streamer/core', type: 'module', exports }))
  await writeFile(
    join(folder, 'mine.mjs'),
    `import { defineTransport, Lifecycle, StreamerError } from '@streamer/core/plugin'
    class Mine {
      accepts = ['mjpeg']
      #lifecycle = new Lifecycle('mine', () => {})
      start(run) {
        return this.#lifecycle.start(run, async () => {
          throw Object.assign(new StreamerError('ERR_LISTEN', 'mine: the port is taken'), { ofOtherCore: StreamerError })
        })
      }
      stop() { return this.#lifecycle.stop() }
    }
    export default defineTransport({ name: 'mine', create: () => new Mine(),
      configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } } })`
  )
  const streamer = await compose({ source: { use: 'fake' }, transports: [{ use: './mine.mjs' }] }, { cwd: folder })
  const error = await streamer.start().catch((thrown: unknown) => thrown)
  expect(isStreamerError(error)).toBe(true)
  expect(error).toMatchObject({ code: 'ERR_LISTEN', message: 'transport mine: mine: the port is taken' })
  const { cause } = error as { cause: { ofOtherCore: unknown } }
  expect(cause).not.toBeInstanceOf(StreamerError)
  expect(isStreamerError(cause)).toBe(true)
})
