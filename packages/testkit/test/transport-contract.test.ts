import type { Socket } from 'node:net'
import {
  type Codec,
  type EncodedFrame,
  pluginApiVersion,
  type Run,
  type Stream,
  type Subscription
} from '@streamer/core/plugin'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { transportRules } from '../src/contract/transport-rules.js'
import type { TransportFixture } from '../src/index.js'
import { connect, read } from './broken-transports/client.js'
import { SoundTransport, soundPlugin } from './broken-transports/sound.js'
import { SoundWriter, writerPlugin } from './broken-transports/writer.js'

type AnyPlugin = TransportFixture['plugin']

/** Long for what works, also on a slow machine. */
const longLimitMs = 20_000
/** For what is broken, and waits for nothing. */
const shortLimitMs = 1500

const fixtureOf = (plugin: AnyPlugin, limitMs = longLimitMs): TransportFixture => ({
  plugin,
  limitMs,
  options: (port) => (plugin.supports?.clients === false ? {} : { port }),
  connect: plugin.supports?.clients === false ? read : connect
})

/** The rules that a plugin breaks, with what is said of it. @param expected is not waited for as long as others. */
async function broken(plugin: AnyPlugin, expected?: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const quick = transportRules(fixtureOf(plugin, shortLimitMs))
  for (const [index, rule] of transportRules(fixtureOf(plugin)).entries()) {
    const { check } = rule.name === expected ? quick[index]! : rule
    await check().catch((error: Error) => {
      found[rule.name] = error.message
    })
  }
  return found
}

const held: unknown[] = []
const timers: NodeJS.Timeout[] = []
const leak = () => timers.push(setTimeout(() => {}, 3_600_000).unref())

/** Takes every frame as soon as there is one, and sends them one after the other; `onQueued` may change what is still to be sent. */
function takeAtOnce(
  transport: SoundTransport,
  socket: Socket,
  stream: Stream,
  onQueued: (queue: EncodedFrame[]) => unknown
): Subscription {
  const queue: EncodedFrame[] = []
  let isSending = false
  const next = () => {
    const frame = queue.shift()
    isSending = frame !== undefined
    if (frame) transport.send(socket, frame, next)
  }
  const subscription = stream.subscribe({
    label: 'client',
    onFrame: (frame) => {
      queue.push(frame)
      onQueued(queue)
      subscription.ready()
      if (!isSending) next()
    },
    onClose: () => socket.destroy()
  })
  return subscription
}

/** For each rule a plugin that breaks this rule alone. */
const variants: ReadonlyArray<readonly [rule: string, plugin: AnyPlugin, says: RegExp]> = [
  [
    'is a transport plugin of this API version',
    soundPlugin(SoundTransport, { apiVersion: pluginApiVersion + 1 }),
    /API version/
  ],
  [
    'refuses an option that it does not have, by name',
    soundPlugin(SoundTransport, { configSchema: z.object({ port: z.int() }) }),
    /noSuchOption/
  ],
  [
    'refuses a wrong value with the path of its key',
    soundPlugin(SoundTransport, { configSchema: z.strictObject({ port: z.any() }) }),
    /takes an object as port/
  ],
  [
    'accepts the codecs that it declares',
    soundPlugin(
      class extends SoundTransport {
        override readonly accepts: readonly Codec[] = ['mjpeg', 'h264']
      }
    ),
    /declares mjpeg/
  ],
  [
    'opens nothing before start',
    soundPlugin(
      class extends SoundTransport {
        #timer = setTimeout(() => {}, 3_600_000).unref()
        override start(run: Run, streams: ReadonlyMap<string, Stream>) {
          clearTimeout(this.#timer)
          return super.start(run, streams)
        }
        override stop() {
          clearTimeout(this.#timer)
          return super.stop()
        }
      }
    ),
    /a timer, opened at .*transport-contract.test.ts/
  ],
  [
    'start resolves with addresses',
    soundPlugin(
      class extends SoundTransport {
        override async start(run: Run, streams: ReadonlyMap<string, Stream>) {
          return [...(await super.start(run, streams)), 'over there']
        }
      }
    ),
    /over there/
  ],
  [
    'stop works without start',
    soundPlugin(
      class extends SoundTransport {
        #wasStarted = false
        override start(run: Run, streams: ReadonlyMap<string, Stream>) {
          this.#wasStarted = true
          return super.start(run, streams)
        }
        override async stop() {
          if (!this.#wasStarted) throw new Error('it was never started')
          await super.stop()
        }
      }
    ),
    /never started/
  ],
  [
    'stop works twice',
    soundPlugin(
      class extends SoundTransport {
        #stops = 0
        override async start(run: Run, streams: ReadonlyMap<string, Stream>) {
          this.#stops = 0
          return super.start(run, streams)
        }
        override async stop() {
          if (this.#stops++ > 0) throw new Error('it was stopped already')
          await super.stop()
        }
      }
    ),
    /stopped already/
  ],
  [
    'stop while it starts ends both',
    soundPlugin(
      class extends SoundTransport {
        override async stop() {
          if (this.isStarting) return
          await super.stop()
        }
      }
    ),
    /a TCP server/
  ],
  [
    'serves again after stop and start',
    soundPlugin(
      class extends SoundTransport {
        #starts = 0
        override start(run: Run, streams: ReadonlyMap<string, Stream>) {
          return super.start(run, this.#starts++ === 0 ? streams : new Map())
        }
      }
    ),
    /a subscription to the stream "front"/
  ],
  [
    'a second start is refused, and the first goes on',
    soundPlugin(
      class extends SoundTransport {
        #urls: readonly string[] | undefined
        override async start(run: Run, streams: ReadonlyMap<string, Stream>) {
          this.#urls = (!this.isStopped && this.#urls) || (await super.start(run, streams))
          return this.#urls
        }
      }
    ),
    /a second time/
  ],
  [
    'a start that is aborted before is refused',
    soundPlugin(
      class extends SoundTransport {
        override start(run: Run, streams: ReadonlyMap<string, Stream>) {
          const signal = run.signal.aborted ? new AbortController().signal : run.signal
          return super.start({ ...run, signal, fail: run.fail }, streams)
        }
      }
    ),
    /although its signal was aborted/
  ],
  [
    'an abort while it starts leaves nothing open',
    soundPlugin(
      class extends SoundTransport {
        override async open(run: Run, streams: ReadonlyMap<string, Stream>) {
          const urls = await super.open(run, streams)
          return urls
        }
        override async close() {
          if (this.isStarting && !this.isStopped) this.server = undefined
          await super.close()
        }
      }
    ),
    /a TCP server/
  ],
  [
    'an abort while it runs leaves nothing open',
    soundPlugin(
      class extends SoundTransport {
        #isAborted = false
        override async start(run: Run, streams: ReadonlyMap<string, Stream>) {
          const urls = await super.start(run, streams)
          run.signal.addEventListener('abort', () => {
            this.#isAborted = true
          })
          return urls
        }
        override async stop() {
          if (!this.#isAborted) await super.stop()
        }
      }
    ),
    /a TCP server/
  ],
  [
    'nothing is open after stop',
    soundPlugin(
      class extends SoundTransport {
        override gone(subscription: Subscription) {
          super.gone(subscription)
          leak()
        }
      }
    ),
    /a timer/
  ],
  [
    'stop ends its subscriptions',
    soundPlugin(
      class extends SoundTransport {
        override gone(subscription: Subscription) {
          if (!this.isStopped) super.gone(subscription)
        }
      }
    ),
    /the end of its subscriptions/
  ],
  [
    'never changes a frame',
    soundPlugin(
      class extends SoundTransport {
        override send(socket: Socket, frame: EncodedFrame, done: () => void) {
          super.send(socket, frame, () => {
            // Between the marks of a frame of this size nobody looks later.
            if (frame.data.length === 3000) frame.data[100]! ^= 1
            done()
          })
        }
      }
    ),
    /wrote into the bytes/
  ],
  [
    'counts in whole numbers that only go up',
    soundPlugin(
      class extends SoundTransport {
        override stats() {
          return { ...super.stats(), left: 10 - this.counters.connections }
        }
      }
    ),
    /left went down from 10 to 9/
  ],
  [
    'frames of every size arrive byte for byte',
    soundPlugin(
      class extends SoundTransport {
        override send(socket: Socket, frame: EncodedFrame, done: () => void) {
          if (frame.data.length === 1201) done()
          else super.send(socket, frame, done)
        }
      }
    ),
    /a frame for a client was not done/
  ],
  [
    'every frame that it takes arrives, in order',
    soundPlugin(
      class extends SoundTransport {
        override subscribe(socket: Socket, stream: Stream) {
          return takeAtOnce(this, socket, stream, (queue) => queue.splice(0, queue.length - 1))
        }
      }
    ),
    /frame \d+ of the 32 that it took did not arrive/
  ],
  [
    'frames of every size arrive whole or not at all',
    soundPlugin(
      class extends SoundTransport {
        override send(socket: Socket, frame: EncodedFrame, done: () => void) {
          const isCut = frame.data.length === 1201
          super.send(socket, isCut ? { ...frame, data: frame.data.subarray(0, 1200) } : frame, done)
        }
      },
      { supports: { reliable: false } }
    ),
    /1200 bytes that are no frame/
  ],
  [
    'a client is demand from its coming to its going',
    soundPlugin(
      class extends SoundTransport {
        override gone(subscription: Subscription) {
          if (this.isStopped || this.sockets.size > 0 || this.counters.sent > 1) super.gone(subscription)
          else setTimeout(() => super.gone(subscription), shortLimitMs * 2).unref()
        }
        override async close() {
          await super.close()
        }
      }
    ),
    /the end of the subscription after its client went/
  ],
  [
    'every client gets the frames',
    soundPlugin(
      class extends SoundTransport {
        override accept(socket: Socket, streams: ReadonlyMap<string, Stream>) {
          if (this.sockets.size === 2) socket.destroy()
          else super.accept(socket, streams)
        }
      }
    ),
    /a subscription to the stream/
  ],
  [
    'a client that hangs holds up nobody',
    soundPlugin(
      class extends SoundTransport {
        #last: Promise<void> = Promise.resolve()
        readonly #onClose = new Map<Socket, () => void>()
        override send(socket: Socket, frame: EncodedFrame, done: () => void) {
          if (frame.data.length < 100_000) return super.send(socket, frame, done)
          // One after the other, whoever it is for, unless somebody is gone.
          const before = this.#last
          this.#last = new Promise<void>((resolve) => {
            this.#onClose.set(socket, resolve)
            before.then(() => super.send(socket, frame, () => [resolve(), done()]))
          })
        }
        override gone(subscription: Subscription) {
          super.gone(subscription)
          for (const [socket, resolve] of this.#onClose) if (socket.destroyed) resolve()
        }
      }
    ),
    /a frame for a client was not done/
  ],
  [
    'a client that hangs costs bounded memory',
    soundPlugin(
      class extends SoundTransport {
        override subscribe(socket: Socket, stream: Stream) {
          return takeAtOnce(this, socket, stream, (queue) => {
            held.push(queue.at(-1)!.data)
            // Not so many that the client would get old ones.
            if (queue.length > 40) queue.splice(0, queue.length - 1)
          })
        }
      }
    ),
    /it holds 1\d\d MiB of 128 MiB/
  ],
  [
    'a client that hung gets the newest frame',
    soundPlugin(
      class extends SoundTransport {
        #stream: Stream | undefined
        override subscribe(socket: Socket, stream: Stream) {
          this.#stream = stream
          return super.subscribe(socket, stream)
        }
        override send(socket: Socket, frame: EncodedFrame, done: () => void) {
          super.send(socket, frame, () => {
            // It takes a client that was slow once for dead.
            if (this.#stream!.latest!.sequence - frame.sequence < 80) done()
          })
        }
      }
    ),
    /a frame for a client was not done/
  ],
  [
    'a client that goes in the middle of a frame hurts nobody',
    soundPlugin(
      class extends SoundTransport {
        readonly #sending = new Set<Socket>()
        override send(socket: Socket, frame: EncodedFrame, done: () => void) {
          this.#sending.add(socket)
          super.send(socket, frame, () => {
            this.#sending.delete(socket)
            done()
          })
        }
        override accept(socket: Socket, streams: ReadonlyMap<string, Stream>) {
          super.accept(socket, streams)
          socket.on('close', () => {
            const isCut = this.#sending.delete(socket) && !this.isStopped
            if (isCut) for (const other of this.sockets) other.destroy()
          })
        }
      }
    ),
    /the connection is gone/
  ],
  [
    'a taken port is ERR_LISTEN',
    soundPlugin(
      class extends SoundTransport {
        override portError(error: unknown) {
          return error as Error
        }
      }
    ),
    /EADDRINUSE/
  ],
  [
    'lets a client go when the core closes its subscription',
    soundPlugin(
      class extends SoundTransport {
        override letGo() {}
      }
    ),
    /whose subscription was closed/
  ],
  [
    'takes frames from its start to its stop',
    writerPlugin(
      class extends SoundWriter {
        override async start(run: Run, streams: ReadonlyMap<string, Stream>) {
          const held = new Map(Array.from(streams, ([name, stream]) => [name, later(stream)]))
          return super.start(run, held)
        }
      }
    ),
    /takes no frames/
  ],
  [
    'gives each client the stream that it asks for',
    soundPlugin(
      class extends SoundTransport {
        override streamFor(_: string, streams: ReadonlyMap<string, Stream>) {
          return streams.values().next().value
        }
      }
    ),
    /a subscription to the stream "door"/
  ],
  [
    'takes frames of the first stream alone',
    writerPlugin(SoundWriter, { severalStreams: false }),
    /declare severalStreams/
  ]
]

/** A stream to which a subscription is made some turns later than it is asked for. */
function later(stream: Stream): Stream {
  return new Proxy(stream, {
    get(target, key) {
      if (key !== 'subscribe') return Reflect.get(target, key, target)
      return (options: Parameters<Stream['subscribe']>[0]) => {
        let subscription: Subscription | undefined
        let isClosed = false
        setImmediate(() => {
          if (!isClosed) subscription = target.subscribe(options)
        })
        return {
          ready: () => subscription?.ready(),
          close: () => {
            isClosed = true
            subscription?.close()
          }
        }
      }
    }
  })
}

describe('a sound transport', () => {
  it('breaks no rule', async () => {
    expect(await broken(soundPlugin())).toEqual({})
  })

  it('breaks no rule when it declares that it may lose frames', async () => {
    expect(await broken(soundPlugin(SoundTransport, { supports: { reliable: false } }))).toEqual({})
  })

  it('without clients breaks no rule', async () => {
    expect(await broken(writerPlugin())).toEqual({})
  })
})

describe('a transport that is broken in one way breaks one rule', () => {
  it.each(variants)('%s', async (rule, plugin, says) => {
    const found = await broken(plugin, rule)
    expect(Object.keys(found)).toEqual([rule])
    expect(found[rule]).toMatch(says)
    for (const timer of timers.splice(0)) clearTimeout(timer)
    held.length = 0
  })
})

it('every rule has a transport that breaks it', () => {
  const all = [
    soundPlugin(),
    soundPlugin(SoundTransport, { supports: { reliable: false } }),
    soundPlugin(SoundTransport, { supports: { severalStreams: false } }),
    writerPlugin()
  ].flatMap((plugin) => transportRules(fixtureOf(plugin)).map(({ name }) => name))
  const covered = new Set(variants.map(([rule]) => rule))
  expect([...new Set(all)].filter((name) => !covered.has(name))).toEqual([])
})
