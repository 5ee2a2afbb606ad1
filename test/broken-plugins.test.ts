import { fileURLToPath } from 'node:url'
import { compose, type PartConfig, type Streamer, type StreamerConfig, SUPERVISION } from '@streamer/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { garbage } from './broken-plugins/source.mjs'
import { goOn, type Watch, watchHttpAndTcp } from './support/clients.js'
import { KeepingLogger } from './support/keeping-logger.js'

const cwd = fileURLToPath(new URL('broken-plugins', import.meta.url))
const camera = { use: 'fake', output: 'jpeg', width: 160, height: 120, framerate: 60 }
const listening = { host: '127.0.0.1', port: 0 }
const transports = [
  { use: 'http', ...listening },
  { use: 'tcp', payload: 'jpeg', ...listening }
]
const supervision = {
  backoffMinMs: 20,
  backoffMaxMs: 100,
  repeatMs: 100,
  noSignalAfterMs: 200,
  transportStartTimeoutMs: 200,
  stopTimeoutMs: 200,
  slowCallMs: 40
}

let logger: KeepingLogger
let streamer: Streamer | undefined
let watches: readonly Watch[]

beforeEach(() => {
  logger = new KeepingLogger()
  watches = []
})
afterEach(async () => {
  for (const watch of watches) watch.close()
  await streamer?.stop()
  streamer = undefined
})

/** A running server with a client at each of the two good transports. */
async function serve(config: StreamerConfig, stream?: string): Promise<Streamer> {
  streamer = await compose(config, { cwd, logger, override: [[SUPERVISION, supervision]] })
  await streamer.start()
  watches = await watchHttpAndTcp(streamer.urls, stream)
  return streamer
}

/** The clients of the two good transports get frames as if nothing were wrong. */
const othersGoOn = (frames?: number) => goOn(watches, frames)

describe('beside a transport that', () => {
  const starts = [
    ...[
      'error',
      'null',
      'undefined',
      'text',
      'an object that cannot be text',
      'an error that cannot be looked at'
    ].flatMap((what) => [`start throws ${what}`, `start rejects with ${what}`]),
    'accepts throws error',
    'accepts is a text',
    'start never ends',
    'subscribes without end',
    ...['nothing', 'null', 'a text', 'numbers', 'no URLs'].map((what) => `start gives ${what}`)
  ]
  const told: Record<string, RegExp> = {
    'start throws error': /^transport broken: broken on purpose/,
    'start rejects with text': /^transport broken: just text/,
    'start throws an object that cannot be text': /^transport broken: something that is no error was thrown/,
    'accepts throws error': /^transport broken: broken on purpose/,
    'accepts is a text': /^transport broken: its "accepts" is "mjpeg", not a list of codecs/,
    'start never ends': /^transport broken: did not start within 0\.2 s/,
    'subscribes without end': /^transport broken: cannot subscribe for again: it has 20000 subscriptions open/,
    'start gives nothing': /^transport broken: start\(\) gave undefined, not a list of URLs/,
    'start gives numbers': /^transport broken: start\(\) gave 5, which is not a URL/,
    'start gives no URLs': /^transport broken: start\(\) gave "nowhere in particular", which is not a URL/
  }

  it.each(starts)('%s, two others keep streaming', async (fault) => {
    const broken = { use: './transport.mjs', optional: true, fault }
    const { transports: statuses } = await serve({ source: camera, transports: [...transports, broken] })
    await logger.says(told[fault] ?? /^transport broken: .*; starting it again/)
    await othersGoOn()
    expect(statuses.call(streamer)[2]).toMatchObject({ name: 'broken', urls: [] })
    // It is tried again and again.
    const before = streamer?.transports()[2]?.lastFailure?.atMs ?? 0
    while ((streamer?.transports()[2]?.lastFailure?.atMs ?? 0) <= before) await othersGoOn(1)
  })

  it.each([
    [
      'onFrame throws null',
      /^the transport "broken" threw in onFrame: something that is no error was thrown; that client is let go/
    ],
    [
      'onFrame rejects with error',
      /^the transport "broken" threw in onFrame: broken on purpose; that client is let go/
    ],
    ['onFrame holds up everything', /^the transport "broken" held up everything for more than 0\.08 s in onFrame/],
    ['start holds up everything', /^the transport "broken" held up everything for more than 0\.08 s in start/],
    ['onClose throws error', /^the transport "broken" threw in onClose: broken on purpose/],
    [
      'onClose rejects with undefined',
      /^the transport "broken" threw in onClose: something that is no error was thrown/
    ],
    ['run.fail with null', /^transport broken: something that is no error was thrown; starting it again/]
  ])('%s, two others keep streaming', async (fault, said) => {
    await serve({ source: camera, transports: [...transports, { use: './transport.mjs', fault }] })
    await logger.says(said)
    await othersGoOn()
  })

  it.each([
    ['stats throws error', /^the transport "broken" threw in stats: broken on purpose/],
    ['stats gives null', /^the transport "broken" gave null for its counters/],
    ['stats gives a text', /^the transport "broken" gave "many" for its counters/],
    ['stats gives NaN', /^the transport "broken" has counters that are no numbers/],
    ['stats gives functions', /^the transport "broken" has counters that are no numbers/],
    ['stats gives a promise', undefined]
  ])('%s has no counters, and two others keep streaming', async (fault, said) => {
    await serve({ source: camera, transports: [...transports, { use: './transport.mjs', fault }] })
    expect(streamer?.transports()[2]).toMatchObject({ state: 'up', counters: {} })
    if (said) await logger.says(said)
    await othersGoOn()
  })

  it.each([
    ['stop throws null', /threw while it was stopped/],
    ['stop rejects with an error that cannot be looked at', /threw while it was stopped/],
    ['stop never ends', /did not stop within 200 ms; going on without waiting for it/]
  ])('%s, the others stop all the same', async (fault, said) => {
    await serve({ source: camera, transports: [...transports, { use: './transport.mjs', fault }] })
    await othersGoOn()
    await streamer?.stop()
    await logger.says(said)
    expect(streamer?.transports().map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped'])
  })

  it('never reads, two others keep streaming, and it costs one frame for each of its clients', async () => {
    await serve({ source: camera, transports: [...transports, { use: './transport.mjs', fault: 'never reads' }] })
    await othersGoOn(30)
    const silent =
      streamer?.streams
        .get('main')
        ?.stats()
        .clients.filter(({ label }) => label === 'silent') ?? []
    expect(silent.length).toBe(5)
    for (const { delivered, waiting, dropped, offered } of silent) {
      expect([delivered, waiting]).toEqual([1, 1])
      expect(dropped).toBe(offered - 2)
    }
  })
})

describe('beside a source that', () => {
  const serveBoth = (source: PartConfig, watchdog = 5) =>
    serve({ streams: { good: { source: camera }, bad: { source, watchdog, linger: 'always' } }, transports }, 'good')
  const bad = () => streamer!.streams.get('bad')!

  it.each([
    ['start throws error', /^source: broken on purpose; starting it again/],
    ['start rejects with null', /^source: something that is no error was thrown; starting it again/],
    ['start throws an error that cannot be looked at', /^source: something that is no error was thrown; starting it/],
    ['start holds up everything', /^the source "\.\/source\.mjs" held up everything for more than 0\.08 s in start/],
    ['run.fail with undefined', /^source: something that is no error was thrown; starting it again/],
    ['controls throws error', /^the source "\.\/source\.mjs" threw in controls: broken on purpose/],
    ['controls are no controls', /^the source "\.\/source\.mjs" has controls without list, values and set/]
  ])('%s, the clients of another stream go on', async (fault, said) => {
    await serveBoth({ use: './source.mjs', fault })
    await logger.says(said)
    await othersGoOn()
  })

  it.each(['prepare throws error', 'prepare rejects with null'])('%s, nothing happens', async (fault) => {
    await serveBoth({ use: './source.mjs', fault })
    await othersGoOn()
    expect(bad().state).toBe('live')
  })

  it.each([
    ['stop throws text', /the source threw while it was stopped/],
    ['stop never ends', /the source did not stop within 200 ms; going on without waiting for it/]
  ])('%s, everything stops all the same', async (fault, said) => {
    await serveBoth({ use: './source.mjs', fault })
    await othersGoOn()
    await streamer?.stop()
    await logger.says(said)
    expect(bad().state).toBe('idle')
  })

  it('stats throws undefined, it has no counters', async () => {
    await serveBoth({ use: './source.mjs', fault: 'stats throws undefined' })
    expect(bad().stats().source).toEqual({})
    await logger.says(/^the source "\.\/source\.mjs" threw in stats: something that is no error was thrown/)
    await othersGoOn()
  })

  it.each([
    ['controls.list throws error', [], {}],
    ['controls.values throws null', [], {}],
    ['controls are garbage', ['gain'], { gain: 1 }]
  ])('%s, what is sound of them is left', async (fault, names, values) => {
    await serveBoth({ use: './source.mjs', fault })
    const { controls } = bad()
    expect(controls?.list().map(({ name }) => name)).toEqual(
      ['quality', ...names].filter((name) => name !== 'quality').concat('quality')
    )
    expect(controls?.values()).toMatchObject(values)
    await logger.says(/^the source "\.\/source\.mjs" (threw in controls\.|gave a (value of a )?control that is none)/)
    if (fault === 'controls are garbage')
      await expect(controls?.set({ gain: 2 })).rejects.toMatchObject({
        code: 'ERR_SOURCE_FAILED',
        message: 'the source "./source.mjs" cannot set gain: something that is no error was thrown'
      })
    await othersGoOn()
  })

  it('gives garbage between its frames, its clients get the frames alone', async () => {
    await serve({ source: { use: './source.mjs', fault: 'gives garbage between its frames' }, transports })
    const stream = streamer!.streams.get('main')!
    for (const [what] of garbage)
      await logger.says(new RegExp(`^the source "\\./source\\.mjs" gave a frame that is refused: ${what}`))
    await othersGoOn()
    expect(stream.stats()).toMatchObject({ state: 'live', failures: 0, refused: garbage.length })
    for (const frame of watches.flatMap(({ frames }) => frames)) expect(frame.length).toBe(5)
  })

  it('gives nothing but garbage, it is not alive, and its clients see why', async () => {
    const source = { use: './source.mjs', fault: 'gives nothing but garbage' }
    await serve({ source, watchdog: 0.3, transports })
    const message =
      'the source "./source.mjs" gave nothing that is a frame for 0.3 s (watchdog): its sequence is -1, not a whole number of 0 or more'
    await logger.says(/gave nothing that is a frame for 0\.3 s/)
    await othersGoOn(3)
    const stats = streamer!.streams.get('main')!.stats()
    expect(stats).toMatchObject({ captured: 0, lastFailure: { code: 'ERR_SOURCE_OUTPUT', message } })
    expect(stats.placeholders).toBeGreaterThan(0)
    expect(stats.starts).toBeGreaterThan(1)
  })

  it('release throws error, its frames are encoded all the same', async () => {
    await serve({ source: { use: './source.mjs', fault: 'release throws error' }, transports })
    await othersGoOn()
    expect(streamer!.streams.get('main')!.stats()).toMatchObject({ state: 'live', failures: 0 })
  })
})

describe('beside an encoder that', () => {
  const rawCamera = { use: 'fake', width: 160, height: 120, framerate: 60 }
  const serveBoth = (fault: string) =>
    serve(
      {
        streams: {
          good: { source: camera },
          bad: { source: rawCamera, encoder: { use: './encoder.mjs', fault }, watchdog: 0.3, linger: 'always' }
        },
        transports
      },
      'good'
    )
  const bad = () => streamer!.streams.get('bad')!

  it.each([
    ['start throws null', /^encoder: something that is no error was thrown; starting it again/],
    ['start rejects with error', /^encoder: broken on purpose; starting it again/],
    ['run.fail with a text', /^encoder: out of paper; starting it again/],
    ['push throws error', /^the encoder "\.\/encoder\.mjs" threw in push: broken on purpose/],
    ['push rejects with text', /^the encoder "\.\/encoder\.mjs" threw in push: just text/],
    ['push holds up everything', /^the encoder "\.\/encoder\.mjs" held up everything for more than 0\.04 s in push/],
    ['controls throws error', /^the encoder "\.\/encoder\.mjs" threw in controls: broken on purpose/],
    ['gives null', /^the encoder "\.\/encoder\.mjs" gave a frame that is refused: it is null/],
    ['gives another codec', /gave a frame that is refused: its codec is "h264", which is not wanted here/],
    ['gives a raw frame', /gave a frame that is refused: its kind is "raw", which is not wanted here/],
    ['gives no data', /gave a frame that is refused: its data is undefined, not a Uint8Array/]
  ])('%s, the clients of another stream go on', async (fault, said) => {
    await serveBoth(fault)
    await logger.says(said)
    await othersGoOn()
  })

  it.each(['push throws error', 'gives no data'])(
    '%s for as long as the watchdog waits, it is started again',
    async (fault) => {
      await serveBoth(fault)
      await logger.says(
        fault === 'gives no data'
          ? /^the encoder ".*" gave nothing that is a frame for 0\.3 s: its data/
          : /^no frame from the encoder for 0\.3 s/
      )
      expect(bad().stats().lastFailure).toMatchObject({ code: 'ERR_ENCODER_FAILED' })
      await othersGoOn()
    }
  )

  it('stop throws error and stats throws null, everything stops all the same', async () => {
    await serveBoth('stop throws error')
    while (bad().state !== 'live') await othersGoOn(1)
    await streamer?.stop()
    await logger.says(/the encoder threw while it was stopped/)
    await serveBoth('stats throws null')
    expect(bad().stats().encoder).toEqual({})
    await othersGoOn()
  })

  it.each([
    ['output throws error', 'ERR_PLUGIN_LOAD', 'encoder plugin "./encoder.mjs" threw when its output was looked at'],
    ['output is nothing', 'ERR_PLUGIN_INVALID', 'encoder plugin "./encoder.mjs" has the output undefined, not "mjpeg"']
  ])('has no codec to be known by (%s), the program says so before it begins', async (fault, code, message) => {
    await expect(serveBoth(fault)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })
})
