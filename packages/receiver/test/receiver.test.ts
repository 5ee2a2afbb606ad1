import { setImmediate as nextTurn } from 'node:timers/promises'
import { StreamerError } from '@streamer/core/plugin'
import { expect, test } from 'vitest'
import type { Connection, Sink } from '../src/connection.js'
import { checkOptions, type ReceiveOptions } from '../src/options.js'
import { Receiver } from '../src/receiver.js'
import { HandClock } from './hand-clock.js'
import { nextOf, pictureOf } from './support.js'

/** A connection that does what the test says. */
class StandIn implements Connection {
  sink: Sink | undefined
  isClosed = false

  start(sink: Sink): void {
    this.sink = sink
  }

  async close(): Promise<void> {
    await nextTurn()
    this.isClosed = true
  }
}

class Rig {
  readonly clock = new HandClock()
  readonly connections: StandIn[] = []
  readonly states: string[] = []
  readonly receiver: Receiver

  constructor(options: ReceiveOptions = {}) {
    const onState = (state: string, detail?: string) => this.states.push([state, detail].join(' ').trim())
    this.receiver = new Receiver(checkOptions({ onState, ...options }), {
      clock: this.clock,
      random: () => 0.5,
      connect: () => {
        const connection = new StandIn()
        this.connections.push(connection)
        return connection
      }
    })
  }

  get sink(): Sink {
    return this.connections.at(-1)!.sink!
  }

  give(seed: number, more: object = {}): void {
    this.sink.frame({ data: pictureOf(seed, 100), ...more })
  }

  async fail(isFinal = false): Promise<void> {
    this.sink.failed(new StreamerError('ERR_RECEIVE', 'receive: gone'), isFinal)
    while (!this.connections.at(-1)!.isClosed) await nextTurn()
    await nextTurn()
  }
}

test('connects when the first frame is asked for, and hands over what comes', async () => {
  const rig = new Rig()
  expect(rig.connections).toEqual([])
  const first = rig.receiver.next()
  rig.sink.opened('test/1')
  rig.give(1, { ageMs: 5, timestampUs: 77 })
  expect((await first).value).toEqual({
    data: pictureOf(1, 100),
    codec: 'mjpeg',
    sequence: 0,
    timestampUs: 77,
    ageMs: 5,
    receivedMs: 1000,
    repaired: false,
    repeated: false
  })
  rig.give(2, { repaired: true, ageMs: 5 })
  rig.clock.pass(30)
  expect(await nextOf(rig.receiver)).toMatchObject({ sequence: 1, ageMs: 35, repaired: true })
  // How old the last picture of a silent camera is, is no matter of the way.
  rig.give(3, { repeated: true, ageMs: 1000 })
  expect(await nextOf(rig.receiver)).toMatchObject({ sequence: 2, ageMs: 1000, repeated: true })
  expect(rig.states).toEqual(['connecting', 'receiving test/1'])
  expect(rig.receiver.stats()).toMatchObject({
    frames: 3,
    framesRepaired: 1,
    ageMs: { p50: 5, p99: 35 },
    state: 'receiving'
  })
})

test('connects again after pauses that grow, until frames come', async () => {
  const rig = new Rig()
  const frame = rig.receiver.next()
  for (const pauseMs of [250, 500, 1000]) {
    await rig.fail()
    const { length } = rig.connections
    rig.clock.pass(pauseMs - 1)
    expect(rig.connections).toHaveLength(length)
    rig.clock.pass(1)
    expect(rig.connections).toHaveLength(length + 1)
  }
  rig.sink.opened('test/1')
  rig.give(1)
  expect((await frame).value?.sequence).toBe(0)
  await rig.fail()
  rig.clock.pass(250)
  expect(rig.connections).toHaveLength(5)
  rig.sink.opened('test/1')
  rig.give(2, { sequence: 999 })
  expect((await nextOf(rig.receiver)).sequence).toBe(1)
  expect(rig.receiver.stats().reconnects).toBe(4)
  expect(rig.states.slice(0, 3)).toEqual(['connecting', 'waiting receive: gone', 'connecting'])
})

test('what a connection says after its end is not heard', async () => {
  const rig = new Rig()
  void rig.receiver.next()
  const { sink } = rig
  await rig.fail()
  sink.opened('test/1')
  sink.frame({ data: pictureOf(1) })
  sink.failed(new StreamerError('ERR_RECEIVE', 'again'))
  expect(rig.receiver.stats()).toMatchObject({ frames: 0, state: 'waiting' })
  rig.clock.pass(10_000)
  expect(rig.connections).toHaveLength(2)
})

test.for([
  ['reconnect: false', { reconnect: false }, false],
  ['a failure for good', {}, true]
] as const)('with %s the loop gets what is there, then the reason', async ([, options, isFinal]) => {
  const rig = new Rig(options)
  const first = rig.receiver.next()
  rig.give(1)
  rig.give(2)
  await first
  await rig.fail(isFinal)
  expect((await nextOf(rig.receiver)).sequence).toBe(1)
  await expect(rig.receiver.next()).rejects.toMatchObject({ code: 'ERR_RECEIVE', message: 'receive: gone' })
  expect(await rig.receiver.next()).toEqual({ done: true, value: undefined })
  expect([rig.receiver.stats().state, rig.clock.timers]).toEqual(['closed', 0])
})

test('one who waits for a frame gets the reason at once', async () => {
  const rig = new Rig({ reconnect: false })
  const waiting = rig.receiver.next()
  await Promise.all([expect(waiting).rejects.toThrow('receive: gone'), rig.fail()])
})

test('a slow consumer gets the newest frames, and the others are counted', async () => {
  const rig = new Rig()
  const first = rig.receiver.next()
  for (let seed = 0; seed < 1000; seed++) rig.give(seed)
  await first
  expect((await nextOf(rig.receiver)).sequence).toBe(970)
  expect(rig.receiver.stats().dropped).toBe(969)
})

test.for(['before', 'connecting', 'receiving', 'waiting'] as const)(
  'an abort while %s ends the loop, with nothing open',
  async (when) => {
    const controller = new AbortController()
    const rig = new Rig({ signal: controller.signal, delayMs: 100 })
    if (when === 'before') controller.abort()
    const waiting = rig.receiver.next()
    if (when === 'receiving') {
      rig.sink.opened('test/1')
      rig.give(1)
    }
    if (when === 'waiting') await rig.fail()
    controller.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await rig.receiver.next()).toEqual({ done: true, value: undefined })
    expect(rig.connections.every(({ isClosed }) => isClosed)).toBe(true)
    expect(rig.clock.timers).toBe(0)
    expect(rig.receiver.stats().state).toBe('closed')
  }
)

test('leaving the loop closes the connection', async () => {
  const rig = new Rig()
  const seen: number[] = []
  const loop = (async () => {
    for await (const { sequence } of rig.receiver) {
      seen.push(sequence)
      if (seen.length === 2) break
    }
  })()
  rig.give(1)
  rig.give(2)
  rig.give(3)
  await loop
  expect(seen).toEqual([0, 1])
  expect(rig.connections[0]?.isClosed).toBe(true)
})

test('a listener may throw, and may close', async () => {
  const thrower = new Rig({
    onState: () => {
      throw new Error('mine')
    }
  })
  const frame = thrower.receiver.next()
  thrower.give(1)
  expect((await frame).value?.sequence).toBe(0)
  const closer: Rig = new Rig({ onState: () => void closer.receiver.close() })
  expect(await closer.receiver.next()).toEqual({ done: true, value: undefined })
  expect(closer.connections).toEqual([])
})

test('refuses options that make no sense', () => {
  for (const options of [{ delayMs: -1 }, { delayMs: Number.NaN }, { maxFrameBytes: 0 }, { connectTimeoutMs: 0 }]) {
    expect(() => checkOptions(options)).toThrow(TypeError)
  }
})

test('a key has white space around it or not, and 16 bytes or more', () => {
  expect(checkOptions({ key: ' a secret of enough bytes\n' }).key).toEqual(Buffer.from('a secret of enough bytes'))
  expect(checkOptions({ key: new Uint8Array(16) }).key).toEqual(Buffer.alloc(16))
  expect(checkOptions({}).key).toBeUndefined()
  for (const key of ['', '   hunter2       ', new Uint8Array(15)]) {
    expect(() => checkOptions({ key })).toThrow(TypeError)
  }
  expect(() => checkOptions({ key: '  hunter2  ' })).toThrow(
    'receive: key: a key must have 16 bytes or more, this one has 7'
  )
})
