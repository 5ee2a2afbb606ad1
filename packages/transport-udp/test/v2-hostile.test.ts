import { randomBytes } from 'node:crypto'
import {
  DatagramType,
  nonceLength,
  Outbound,
  readDatagram,
  readRetry,
  readWelcome,
  writeHello,
  writeResend
} from '@streamer/protocol'
import { afterEach, expect, it } from 'vitest'
import { configSchema } from '../src/index.js'
import { RateLimit } from '../src/rate-limit.js'
import { VersionTwo } from '../src/v2/server.js'
import { ShardedFrames } from '../src/v2/sharded-frames.js'
import { StandInClient } from './stand-in-client.js'
import { Cleanup, StandInStream, serve } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** So many datagrams; `FUZZ_DATAGRAMS=1000000` for a longer run. `FUZZ_SEED` repeats one. */
const rounds = Number(process.env.FUZZ_DATAGRAMS ?? 50_000)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)

/** Numbers from 0 below 1, the same for the same seed (xorshift32). */
function dice(from: number): () => number {
  let state = from | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

it.each([
  ['without a key', {}, undefined],
  ['with a key', { key: 'correct horse battery staple' }, Buffer.from('correct horse battery staple')]
])(
  `random and changed datagrams neither stop the server nor fill its memory, %s (seed ${seed})`,
  async (_name, more, key) => {
    const counters = new Proxy({} as Record<string, number>, { get: (target, name: string) => target[name] ?? 0 })
    const stream = new StandInStream()
    const sent: Buffer[] = []
    const server = new VersionTwo({
      sender: {
        send: (datagram, _port, _address, onSent) => {
          sent.push(Buffer.from(datagram))
          onSent(null, 0)
        },
        peer: (address, port) => ({ address, port }),
        sendAll: (bursts, _peer, onSent) => {
          for (const { bytes, count } of bursts) onSent(null, bytes.length, count)
        }
      },
      counters: counters as never,
      options: configSchema.parse(more),
      keys: new Map(key ? [['', key]] : []),
      rateLimit: new RateLimit(1e9),
      frames: new Map([['camera', new ShardedFrames(stream, 0)]]),
      isFull: () => false,
      onSendError: () => {},
      onOpen: () => {},
      warn: () => {}
    })
    cleanup.add(server, () => server.close())
    const clientNonce = randomBytes(nonceLength)
    const hello = (token: Uint8Array) =>
      writeHello({ clientNonce, clientTimeUs: 1, maxDatagram: 1452, delayMs: 0, stream: '', keyName: '', token }, key)
    const receive = (bytes: Buffer, port: number) => server.receive(bytes, '192.0.2.1', port, performance.now())
    receive(hello(Buffer.alloc(0)), 1000)
    const { token } = readRetry(readDatagram(sent.shift()!)!)!
    receive(hello(token), 1000)
    const welcome = readWelcome(readDatagram(sent.shift()!)!, key)!
    // Genuine where there is no key, and as good as that where there is one: sealing would make a million of them slow.
    const said = new Outbound(welcome.connection, undefined, welcome.sessionToken)
    const models = [
      hello(token),
      hello(Buffer.alloc(0)),
      said.write(DatagramType.report, randomBytes(40)),
      said.write(DatagramType.resend, writeResend(0, [0, 1, 2])),
      said.write(DatagramType.pathResponse, randomBytes(8)),
      said.write(DatagramType.unknown, Buffer.alloc(0))
    ]
    const roll = dice(seed)
    for (let round = 0; round < rounds; round++) {
      const model = models[Math.floor(roll() * models.length)]!
      const bytes = roll() < 0.2 ? Buffer.alloc(Math.floor(roll() * 100), Math.floor(roll() * 256)) : Buffer.from(model)
      // A packet number of its own, so that not all are told by that.
      if (roll() < 0.5 && bytes.length >= 12 && bytes[0] === 0xd5) bytes.writeUInt32LE(round + 10, 8)
      for (let change = Math.floor(roll() * 3); change > 0 && bytes.length > 0; change--) {
        bytes[Math.floor(roll() * bytes.length)] = Math.floor(roll() * 256)
      }
      receive(
        bytes.subarray(0, roll() < 0.1 ? Math.floor(roll() * bytes.length) : bytes.length),
        1000 + Math.floor(roll() * 3)
      )
      // What is sent of it is of no interest here.
      sent.length = 0
      if (round % 5000 === 0) stream.publish(randomBytes(5000))
    }
    expect(server.size).toBeLessThanOrEqual(3)
    expect(counters.forged! + counters.ignoredStrangers!).toBeGreaterThan(0)
  }
)

it('a client that lies in its reports and asks for everything again gets no more than it could use, and others do not notice', async () => {
  const { port, stream, transport } = await serve(cleanup)
  const liar = await StandInClient.open(cleanup, port)
  const honest = await StandInClient.open(cleanup, port)
  await liar.register()
  await honest.register()
  const size = 20_000
  for (let frame = 0; frame < 20; frame++) {
    const data = randomBytes(size)
    stream.publish(data)
    await liar.report({
      clientTimeUs: frame * 1e9,
      highest: frame % 2 ? 0xffff_fff0 : frame,
      packets: 0x7fff_ffff * frame,
      bytes: 0xffff_ffff * frame,
      minDelayUs: frame * 0x1234_5678,
      maxDelayUs: 1,
      framesLost: 0xffff_ffff,
      longest: 0xffff,
      delayMs: 0xffff,
      roundTripMs: frame % 3 ? 0xffff : 0
    })
    for (let time = 0; time < 10; time++) {
      await liar.say(
        DatagramType.resend,
        writeResend(
          frame,
          Array.from({ length: 64 }, (_, index) => index)
        )
      )
    }
    await honest.until(() => {
      const shards = honest.data().filter(({ frameId }) => frameId === frame)
      return shards.length > 0 && Buffer.concat(shards.map(({ shard }) => shard)).equals(data)
    })
  }
  const bytesOf = (client: StandInClient) => client.seen.reduce((sum, { length }) => sum + length, 0)
  // All frames with half of them as parity, a quarter again, and what a client may save up.
  expect(bytesOf(liar)).toBeLessThan(20 * size * 1.1 * 1.5 * 1.25 + 40_000)
  expect(honest.data().every(({ parityCount }) => parityCount === 0)).toBe(true)
  expect((transport.stats() as Record<string, number>).registrations).toBe(2)
})
