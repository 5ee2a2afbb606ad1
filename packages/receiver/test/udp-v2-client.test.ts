import {
  ByeReason,
  DataFlag,
  DatagramType,
  type Hello,
  headerLength,
  minKeyLength,
  newDatagram,
  RefusalReason,
  type Report,
  readHello,
  registerWord,
  writeDataHead,
  writeRetry
} from '@streamer/protocol'
import { describe, expect, test } from 'vitest'
import type { ConnectionCounters, IncomingFrame, Measures } from '../src/connection.js'
import { UdpV2Client, type UdpV2Options } from '../src/udp-v2/index.js'
import { HandClock } from './hand-clock.js'
import { cut, quarter, type StandInOptions, StandInServer, seeded } from './stand-in-server.js'
import { noCounts, pictureOf } from './support.js'

const key = Buffer.from('a secret of enough bytes')

/** Where the lower bytes of fields stand in data datagrams without a key. */
const frameIdAt = headerLength
const flagsAt = headerLength + 9
const indexAt = headerLength + 10

/** Time on the way, each direction. */
const wayMs = 5

/** Of a process that stood still: it is later than its timers think. */
class LateClock extends HandClock {
  lateMs = 0

  override nowMs(): number {
    return super.nowMs() + this.lateMs
  }
}

interface Bench {
  readonly clock: HandClock
  readonly client: UdpV2Client
  readonly server: StandInServer
  readonly counters: ConnectionCounters
  readonly frames: IncomingFrame[]
  /** What the sink and the host were told, in order. */
  readonly told: string[]
  readonly roundTripsMs: number[]
  readonly measures: Measures[]
  /** What the client sent. */
  readonly sent: Buffer[]
  /** Gives the client a datagram as if it came from the server. */
  readonly deliver: (bytes: Buffer) => void
}

/** A client and a server with time that the test makes go by. */
function bench(
  options: Partial<UdpV2Options> = {},
  serverOptions: StandInOptions = {},
  firstFrame = 0,
  clock = new HandClock()
): Bench {
  const counters = noCounts()
  const frames: IncomingFrame[] = []
  const told: string[] = []
  const roundTripsMs: number[] = []
  const measures: Measures[] = []
  const sent: Buffer[] = []
  const deliver = (bytes: Buffer) => void clock.setTimer(() => client.receive(bytes), wayMs)
  // The server's clock is an hour ahead.
  const server = new StandInServer(() => clock.nowMs() + 3_600_000, deliver, serverOptions, firstFrame)
  const client = new UdpV2Client(
    {
      clock,
      address: 'udp://there',
      stream: '',
      key: undefined,
      keyName: undefined,
      delayMs: 0,
      maxFrameBytes: 1024 * 1024,
      connectTimeoutMs: 5000,
      ...options
    },
    {
      sink: {
        counters,
        opened: (protocol) => told.push(`opened ${protocol}`),
        frame: (frame) => frames.push(frame),
        measured: (measured) => {
          const { roundTripMs } = measured
          measures.push(measured)
          if (roundTripMs !== undefined) roundTripsMs.push(roundTripMs)
        },
        failed: ({ message }, isFinal) => told.push(`failed${isFinal ? ' for good' : ''}: ${message}`)
      },
      send: (datagram) => {
        const bytes = Buffer.from(datagram)
        sent.push(bytes)
        clock.setTimer(() => server.receive(bytes), wayMs)
      },
      onLegacy: () => told.push('legacy')
    }
  )
  return { clock, client, server, counters, frames, told, roundTripsMs, measures, sent, deliver }
}

/** The same, after the welcome. */
function connected(...setup: Parameters<typeof bench>): Bench {
  const all = bench(...setup)
  all.client.start()
  all.clock.pass(50)
  expect(all.told).toEqual(['opened udp/2'])
  return all
}

/** When what was sent. */
function helloTimes({ clock, sent }: Bench, forMs: number): string[] {
  const times: string[] = []
  for (let ms = 0; ms <= forMs; ms += 10) {
    for (const bytes of sent.splice(0)) times.push(`${ms} ${readHello(bytes) ? 'hello' : bytes}`)
    clock.pass(10)
  }
  return times
}

describe('registration', () => {
  test('a hello, a token, a welcome', () => {
    const { client, clock, sent, told, server } = bench({ stream: 'door', keyName: 'house', delayMs: 120 })
    client.start()
    clock.pass(4 * wayMs)
    const [first, second] = sent.map((bytes) => readHello(bytes))
    expect(first).toMatchObject({ stream: 'door', keyName: 'house', delayMs: 120, maxDatagram: 1452 })
    expect(first!.token).toHaveLength(0)
    expect(first!.proof).toHaveLength(0)
    expect(second!.token).toHaveLength(24)
    expect(second!.clientNonce).toEqual(first!.clientNonce)
    expect(told).toEqual(['opened udp/2'])
    expect(server.connection).toBe(1)
  })

  test('a hello that is not answered is sent again, ever more slowly, until the time is over', () => {
    const all = bench({ key, connectTimeoutMs: 20_000 })
    all.server.isSilent = true
    all.client.start()
    const times = [0, 250, 750, 1750, 3750, 7750, 11_750, 15_750, 19_750]
    expect(helloTimes(all, 19_980)).toEqual(times.map((ms) => `${ms} hello`))
    expect(all.told).toEqual([])
    all.clock.pass(100)
    expect(all.told).toEqual(['failed: receive: udp://there: no answer to the registration: no server is there'])
    expect(all.clock.timers).toBe(0)
  })

  test('without a key, every other try is in version 1 after some time', () => {
    const all = bench({ stream: 'door' })
    all.server.isSilent = true
    all.client.start()
    expect(helloTimes(all, 4000)).toEqual([
      '0 hello',
      '250 hello',
      '750 REGISTER_CLIENT door',
      '1750 hello',
      '3750 REGISTER_CLIENT door'
    ])
    all.client.receive(Buffer.from('REGISTERED'))
    expect(all.told).toEqual(['legacy'])
    expect(all.client.close()).toBeUndefined()
  })

  test('what was said in version 1 is taken back when the answer is in version 2, or none comes', () => {
    const all = bench()
    all.server.isSilent = true
    all.client.start()
    all.clock.pass(1000)
    all.server.isSilent = false
    const receive = all.server.receive.bind(all.server)
    const legacy: string[] = []
    all.server.receive = (bytes) => void (bytes.length < 20 ? legacy.push(String(bytes)) : receive(bytes))
    all.clock.pass(1000)
    expect(all.told).toEqual(['opened udp/2'])
    expect(legacy).toEqual(['DISCONNECT'])
    const other = bench({ key })
    other.server.isSilent = true
    other.client.start()
    other.clock.pass(6000)
    expect(other.told).toHaveLength(1)
    expect(String(other.client.close())).toBe('DISCONNECT')
  })

  test('a server that gave a token is not taken for one of version 1', () => {
    const { client, sent, told } = bench()
    client.start()
    const { clientNonce, clientTimeUs } = readHello(sent[0]!)!
    client.receive(writeRetry({ clientNonce, clientTimeUs, token: Buffer.of(1) }))
    client.receive(Buffer.from('REGISTERED'))
    expect(told).toEqual([])
  })

  test('a welcome that got lost comes again', () => {
    const all = bench()
    let answers = 0
    const server = new StandInServer(
      () => all.clock.nowMs(),
      (bytes) => {
        answers++
        if (answers !== 2) all.client.receive(bytes)
      }
    )
    all.client.start()
    server.receive(all.sent[0]!)
    server.receive(all.sent[1]!)
    expect(all.told).toEqual([])
    all.clock.pass(250)
    server.receive(all.sent[2]!)
    expect(all.told).toEqual(['opened udp/2'])
    expect(server.connection).toBe(1)
  })

  test('a server that gives ever new tokens is not asked ever faster', () => {
    const { client, clock, sent, server } = bench()
    server.isSilent = true
    client.start()
    const { clientNonce, clientTimeUs } = readHello(sent[0]!)!
    for (let token = 1; token <= 50; token++) {
      client.receive(writeRetry({ clientNonce, clientTimeUs, token: Buffer.of(token) }))
    }
    expect(sent).toHaveLength(3)
    clock.pass(250)
    expect((readHello(sent[3]!) as Hello).token).toEqual(Buffer.of(50))
  })

  test('answers to the hello of another are ignored', () => {
    const { client, sent, told } = bench()
    const other = bench()
    const answers: Buffer[] = []
    const server = new StandInServer(
      () => other.clock.nowMs(),
      (bytes) => {
        answers.push(bytes)
        other.client.receive(bytes)
      }
    )
    other.client.start()
    server.receive(other.sent[0]!)
    server.receive(other.sent[1]!)
    expect(other.told).toEqual(['opened udp/2'])
    client.start()
    for (const bytes of answers) client.receive(bytes)
    expect(sent).toHaveLength(1)
    expect(told).toEqual([])
  })

  test('a refusal is told with its reason, without control characters', () => {
    const refuses = { reason: RefusalReason.full, text: '\u001b[2Jat most 3\n' }
    const { client, clock, told } = bench({}, { refuses })
    client.start()
    clock.pass(50)
    expect(told).toEqual([
      'failed: receive: udp://there: the server refuses: it has no room for another client ([2Jat most 3)'
    ])
    expect(clock.timers).toBe(0)
  })

  test('a codec that is not known is a failure', () => {
    const { client, clock, told } = bench({}, { codec: 9 })
    client.start()
    clock.pass(50)
    expect(told).toEqual(['failed: receive: udp://there: the stream has the codec number 9, which is not known'])
  })

  test('a name that is too long is a failure for good', () => {
    const { client, told, sent } = bench({ stream: 'é'.repeat(128) })
    client.start()
    expect(told).toEqual([
      'failed for good: receive: udp://there: the names of streams and keys have at most 255 bytes'
    ])
    expect(sent).toEqual([])
  })

  test('a server of version 1 is left to version 1, without a word of goodbye', () => {
    const { client, clock, told, sent } = bench({}, { isLegacy: true })
    client.start()
    clock.pass(1000)
    expect(told).toEqual(['legacy'])
    expect(sent).toHaveLength(1)
    expect(clock.timers).toBe(0)
    expect(client.close()).toBeUndefined()
  })
})

describe('with a key', () => {
  test('frames come from a server that proves it', () => {
    expect(key.length).toBeGreaterThanOrEqual(minKeyLength)
    const { server, clock, frames } = connected({ key }, { key })
    const picture = pictureOf(1, 5000)
    server.frame(picture)
    clock.pass(50)
    expect(frames.map(({ data }) => Buffer.from(data).equals(picture))).toEqual([true])
  })

  test.each([
    ['a server of version 1', { isLegacy: true }, 'it speaks version 1 of the protocol, which has no keys'],
    ['a server without a key', {}, 'it does not prove that it knows the key']
  ])('%s is not accepted', (_, serverOptions: StandInOptions, why) => {
    const { client, clock, told } = bench({ key }, serverOptions)
    client.start()
    clock.pass(4990)
    expect(told).toEqual([])
    clock.pass(10)
    expect(told).toEqual([`failed: receive: udp://there: no good answer to the registration: ${why}`])
  })

  test.each([
    ['another key', Buffer.from('another secret of enough bytes'), 'the key is wrong'],
    ['no key', undefined, 'a key is needed']
  ])('a client with %s is told so', (_, other, why) => {
    const { client, clock, told } = bench({ key: other }, { key })
    client.start()
    clock.pass(100)
    expect(told).toEqual([`failed: receive: udp://there: the server refuses: ${why}`])
  })

  test('datagrams that somebody changed are as if they had not come', () => {
    const { server, clock, client, frames, counters, told } = connected(
      { key },
      {
        key,
        loses: (type, bytes) => {
          if (type !== DatagramType.data) return false
          const forged = Buffer.from(bytes)
          forged[forged.length - 1]! ^= 1
          client.receive(forged)
          return false
        }
      }
    )
    const picture = pictureOf(1, 5000)
    server.frame(picture)
    clock.pass(50)
    expect(frames).toHaveLength(1)
    expect(counters).toMatchObject({ datagramsDuplicate: 0, framesLost: 0 })
    expect(told).toHaveLength(1)
  })
})

describe('frames', () => {
  test('come with their capture time, their age and growing numbers', () => {
    const { server, clock, frames } = connected({}, {}, 0xffff_ffff)
    for (let count = 0; count < 3; count++) {
      const captureUs = (clock.nowMs() + 3_600_000 - 30) * 1000
      server.frame(pictureOf(count), captureUs)
      clock.pass(33)
      expect(frames[count]).toMatchObject({ timestampUs: captureUs, repaired: false })
      expect(frames[count]!.ageMs).toBeCloseTo(30 + wayMs)
    }
    const [first, second, third] = frames.map(({ sequence }) => sequence!)
    expect([second! - first!, third! - second!]).toEqual([1, 1])
  })

  test('that are no JPEG are refused', () => {
    const { server, clock, frames, counters } = connected()
    server.frame(Buffer.from('no picture at all'))
    clock.pass(50)
    expect(frames).toEqual([])
    expect(counters.refused).toBe(1)
  })

  test('of another stream are ignored', () => {
    const { server, clock, frames } = connected()
    const [{ head, shard }] = cut(pictureOf(1, 500), 7) as [ReturnType<typeof cut>[0]]
    for (const stream of [1, 0]) {
      server.send(DatagramType.data, Buffer.concat([writeDataHead({ ...head, stream }), shard]))
      clock.pass(wayMs)
      expect(frames).toHaveLength(1 - stream)
    }
  })

  test('what parity can repair is not asked for', () => {
    const random = seeded(4)
    let inFrame = 0
    const all = connected(
      {},
      { parity: quarter, loses: (type) => type === DatagramType.data && ++inFrame % 10 === 0 && random() < 0.9 }
    )
    for (let count = 0; count < 20; count++) {
      all.server.frame(pictureOf(count, 20_000))
      all.clock.pass(33)
    }
    all.clock.pass(100)
    expect(all.server.lost).toBeGreaterThan(20)
    expect(all.frames).toHaveLength(20)
    expect(all.frames.some(({ repaired }) => repaired)).toBe(true)
    expect(all.counters).toMatchObject({ resends: 0, framesLost: 0 })
    expect(all.counters.datagramsLost).toBe(all.server.lost)
  })

  test('what parity cannot repair is asked for at once', () => {
    let toLose = 1
    const all = connected(
      { delayMs: 200 },
      { loses: (type, bytes) => type === DatagramType.data && bytes[indexAt] === 2 && toLose-- > 0 }
    )
    const resends: number[][] = []
    all.server.on('resend', ({ indices }) => resends.push([...indices]))
    all.server.frame(pictureOf(1, 8000))
    all.clock.pass(3 * wayMs)
    expect(all.frames.map(({ repaired }) => repaired)).toEqual([true])
    expect(resends).toEqual([[2]])
    expect(all.counters).toMatchObject({ resends: 1, framesLost: 0, datagramsLost: 1 })
  })

  test('losses one after the other are each asked for', () => {
    let toLose = 2
    const all = connected(
      { delayMs: 200 },
      { loses: (type, bytes) => type === DatagramType.data && [2, 4].includes(bytes[indexAt]!) && toLose-- > 0 }
    )
    const resends: number[][] = []
    all.server.on('resend', ({ indices }) => resends.push([...indices]))
    all.server.frame(pictureOf(1, 9000))
    // There, the request back, and the answer.
    all.clock.pass(3 * wayMs)
    expect(resends).toEqual([[2], [4]])
    expect(all.frames).toHaveLength(1)
  })

  test('what is asked for and lost again is asked for again', () => {
    let answersToLose = 2
    const all = connected(
      { delayMs: 300 },
      {
        loses: (type, bytes) => {
          if (type !== DatagramType.data) return false
          return (bytes[flagsAt]! & DataFlag.resent) !== 0 ? answersToLose-- > 0 : bytes[indexAt] === 2
        }
      }
    )
    const picture = pictureOf(1, 8000)
    all.server.frame(picture)
    all.clock.pass(100)
    expect(all.counters.resends).toBe(3)
    expect(Buffer.from(all.frames[0]!.data).equals(picture)).toBe(true)
  })

  test('without a delay, a frame is not asked for any more when a newer one is whole', () => {
    const all = connected(
      {},
      { loses: (type, bytes) => type === DatagramType.data && bytes[frameIdAt] === 0 && bytes[indexAt] === 6 }
    )
    all.server.frame(pictureOf(0, 8000))
    // Whole before three datagrams have overtaken what is missing.
    all.server.frame(pictureOf(1, 2000))
    all.clock.pass(500)
    expect(all.frames).toHaveLength(1)
    expect(all.counters).toMatchObject({ resends: 0, framesLost: 1 })
  })

  test('the end of the last frame is asked for, though nothing comes after it', () => {
    let toLose = 2
    const all = connected(
      {},
      { loses: (type, bytes) => type === DatagramType.data && bytes[indexAt]! >= 5 && toLose-- > 0 }
    )
    all.server.frame(pictureOf(0, 8000))
    all.clock.pass(400)
    expect(all.frames).toHaveLength(1)
    expect(all.counters).toMatchObject({ resends: 2, framesLost: 0 })
  })
})

describe('reports', () => {
  test('go out at once, every 100 ms while data comes, and twice a second while none does', () => {
    const all = bench()
    const times: number[] = []
    all.server.on('report', () => times.push(all.clock.nowMs()))
    all.client.start()
    all.clock.pass(50)
    expect(times).toHaveLength(1)
    for (let count = 0; count < 30; count++) {
      all.server.frame(pictureOf(count, 1000))
      all.clock.pass(33)
    }
    expect(times.length).toBeGreaterThanOrEqual(10)
    expect(times.length).toBeLessThanOrEqual(12)
    all.clock.pass(1000)
    times.length = 0
    all.clock.pass(5000)
    expect(times).toHaveLength(10)
    all.server.frame(pictureOf(1, 1000))
    all.clock.pass(2 * wayMs + 1)
    expect(times).toHaveLength(11)
    all.clock.pass(250)
    expect(times).toHaveLength(13)
  })

  test('say what came, and are answered with the round trip', () => {
    const all = connected(
      { delayMs: 150 },
      { loses: (type, bytes) => type === DatagramType.data && bytes[indexAt] === 0 }
    )
    let last: Report | undefined
    all.server.on('report', (report) => (last = report))
    all.server.frame(pictureOf(1, 5000))
    all.clock.pass(1000)
    expect(last).toMatchObject({ framesWhole: 0, framesLost: 0, delayMs: 150, roundTripMs: 10 })
    expect(last!.highest + 1 - last!.packets).toBeGreaterThanOrEqual(1)
    expect(all.roundTripsMs.length).toBeGreaterThan(2)
    for (const roundTripMs of all.roundTripsMs) expect(roundTripMs).toBeCloseTo(2 * wayMs)
    expect(all.client.details).toMatchObject({ rateKbps: 4000, parityPermille: 100 })
    expect(all.measures.at(-1)).toMatchObject({ rateBps: 4_000_000, parity: 0.1, jitterMs: expect.any(Number) })
  })
})

describe('the life of a connection', () => {
  test('a path challenge is answered at once with its bytes', () => {
    const all = connected()
    const answers: Buffer[] = []
    all.server.on('pathResponse', (body) => answers.push(body))
    all.server.send(DatagramType.pathChallenge, Buffer.from('8 octets'))
    all.server.send(DatagramType.pathChallenge, Buffer.from('not eight of them'))
    all.clock.pass(2 * wayMs)
    expect(answers.map(String)).toEqual(['8 octets'])
  })

  test('probes and what is not known yet only count as received', () => {
    const all = connected()
    const before = all.counters.datagramsReceived
    all.server.send(DatagramType.probe, Buffer.alloc(1400))
    all.clock.pass(wayMs)
    expect(all.counters.datagramsReceived).toBe(before + 1)
    let longest = 0
    all.server.on('report', (report) => (longest = Math.max(longest, report.longest)))
    all.clock.pass(1000)
    expect(longest).toBe(1412)
  })

  test('a datagram that comes twice is taken once', () => {
    const all = bench({}, {})
    const twice: Buffer[] = []
    const server = new StandInServer(
      () => all.clock.nowMs(),
      (bytes) => {
        twice.push(bytes)
        all.client.receive(bytes)
      }
    )
    all.client.start()
    for (let at = 0; at < all.sent.length; at++) server.receive(all.sent[at]!)
    server.frame(pictureOf(1))
    for (const bytes of twice) all.client.receive(bytes)
    expect(all.frames).toHaveLength(1)
    // The clock, and five pieces of the frame.
    expect(all.counters.datagramsDuplicate).toBe(6)
  })

  test('two seconds of silence lead to a new registration, and that to a new connection', () => {
    const all = connected()
    const hellos: Buffer[] = []
    all.server.on('hello', ({ clientNonce }) => hellos.push(Buffer.from(clientNonce)))
    all.server.isSilent = true
    all.clock.pass(1900)
    expect(all.sent.filter((bytes) => readHello(bytes))).toHaveLength(2)
    all.clock.pass(700)
    all.server.isSilent = false
    all.clock.pass(1000)
    expect(all.told).toEqual(['opened udp/2', 'opened udp/2'])
    expect(all.server.connection).toBe(2)
    expect(new Set(hellos.map(String)).size).toBe(1)
    all.server.frame(pictureOf(1))
    all.clock.pass(50)
    expect(all.frames).toHaveLength(1)
  })

  test('no silence is concluded from standing still', () => {
    const clock = new LateClock()
    const all = connected({}, {}, 0, clock)
    clock.lateMs = 10_000
    all.clock.pass(1000)
    expect(all.sent.filter((bytes) => readHello(bytes))).toHaveLength(2)
    all.server.isSilent = true
    all.clock.pass(3000)
    expect(all.sent.filter((bytes) => readHello(bytes)).length).toBeGreaterThan(2)
  })

  test('datagrams of another connection are ignored', () => {
    const all = connected()
    const bye = newDatagram(DatagramType.bye, 1, all.server.connection + 1, 1000)
    all.client.receive(bye)
    expect(all.told).toHaveLength(1)
    bye.writeUInt32LE(all.server.connection, 4)
    all.client.receive(bye)
    expect(all.told).toHaveLength(2)
  })

  test('a silence that lasts is a failure', () => {
    const all = connected()
    all.server.isSilent = true
    all.clock.pass(10_000)
    expect(all.told).toEqual([
      'opened udp/2',
      'failed: receive: udp://there: no answer to the registration: no server is there'
    ])
  })

  test('a connection that lives again while registrations get lost goes on', () => {
    const all = connected({}, {})
    all.server.isSilent = true
    all.clock.pass(2600)
    expect(all.sent.filter((bytes) => readHello(bytes)).length).toBeGreaterThan(2)
    // Only hellos get lost from here on.
    const receive = all.server.receive.bind(all.server)
    all.server.receive = (bytes) => void (bytes.indexOf(registerWord) === 0 || receive(bytes))
    all.server.isSilent = false
    for (let count = 0; count < 200; count++) {
      all.server.frame(pictureOf(count, 1000))
      all.clock.pass(33)
    }
    expect(all.frames).toHaveLength(200)
    expect(all.told).toEqual(['opened udp/2'])
  })

  test('the server was started anew: the client registers again when nothing came for 300 ms', () => {
    const all = connected()
    all.server.frame(pictureOf(1))
    all.clock.pass(wayMs)
    all.server.forget()
    all.clock.pass(290)
    expect(all.told).toHaveLength(1)
    all.clock.pass(1000)
    expect(all.told).toEqual(['opened udp/2', 'opened udp/2'])
  })

  test('an `unknown` that somebody made up does nothing while frames come', () => {
    const all = connected()
    for (let count = 0; count < 50; count++) {
      all.server.frame(pictureOf(count, 1000))
      all.client.receive(newDatagram(DatagramType.unknown, 0, all.server.connection))
      all.clock.pass(33)
    }
    expect(all.server.connection).toBe(1)
    expect(all.sent.filter((bytes) => readHello(bytes))).toHaveLength(2)
  })

  test('a bye of the server is a failure, which is not for good', () => {
    const all = connected()
    all.server.bye()
    all.clock.pass(50)
    expect(all.told).toEqual(['opened udp/2', 'failed: receive: udp://there: the server ended the connection'])
    expect(all.clock.timers).toBe(0)
    expect(all.client.close()).toBeUndefined()
  })

  test('a bye that comes while it registers again does not end it', () => {
    const all = connected()
    all.server.isSilent = true
    all.clock.pass(2600)
    all.server.isSilent = false
    all.server.bye()
    all.clock.pass(1000)
    expect(all.told).toEqual(['opened udp/2', 'opened udp/2'])
  })

  test('a server that does not know us hears few reports', () => {
    const all = connected()
    const registerAgain = all.server.receive.bind(all.server)
    all.server.frame(pictureOf(1))
    all.clock.pass(wayMs)
    all.server.forget()
    all.sent.length = 0
    // As a server that answers no more than it is obliged to.
    all.server.receive = (bytes) => void (bytes.indexOf(registerWord) === 0 || registerAgain(bytes))
    all.clock.pass(3000)
    expect(all.sent.filter((bytes) => bytes.indexOf(registerWord) !== 0).length).toBeLessThan(6)
  })

  test('a server that thinks us silent is registered with again', () => {
    const all = connected()
    all.server.bye(ByeReason.silent)
    all.clock.pass(50)
    expect(all.told).toEqual(['opened udp/2', 'opened udp/2'])
  })

  test('closing says goodbye and leaves no timer', () => {
    const all = connected()
    let reason: number | undefined
    all.server.on('bye', (said) => (reason = said))
    all.server.receive(Buffer.from(all.client.close()!))
    expect(reason).toBe(ByeReason.done)
    expect(all.client.close()).toBeUndefined()
    all.clock.pass(50)
    expect(all.clock.timers).toBe(0)
    all.server.frame(pictureOf(1))
    all.clock.pass(5000)
    expect(all.frames).toEqual([])
  })

  test('closing before an answer leaves no timer, and takes back what a server of version 1 may have heard', () => {
    const { client, clock } = bench()
    client.start()
    expect(String(client.close())).toBe('DISCONNECT')
    expect(client.close()).toBeUndefined()
    clock.pass(wayMs * 2)
    expect(clock.timers).toBe(0)
  })
})
