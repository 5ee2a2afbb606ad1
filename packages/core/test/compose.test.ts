import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  compose,
  ENCODER,
  LOGGER,
  loadConfig,
  type Override,
  type PluginContext,
  SOURCE,
  type StreamerConfig,
  StreamerError,
  SUPERVISION,
  TRANSPORTS
} from '../src/index.js'
import { StandInClient, StandInEncoder, StandInLogger, StandInSource, StandInTransport } from './stand-ins.js'

function parts() {
  const source = new StandInSource()
  const encoder = new StandInEncoder()
  const transport = new StandInTransport()
  const logger = new StandInLogger()
  const override: Override[] = [
    [SOURCE, source],
    [ENCODER, encoder],
    [TRANSPORTS, [transport]],
    [LOGGER, logger]
  ]
  return { source, encoder, transport, logger, override }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})
const passMs = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('compose', () => {
  it('wires source, encoder and transports by token, and every one can be replaced', async () => {
    const { source, transport, override } = parts()
    const streamer = await compose({}, { override })
    await streamer.start()
    expect(streamer.urls).toEqual(['stand-in://host:1'])
    expect([...transport.streams.keys()]).toEqual(['main'])
    const stream = transport.streams.get('main')
    const client = new StandInClient((onFrame) => stream!.subscribe({ label: 'viewer', onFrame }))
    await passMs(0)
    const frame = source.give()
    expect(client.frames[0]).toBe(frame)
    expect(stream!.stats().transports).toMatchObject({ 'transport-1': { clients: 1, delivered: 1 } })
    expect(streamer.transports()).toMatchObject([{ name: 'transport-1', state: 'up' }])
    await streamer.stop()
    await streamer.stop()
    expect(source.running).toBe(false)
    expect(transport.stops).toBe(1)
    expect(stream!.stats().clients).toEqual([])
  })

  it('makes one part per stream when it is given a function', async () => {
    const { transport, encoder } = parts()
    const made: string[] = []
    const sources = (context: PluginContext) => {
      made.push(context.name)
      return new StandInSource()
    }
    const override: Override[] = [
      [SOURCE, sources],
      [ENCODER, () => encoder],
      [TRANSPORTS, () => [transport]]
    ]
    const streamer = await compose({ streams: { front: {}, door: {} } }, { override })
    expect(made).toEqual(['front', 'door'])
    await streamer.start()
    expect([...transport.streams.keys()]).toEqual(['front', 'door'])
    expect([...streamer.streams.keys()]).toEqual(['front', 'door'])
    await streamer.stop()
  })

  it('can start again after a stop', async () => {
    const { source, transport, override } = parts()
    const streamer = await compose({ linger: 'always' }, { override })
    for (let round = 1; round <= 3; round++) {
      await streamer.start()
      await passMs(0)
      expect(source.running).toBe(true)
      await streamer.stop()
      expect(source.running).toBe(false)
      expect([transport.starts, transport.stops]).toEqual([round, round])
    }
  })

  it('leaves nothing running when it is stopped while it starts', async () => {
    const { source, transport, override } = parts()
    let release = () => {}
    transport.onStart = () => new Promise<void>((resolve) => (release = resolve))
    const streamer = await compose({ linger: 'always' }, { override })
    const starting = streamer.start()
    starting.catch(() => {})
    await passMs(0)
    const stopping = streamer.stop()
    release()
    await stopping
    await expect(starting).rejects.toThrow('stopped while it was starting')
    await passMs(1000)
    expect(source.running).toBe(false)
  })

  it('stops even when a transport hangs in its start', async () => {
    const { transport, override } = parts()
    const streamer = await compose({}, { override: [...override, [SUPERVISION, { backoffMinMs: 100 }]] })
    await streamer.start()
    transport.onStart = () => new Promise<void>(() => {})
    transport.run?.fail(new Error('gone'))
    await passMs(200)
    expect(transport.starts).toBe(2)
    await streamer.stop()
    expect(streamer.transports()).toMatchObject([{ state: 'stopped' }])
  })

  it('refuses a plugin that makes nothing, and one whose schema throws', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'streamer-compose-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const schema = "configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } }"
    const throwing =
      "configSchema: { '~standard': { version: 1, vendor: 'x', validate () { throw new Error('no rules') } } }"
    await writeFile(
      join(folder, 'empty.mjs'),
      `export default { kind: 'source', apiVersion: 1, name: 'x', ${schema}, create () {} }`
    )
    await writeFile(
      join(folder, 'rules.mjs'),
      `export default { kind: 'source', apiVersion: 1, name: 'x', ${throwing}, create () {} }`
    )
    const override: Override[] = [[TRANSPORTS, []]]
    await expect(compose({ source: { use: './empty.mjs' } }, { cwd: folder, override })).rejects.toMatchObject({
      code: 'ERR_PLUGIN_INVALID',
      exitCode: 2,
      message: expect.stringContaining('made nothing with start and stop')
    })
    await expect(compose({ source: { use: './rules.mjs' } }, { cwd: folder, override })).rejects.toMatchObject({
      code: 'ERR_PLUGIN_LOAD',
      message: expect.stringContaining('its schema threw: no rules')
    })
  })

  it('refuses what is no plain data, with its place', async () => {
    const around: Record<string, unknown> = { use: 'fake' }
    around.self = around
    const config = { source: around, linger: () => 5, log: { level: new Date(0) } } as unknown as StreamerConfig
    await expect(compose(config)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /source\.self: .*contains itself\nlinger: .*a function\nlog\.level: .*an object of a class/
      )
    })
  })

  it('refuses a wrong configuration before anything is made', async () => {
    await expect(compose({ linger: -1 }, { override: parts().override })).rejects.toMatchObject({ exitCode: 2 })
  })

  it('loads our own plugins by their short names', async () => {
    const transports = [{ use: 'http' }, { use: 'tcp' }, { use: 'udp' }]
    const config = await loadConfig({ config: { source: { use: 'fake' }, transports } })
    expect(config.streams[0]?.source?.packageName).toBe('@streamer/source-fake')
    expect(config.streams[0]?.encoder?.packageName).toBe('@streamer/encoder-jpeg')
    expect(config.transports?.map(({ packageName }) => packageName)).toEqual([
      '@streamer/transport-http',
      '@streamer/transport-tcp',
      '@streamer/transport-udp'
    ])
  })
})

describe('transports', () => {
  it('that cannot start end the program, with everything stopped again', async () => {
    const { override } = parts()
    const [good, bad] = [new StandInTransport(), new StandInTransport()]
    bad.startErrors = [
      new StreamerError('ERR_LISTEN', 'transport-bad: cannot listen on 0.0.0.0:1: address already in use')
    ]
    const streamer = await compose({}, { override: [...override, [TRANSPORTS, [good, bad]]] })
    await expect(streamer.start()).rejects.toMatchObject({
      code: 'ERR_LISTEN',
      exitCode: 1,
      message: expect.stringContaining('already in use')
    })
    expect(good.stops).toBe(1)
    expect(streamer.transports().map(({ state }) => state)).toEqual(['stopped', 'stopped'])
  })

  it('that all cannot start are all named', async () => {
    const { override } = parts()
    const [one, two] = [new StandInTransport(), new StandInTransport()]
    one.startErrors = [new Error('first')]
    two.startErrors = [new Error('second')]
    const streamer = await compose({}, { override: [...override, [TRANSPORTS, [one, two]]] })
    await expect(streamer.start()).rejects.toThrow('transport transport-1: first\ntransport transport-2: second')
  })

  it('that fail while they run are started again with pauses', async () => {
    const { transport, logger, override } = parts()
    const streamer = await compose({}, { override: [...override, [SUPERVISION, { backoffMinMs: 200 }]] })
    await streamer.start()
    const client = new StandInClient((onFrame) => transport.streams.get('main')!.subscribe({ label: 'v', onFrame }))
    transport.startErrors = [new Error('still broken')]
    transport.run?.fail(new Error('socket died'))
    transport.run?.fail(new Error('socket died'))
    expect(streamer.transports()).toMatchObject([
      { state: 'failed', lastFailure: { message: 'transport transport-1: socket died' } }
    ])
    await passMs(199)
    expect(transport.starts).toBe(1)
    await passMs(2)
    expect(transport.starts).toBe(2)
    await passMs(400)
    expect(transport.starts).toBe(3)
    expect(streamer.transports()).toMatchObject([{ state: 'up' }])
    expect(client.subscription.stats().offered).toBe(0)
    expect(streamer.streams.get('main')?.stats().clients).toEqual([])
    expect(logger.lines.join('\n')).toContain('starting it again in 0.2 s')
    await streamer.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that fail in the very moment they are up are started again, too', async () => {
    for (let turns = 0; turns < 8; turns++) {
      const { transport, override } = parts()
      const streamer = await compose({}, { override: [...override, [SUPERVISION, { backoffMinMs: 100 }]] })
      await streamer.start()
      transport.onStart = (run) => {
        transport.onStart = () => {}
        let left = turns
        const later = () => {
          if (left-- === 0) run.fail(new Error('died young'))
          else queueMicrotask(later)
        }
        queueMicrotask(later)
      }
      transport.run?.fail(new Error('first'))
      await passMs(100)
      await passMs(1000)
      expect([turns, streamer.transports()[0]?.state, transport.starts]).toEqual([turns, 'up', 3])
      await streamer.stop()
    }
  })

  it('that subscribe after they were stopped get a subscription that is closed already, and no camera runs for them', async () => {
    const { source, transport, override } = parts()
    const streamer = await compose({}, { override: [...override, [SUPERVISION, { backoffMinMs: 100 }]] })
    await streamer.start()
    const left = transport.streams.get('main')!
    transport.run?.fail(new Error('gone'))
    await passMs(200)
    expect([transport.starts, streamer.transports()[0]?.state]).toEqual([2, 'up'])
    const onClose = vi.fn()
    const late = left.subscribe({ label: 'late', onFrame: () => {}, onClose })
    expect(onClose).not.toHaveBeenCalled()
    await passMs(0)
    expect(onClose).toHaveBeenCalledOnce()
    late.ready()
    late.close()
    expect([source.runs.length, left.stats().clients]).toEqual([0, []])
    await streamer.stop()
  })

  it('do not get streams in a codec that they do not carry', async () => {
    const { transport, logger, override } = parts()
    Object.assign(transport, { accepts: ['h264'] })
    const streamer = await compose({}, { override })
    await streamer.start()
    expect(transport.streams.size).toBe(0)
    expect(logger.lines.join()).toContain('does not carry mjpeg: the stream "main" is not served by it')
    await streamer.stop()
  })
})

describe('failPart', () => {
  const plugin = (kind: 'source' | 'encoder' | 'transport', body: string) =>
    `export const made = []
    export default { kind: '${kind}', apiVersion: 1, name: 'mine',
      configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } },
      create: () => { const part = ${body}; made.push(part); return part } }`

  async function setUp(config: StreamerConfig) {
    const folder = await mkdtemp(join(tmpdir(), 'streamer-fail-part-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(
      join(folder, 'source.mjs'),
      plugin('source', '{ starts: 0, async start() { this.starts++ }, async stop() {} }')
    )
    await writeFile(
      join(folder, 'transport.mjs'),
      plugin(
        'transport',
        "{ starts: 0, accepts: ['mjpeg'], async start() { this.starts++; return ['x://y'] }, async stop() {} }"
      )
    )
    const logger = new StandInLogger()
    const loaded = await loadConfig({ cwd: folder, config, replaced: new Set(['encoder']) })
    const override: Override[] = [
      [ENCODER, () => new StandInEncoder()],
      [LOGGER, logger]
    ]
    const streamer = await compose(loaded, { override })
    onTestFinished(() => streamer.stop())
    return { streamer, loaded, logger }
  }

  it('stops and starts again every transport that the plugin made, and no other', async () => {
    const { streamer, loaded, logger } = await setUp({
      source: { use: './source.mjs' },
      transports: [{ use: './transport.mjs' }, { use: './transport.mjs' }]
    })
    const plugin = loaded.transports![0]!
    expect(streamer.failPart(plugin, new Error('stray'))).toEqual([])
    await streamer.start()
    expect(streamer.failPart({ kind: 'transport', url: 'file:///other.mjs' }, new Error('stray'))).toEqual([])
    expect(streamer.failPart(plugin, new Error('stray'))).toEqual(['mine', 'mine-2'])
    expect(streamer.failPart(plugin, new Error('stray'))).toEqual([])
    expect(streamer.transports()).toMatchObject([
      { state: 'failed', lastFailure: { message: 'transport mine: threw outside of any call: stray' } },
      { state: 'failed', lastFailure: { message: 'transport mine-2: threw outside of any call: stray' } }
    ])
    await passMs(500)
    expect(streamer.transports().map(({ state }) => state)).toEqual(['up', 'up'])
    expect(logger.lines.filter((line) => line.includes('starting it again in 0.5 s')).length).toBe(2)
  })

  it('restarts a source that runs, also for what is no error, and names the stream among several', async () => {
    const { streamer, loaded } = await setUp({
      streams: {
        front: { source: { use: './source.mjs' }, linger: 'always' },
        door: { source: { use: './source.mjs' } }
      },
      transports: [{ use: './transport.mjs' }]
    })
    await streamer.start()
    await passMs(0)
    expect(streamer.failPart(loaded.streams[0]!.source!, null)).toEqual(['front/source'])
    await passMs(600)
    expect(streamer.streams.get('front')?.stats()).toMatchObject({
      starts: 2,
      failures: 1,
      lastFailure: {
        code: 'ERR_SOURCE_FAILED',
        message: 'source: threw outside of any call: something that is no error was thrown'
      }
    })
    expect(streamer.streams.get('door')?.stats()).toMatchObject({ starts: 0, failures: 0 })
  })
})
