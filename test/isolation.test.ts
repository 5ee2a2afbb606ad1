import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { compose, type Streamer, type StreamerConfig, StreamerError, SUPERVISION } from '@streamer/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { goOn, type Watch, watchHttpAndTcp } from './support/clients.js'
import { KeepingLogger } from './support/keeping-logger.js'

const cwd = fileURLToPath(new URL('broken-plugins', import.meta.url))
const camera = { use: 'fake', output: 'jpeg', width: 160, height: 120, framerate: 60 }
const listening = { host: '127.0.0.1', port: 0 }
const http = { use: 'http', ...listening }
const tcp = { use: 'tcp', payload: 'jpeg', ...listening }
const supervision = { backoffMinMs: 20, backoffMaxMs: 100, repeatMs: 100, noSignalAfterMs: 200 }

let folder: string
let logger: KeepingLogger
let streamer: Streamer | undefined
let watches: readonly Watch[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-isolation-'))
  logger = new KeepingLogger()
  watches = []
})
afterEach(async () => {
  for (const watch of watches) watch.close()
  await streamer?.stop()
  streamer = undefined
  expect(threads.size).toBe(0)
  await rm(folder, { recursive: true })
})

/** Worker threads of this process that are not gone. */
const threads = new Set<Worker>()
process.on('worker', (worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})

/** Longer than a thread takes for anything on a busy machine. */
const patientMs = 30_000
/** For those that hang on purpose; a sound one that is ended by it is started again. */
const hastyMs = 1000

/** A running server with a client at each of the two good transports. */
async function serve(
  config: StreamerConfig,
  stream?: string,
  hangMs = patientMs,
  noSignalAfterMs = supervision.noSignalAfterMs
): Promise<Streamer> {
  const override = { ...supervision, noSignalAfterMs, hangMs }
  streamer = await compose(config, { cwd, logger, override: [[SUPERVISION, override]] })
  await streamer.start()
  watches = await watchHttpAndTcp(streamer.urls, stream)
  return streamer
}

/** The same, showing the camera's own pictures alone, however late the first of them is. */
const serveCamera = (config: StreamerConfig) => serve(config, undefined, patientMs, patientMs)

/** The clients of the two good transports get frames as if nothing were wrong. */
const othersGoOn = (frames?: number) => goOn(watches, frames)

/** Resolves when there are so many threads: one in which a plugin was only looked at takes a while to end on a busy machine. */
async function threadsAre(count: number): Promise<void> {
  while (threads.size !== count) await othersGoOn(1)
}

const main = () => streamer!.streams.get('main')!
const marker = () => join(folder, 'done')

/** What each deed is told as. */
const deeds: ReadonlyArray<readonly [deed: string, said: string]> = [
  ['an endless loop', 'did not answer for 1 s and was ended: an endless loop\\?'],
  ['the end of the process', 'ended its thread \\(exit code 7\\)'],
  ['an error outside of any call', 'threw outside of any call: stray'],
  ['a rejection that nobody hears', 'threw outside of any call: .+']
]

describe('our own plugins in threads of their own', () => {
  it('deliver the bytes of the camera', async () => {
    await serveCamera({ source: { ...camera, isolate: true }, transports: [http, { ...tcp, isolate: true }] })
    const [direct, isolated] = watches.map(
      ({ frames }) =>
        () =>
          frames.map((frame) => frame.toString('latin1'))
    )
    const common = () => {
      const known = new Set(direct!())
      return isolated!().filter((frame) => known.has(frame)).length
    }
    // Whichever frames each of them was too late for: as long as it lasts.
    while (common() < 15) await othersGoOn(5)
    await threadsAre(2)
  })

  it('draw, encode and carry pictures', async () => {
    const raw = { use: 'fake', width: 160, height: 120, framerate: 60, isolate: true }
    const encoder = { use: 'jpeg', isolate: true }
    await serveCamera({ source: raw, encoder, transports: [http, { ...tcp, isolate: true }] })
    await othersGoOn(30)
    for (const frame of watches.flatMap(({ frames }) => frames))
      expect([frame.readUInt16BE(0), frame.readUInt16BE(frame.length - 2)]).toEqual([0xffd8, 0xffd9])
    expect(main().stats()).toMatchObject({ state: 'live', failures: 0, refused: 0 })
  })

  it('have their settings changed while they run, in their ranges, and keep them in the next thread', async () => {
    await serveCamera({ source: { ...camera, isolate: true }, transports: [http, tcp] })
    await othersGoOn()
    while (
      !main()
        .controls?.list()
        .some(({ name }) => name === 'brightness')
    )
      await othersGoOn(1)
    const { controls } = main()
    expect(await controls?.set({ brightness: 0.5 })).toMatchObject({ brightness: 0.5 })
    expect(controls?.values()).toMatchObject({ brightness: 0.5 })
    await expect(controls?.set({ brightness: 2 })).rejects.toMatchObject({ code: 'ERR_CONTROL_INVALID' })
    await expect(controls?.set({ colour: 'red' })).rejects.toMatchObject({ code: 'ERR_CONTROL_INVALID' })
    await threadsAre(1)
    const [thread] = threads
    // Whatever ends it.
    await thread?.terminate()
    while (main().stats().failures === 0 || main().state !== 'live') await othersGoOn(1)
    while (Object.keys(main().stats().source).length === 0) await othersGoOn(1)
    expect(threads.has(thread!)).toBe(false)
    expect(controls?.values()).toMatchObject({ brightness: 0.5 })
  })

  it('have their failures told with the code that they gave', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    try {
      const error = await serve({ source: camera, transports: [http, { ...tcp, port, isolate: true }] }).catch(
        (thrown: unknown) => thrown
      )
      expect(error).toBeInstanceOf(StreamerError)
      expect(error).toMatchObject({
        code: 'ERR_LISTEN',
        message: `transport tcp: cannot listen on 127.0.0.1:${port}: address already in use`
      })
    } finally {
      holder.close()
    }
  })
})

describe('in a thread of its own, a plugin', () => {
  /** A program in which the broken part is a transport, a source or an encoder; the clients watch the stream `good` in the latter cases. */
  const around = (kind: string, part: Record<string, unknown>): [StreamerConfig, string?] => {
    const broken = { use: `./isolated-${kind}.mjs`, isolate: true, marker: marker(), ...part }
    if (kind === 'transport') return [{ source: camera, transports: [http, tcp, { optional: true, ...broken }] }]
    const bad =
      kind === 'source'
        ? { source: broken, linger: 'always' as const }
        : { source: { ...camera, output: 'raw' }, encoder: broken, linger: 'always' as const }
    return [{ streams: { good: { source: camera }, bad }, transports: [http, tcp] }, 'good']
  }
  const places: ReadonlyArray<readonly [kind: string, at: string]> = [
    ['transport', 'onFrame'],
    ['transport', 'start'],
    ['source', 'timer'],
    ['source', 'start'],
    ['encoder', 'push'],
    ['encoder', 'start']
  ]
  const cases = places.flatMap(([kind, at]) =>
    deeds
      .filter(([deed]) => deed === 'an endless loop' || at === 'onFrame' || (kind !== 'transport' && at !== 'start'))
      .map(([deed, said]) => [kind, at, deed, said] as const)
  )

  it.each(cases)(
    'the %s whose %s does %s is ended and started in a new one, and the others go on',
    async (kind, at, deed, said) => {
      const [config, stream] = around(kind, { at, deed })
      await serve(config, stream, deed === 'an endless loop' ? hastyMs : patientMs)
      const who = kind === 'transport' ? 'transport isolated:' : `the ${kind} "\\./isolated-${kind}\\.mjs"`
      await logger.says(new RegExp(`^${who} ${said}; starting it again in`))
      await othersGoOn()
      if (kind === 'transport') {
        await logger.says(/^listening(?: again)?: isolated:\/\/here/)
        await othersGoOn()
        return
      }
      const bad = streamer!.streams.get('bad')!
      while (bad.state !== 'live') await othersGoOn(1)
      expect(bad.stats().lastFailure).toMatchObject({ code: 'ERR_PLUGIN_ISOLATED' })
    }
  )

  it('that takes all the memory is ended, and the others go on', async () => {
    await serve(around('transport', { at: 'onFrame', deed: 'all the memory' })[0])
    await logger.says(/^transport isolated: used more than 256 MiB of memory, pictures not counted; starting it again/)
    await othersGoOn()
    await logger.says(/^listening again: isolated:/)
  })

  it.each([
    ['transport', 'an endless loop'],
    ['source', 'an endless loop'],
    ['encoder', 'an endless loop'],
    ['transport', 'the end of the process'],
    ['source', 'an error outside of any call']
  ])('the %s whose stop does %s is ended all the same', async (kind, deed) => {
    await serve(...around(kind, { at: 'stop', deed }))
    await othersGoOn()
    while (threads.size === 0) await othersGoOn(1)
    await streamer?.stop()
    expect(threads.size).toBe(0)
  })

  it('begins anew in each thread', async () => {
    await serve(...around('transport', { at: 'onFrame', deed: 'the end of the process' }))
    await logger.says(/^listening again/)
    const counters = () => streamer!.transports()[2]!.counters
    while (counters().made === undefined) await othersGoOn(1)
    expect(counters().made).toBe(1)
    expect(counters().threadId).toBeGreaterThan(1)
  })

  it('has what it logs and prints in the log, in bounded numbers', async () => {
    await serve(...around('transport', { at: 'onFrame', deed: 'lines without end' }))
    await logger.says(/^line 5$/)
    await othersGoOn(30)
    const lines = logger.lines.filter((line) => line.startsWith('line '))
    expect(lines.length).toBeLessThan(2000)
    await streamer?.stop()
    await serve(...around('transport', { at: 'onFrame', deed: 'output without end', marker: `${marker()}-2` }))
    await logger.says(/^in the end$/)
    await logger.says(/^printed 5$/)
    expect(logger.lines.filter((line) => line.startsWith('printed')).length).toBeLessThan(2000)
    expect(Math.max(...logger.lines.map(({ length }) => length))).toBe(2000)
    await othersGoOn()
  })

  it('that asks for more than can be done is ended', async () => {
    await serve(...around('transport', { at: 'onFrame', deed: 'subscriptions without end' }))
    await logger.says(/^transport isolated: asked for more than can be done: 200000 messages wait; starting it again/)
    await othersGoOn()
  })

  it('cannot speak for the thread', async () => {
    await serve(...around('transport', { at: 'onFrame', deed: 'messages of its own' }))
    await othersGoOn(30)
    expect(streamer!.transports()[2]).toMatchObject({ state: 'up' })
  })

  it('has the settings of a stream, can change them, and hears why not', async () => {
    const [config] = around('transport', { sets: { brightness: 0.25 } })
    await serve(config)
    await logger.says(/^set \{.*"brightness":0\.25/)
    expect(main().controls?.values()).toMatchObject({ brightness: 0.25 })
    await streamer?.stop()
    await serve(around('transport', { sets: { brightness: 9 } })[0])
    await logger.says(/^refused: .*cannot set brightness to 9/)
  })

  it('has its own refusal of a setting told', async () => {
    await serve(...around('source', {}))
    const { controls } = streamer!.streams.get('bad')!
    while (controls?.list().length !== 2) await othersGoOn(1)
    await expect(controls.set({ gain: 6 })).rejects.toThrow(/six is too many/)
    expect(await controls.set({ gain: 5 })).toMatchObject({ gain: 5 })
    await othersGoOn()
  })

  it('that gives garbage has it refused and counted', async () => {
    await serve(...around('source', { garbage: true }))
    const bad = streamer!.streams.get('bad')!
    while (bad.stats().refused < 3) await othersGoOn(1)
    await logger.says(
      /^the source ".*" gave a frame that is refused: its width is "wide", not a whole number of 1 or more/
    )
    expect(bad.stats()).toMatchObject({ state: 'live', failures: 0 })
  })

  it('that has not what it declares is told so', async () => {
    const liar = { use: './isolated-liar.mjs', isolate: true, marker: marker() }
    await expect(serve({ source: camera, transports: [http, tcp, liar] })).rejects.toMatchObject({
      code: 'ERR_PLUGIN_INVALID',
      message:
        'transport isolated: transport plugin "./isolated-liar.mjs" declares supports.codecs mjpeg, h264 and has mjpeg; isolated plugins are taken at their word'
    })
  })
})
