import type { EncodedFrame } from '@streamer/core/plugin'
import { expect, test } from 'vitest'
import type { DatagramBurst } from '../src/bursts.js'
import { Feed } from '../src/feed.js'
import { configSchema } from '../src/index.js'
import type { OnSent, Peer, Sender } from '../src/sender.js'
import { Session, type SessionHost } from '../src/session.js'
import { parseFrames, StandInStream } from './stand-ins.js'

/** A socket whose sends the test ends itself, well or badly. */
class StandInSender implements Sender {
  readonly sent: Uint8Array[] = []
  readonly #callbacks: OnSent[] = []

  send(datagram: Uint8Array, _port: number, _address: string, onSent: OnSent) {
    this.sent.push(datagram)
    this.#callbacks.push(onSent)
  }

  peer(address: string, port: number): Peer {
    return { address, port }
  }

  sendAll(bursts: readonly DatagramBurst[], { port, address }: Peer, onSent: OnSent) {
    for (const { datagrams } of bursts) for (const datagram of datagrams) this.send(datagram, port, address, onSent)
  }

  end(count = this.#callbacks.length, error: Error | null = null): void {
    for (const callback of this.#callbacks.splice(0, count)) callback(error, error === null ? 1 : 0)
  }
}

function open(options: Record<string, unknown> = {}) {
  const stream = new StandInStream()
  const feed = new Feed(stream, { chunkSize: 100, headerWidth: 32, payload: 'jpeg' })
  const sender = new StandInSender()
  const errors: string[] = []
  const revoked: Session[] = []
  const host: SessionHost = {
    sender,
    counters: { framesSent: 0, datagramsSent: 0, bytesSent: 0, sendErrors: 0 },
    options: configSchema.parse(options),
    onSendError: (error, label) => void errors.push(`${label} ${error.message}`),
    onRevoked: (session) => void revoked.push(session)
  }
  const join = (port: number) => {
    const session = new Session(host, feed, '::ffff:10.0.0.2', port, 0)
    session.answer()
    sender.end()
    sender.sent.length = 0
    return session
  }
  return { stream, feed, sender, host, errors, revoked, join }
}

test('no frame is asked for before the answer to the registration is sent', () => {
  const { stream, feed, sender, host, errors } = open()
  const session = new Session(host, feed, '::ffff:10.0.0.2', 4000, 0)
  session.answer()
  expect(stream.hub.size).toBe(0)
  sender.end(1, new Error('ENOBUFS'))
  expect(stream.hub.size).toBe(0)
  expect(errors).toEqual(['10.0.0.2:4000 ENOBUFS'])
  session.answer()
  session.answer()
  sender.end()
  expect(stream.hub.size).toBe(1)
  expect(stream.hub.stats()[0]?.label).toBe('10.0.0.2:4000')
})

test('a client is busy until the last datagram is sent, and then gets the newest frame', () => {
  const { stream, sender, join } = open()
  join(4000)
  for (let frame = 1; frame <= 4; frame++) stream.publish(Buffer.alloc(250, frame))
  expect(sender.sent).toHaveLength(4)
  sender.end(3)
  expect(sender.sent).toHaveLength(4)
  sender.end(1)
  expect(sender.sent).toHaveLength(8)
  expect(parseFrames(sender.sent, 100, 32).map(({ data }) => data[0])).toEqual([1, 4])
  expect(stream.hub.stats()[0]).toMatchObject({ offered: 4, delivered: 2, dropped: 2 })
})

test('the datagrams of a frame are made once for all its clients, with the same number', () => {
  const { stream, sender, join } = open()
  join(4000)
  join(4001)
  stream.publish(Buffer.alloc(250))
  expect(sender.sent).toHaveLength(8)
  expect(new Set(sender.sent).size).toBe(4)
})

test('a client that takes the frame before the newest gets it under the number that others saw', () => {
  const { feed, stream } = open()
  const first = stream.publish(Buffer.alloc(10))
  const second = stream.publish(Buffer.alloc(10))
  const packets = [feed.packet(first, -1), feed.packet(second, 0), feed.packet(first, -1), feed.packet(second, 0)]
  expect(packets.map(({ id }) => id)).toEqual([0, 1, 0, 1])
  expect(packets[2]).toBe(packets[0])
})

test('the memory of a frame is used again for a later one, but not while a client is busy with it', () => {
  const { feed, stream, sender, join } = open()
  const publish = (seed: number) => stream.publish(Buffer.alloc(250, seed))
  const memoryOf = (frame: EncodedFrame) => feed.packet(frame, -1).bursts[0]!.bytes.buffer
  const session = join(4000)
  const busy = publish(1)
  const sent = Buffer.concat(sender.sent)
  const memories = [2, 3, 4, 5, 6].map((seed) => memoryOf(publish(seed)))
  expect(memories).not.toContain(sender.sent[0]!.buffer)
  expect(new Set(memories).size).toBe(2)
  expect(Buffer.concat(sender.sent)).toEqual(sent)
  expect(parseFrames(sender.sent, 100, 32)[0]!.data).toEqual(Buffer.from(busy.data))
  session.close()
  expect(memoryOf(publish(7))).toBe(memories.at(-2))
})

test('a client that is busy with a frame says so to its feed, until the last datagram is sent', () => {
  const { feed, stream, sender, join } = open()
  join(4000)
  join(4001)
  const { users } = feed.packet(stream.publish(Buffer.alloc(250)), -1)
  expect(users).toBe(2)
  sender.end(7)
  expect(feed.packet(stream.latest!, -1).users).toBe(1)
  sender.end(1, new Error('ENOBUFS'))
  expect(feed.packet(stream.latest!, -1).users).toBe(0)
})

test('a frame that is given again has a new number, the same for all, so that no chunk comes twice', () => {
  const { stream, sender, join } = open()
  join(4000)
  join(4001)
  const frame = stream.publish(Buffer.alloc(250))
  sender.end()
  stream.hub.publish(frame)
  sender.end()
  const starts = sender.sent.filter((datagram) => datagram[0] === 0x46)
  expect(starts.map((start) => Buffer.from(start).readUInt32LE(11))).toEqual([0, 0, 1, 1])
})

test('errors of sending are counted one by one, told once per frame, and the client goes on', () => {
  const { stream, sender, host, errors, join } = open()
  join(4000)
  stream.publish(Buffer.alloc(250))
  sender.end(1)
  sender.end(2, new Error('EMSGSIZE'))
  sender.end(1)
  expect(host.counters.sendErrors).toBe(2)
  expect(errors).toEqual(['10.0.0.2:4000 EMSGSIZE'])
  stream.publish(Buffer.alloc(250))
  expect(sender.sent).toHaveLength(8)
  expect(errors).toHaveLength(1)
})

test('the frame rate and the age of frames are limited by the options', () => {
  const { stream, sender, join } = open({ maxFramerate: 1, maxAgeMs: 1000 })
  join(4000)
  for (let frame = 0; frame < 3; frame++) {
    stream.publish(Buffer.alloc(10))
    sender.end()
  }
  expect(stream.hub.stats()[0]).toMatchObject({ offered: 3, delivered: 1, skipped: 2 })
})

test('a frame is counted when all its datagrams have been taken, and not when one of them was refused', () => {
  const { stream, sender, host, join } = open()
  join(4000)
  stream.publish(Buffer.alloc(250))
  sender.end(3)
  expect(host.counters.framesSent).toBe(0)
  sender.end(1)
  expect(host.counters.framesSent).toBe(1)
  stream.publish(Buffer.alloc(250))
  sender.end(2)
  sender.end(1, new Error('ENOBUFS'))
  sender.end(1)
  expect(host.counters.framesSent).toBe(1)
  stream.publish(Buffer.alloc(250))
  sender.end()
  expect(host.counters.framesSent).toBe(2)
})

test('a session whose subscription the core ends is closed and says so once', () => {
  const { stream, sender, host, revoked, join } = open()
  const session = join(4000)
  const closed = join(4001)
  closed.close()
  stream.publish(Buffer.alloc(250))
  stream.hub.closeAll('test')
  expect(revoked).toEqual([session])
  sender.end(4, new Error('ECANCELED'))
  expect(host.counters).toMatchObject({ sendErrors: 0, framesSent: 0 })
})

test('a closed session says nothing more, whatever its last datagrams meet', () => {
  const { stream, sender, host, errors, join } = open()
  const session = join(4000)
  stream.publish(Buffer.alloc(250))
  session.close()
  session.close()
  sender.end(4, new Error('ECANCELED'))
  expect(stream.hub.size).toBe(0)
  expect(host.counters.sendErrors).toBe(0)
  expect(errors).toEqual([])
})
