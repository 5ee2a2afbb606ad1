import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunningCommand } from '../packages/cli/test/run-command.js'
import { type Watch, watchHttp, watchTcp } from './support/clients.js'
import { root } from './support/documents.js'

let folder: string
let command: RunningCommand
let watches: Watch[] = []

beforeEach(async () => {
  watches = []
  folder = await mkdtemp(join(tmpdir(), 'streamer-isolated-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(async () => {
  for (const watch of watches) watch.close()
  command.child.kill('SIGTERM')
  const { code } = await command.ended
  await rm(folder, { recursive: true })
  expect(code).toBe(0)
})

/** A server with this configuration, and what it prints for its transports http and tcp. */
async function serve(configuration: string, plugin = ''): Promise<{ http: string; tcp: string }> {
  await writeFile(join(folder, '.streamerrc'), configuration)
  await writeFile(join(folder, 'plugin.mjs'), plugin)
  command = new RunningCommand(folder, ['--http-port', '0', '--tcp-port', '0', '--log-format', 'json'])
  const url = async (scheme: string) => (await command.output(new RegExp(`(${scheme}://localhost:\\d+)`)))[1] ?? ''
  return { http: await url('http'), tcp: await url('tcp') }
}

async function watch(opening: Promise<Watch>): Promise<Watch> {
  const opened = await opening
  watches.push(opened)
  return opened
}

const portOf = (url: string) => Number(new URL(url).port)
const camera = 'source: { use: fake, width: 160, height: 120, output: jpeg }'

describe('isolated plugins of ours', () => {
  it('deliver the same bytes as those that are not', async () => {
    const { http, tcp } = await serve(`
      ${camera}
      transports: [{ use: http }, { use: tcp, payload: jpeg, isolate: true }]
    `)
    const viewer = await watch(watchHttp(`${http}/stream.mjpg`))
    const isolated = await watch(watchTcp(portOf(tcp)))
    await Promise.all([viewer.more(30), isolated.more(30)])
    const seen = new Set(viewer.frames.map((frame) => frame.toString('latin1')))
    expect(isolated.frames.filter((frame) => seen.has(frame.toString('latin1'))).length).toBeGreaterThan(15)
  })

  it('take what a source and an encoder in threads of their own give', async () => {
    const { http } = await serve(`
      source: { use: fake, width: 160, height: 120, isolate: true }
      encoder: { use: jpeg, isolate: true }
      transports: [{ use: http }, { use: tcp }]
    `)
    const viewer = await watch(watchHttp(`${http}/stream.mjpg`))
    await viewer.more(10)
    for (const frame of viewer.frames)
      expect([frame.readUInt16BE(0), frame.readUInt16BE(frame.length - 2)]).toEqual([0xffd8, 0xffd9])
    expect(new Set(viewer.frames.map((frame) => frame.toString('latin1'))).size).toBeGreaterThan(5)
  })
})

/** A transport that does `deed` with each frame. */
const transport = (deed: string) => `
  import { defineTransport } from '@streamer/core/plugin'
  import { z } from 'zod'
  class Bad {
    accepts = ['mjpeg']
    async start(run, streams) {
      for (const stream of streams.values()) {
        let count = 0
        const subscription = stream.subscribe({ label: 'itself', onFrame: () => { count++; ${deed}; subscription.ready() } })
      }
      return ['bad://here']
    }
    async stop() {}
  }
  export default defineTransport({ name: 'bad', configSchema: z.strictObject({}), supports: { clients: false }, create: () => new Bad() })
`

describe('an isolated transport', () => {
  it.each([
    ['is caught in an endless loop', 'if (count === 3) for (;;);', /did not answer for 5 s/],
    ['ends its process', 'if (count === 3) process.exit(3)', /ended its thread \(exit code 3\)/],
    [
      'throws outside of any call',
      'if (count === 3) setTimeout(() => { throw new Error("oops") })',
      /threw outside of any call: oops/
    ],
    [
      'takes all the memory',
      'if (count === 3) { const all = []; for (;;) all.push(new Array(100000).fill(count)) }',
      /memory/i
    ]
  ])('that %s is started again, and the others go on', async (_, deed, says) => {
    const { http, tcp } = await serve(
      `
      ${camera}
      transports: [{ use: http }, { use: tcp, payload: jpeg }, { use: ./plugin.mjs, isolate: true }]
    `,
      transport(deed)
    )
    const viewer = await watch(watchHttp(`${http}/stream.mjpg`))
    const other = await watch(watchTcp(portOf(tcp)))
    await command.output(says)
    await Promise.all([viewer.more(10), other.more(10)])
    await command.output(/listening again: bad:\/\/here/)
    expect([viewer.ended, other.ended]).toEqual([false, false])
  })
})

describe('an isolated source', () => {
  it('that hangs is started again while viewers stay', async () => {
    const { http } = await serve(
      `
      source: { use: ./plugin.mjs, isolate: true }
      transports: [{ use: http }, { use: tcp }]
    `,
      `
      import { createPicture, defineSource, monotonicUs } from '@streamer/core/plugin'
      import { z } from 'zod'
      class Bad {
        #timer
        async start(run) {
          let sequence = 0
          this.#timer = setInterval(() => {
            if (sequence === 5) for (;;);
            const { width, height, data, stride } = createPicture(64, 48)
            run.push({ kind: 'raw', pixelFormat: 'rgb24', sequence: sequence++, timestampUs: monotonicUs(), width, height, planes: [{ data, stride }] })
          }, 20)
        }
        async stop() {
          clearInterval(this.#timer)
        }
      }
      export default defineSource({ name: 'bad', configSchema: z.strictObject({}), create: () => new Bad() })
      `
    )
    const viewer = await watch(watchHttp(`${http}/stream.mjpg`))
    await command.output(/did not answer for 5 s/)
    await command.output(/the source gives frames again/)
    expect(viewer.ended).toBe(false)
  })
})
