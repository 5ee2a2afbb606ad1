import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AddressTokens,
  blocksOf,
  type Datagram,
  DatagramType,
  difference,
  directionKeys,
  expandNumber,
  Inbound,
  maxParity,
  newDatagram,
  Outbound,
  parseKey,
  RecordReader,
  RecordType,
  RecordWriter,
  ReplayWindow,
  readClock,
  readData,
  readDatagram,
  readHello,
  readRefused,
  readReport,
  readResend,
  readRetry,
  readTcpFrame,
  readTcpHello,
  readTcpRefused,
  readTcpWelcome,
  readWelcome,
  shardLayout,
  shardPlace,
  tokenLifeMs,
  writeDataHead,
  writeHello
} from '../src/index.js'

const key = parseKey('correct horse battery staple')
const nonces = [randomBytes(16), randomBytes(16)] as const
const keysOf = (side: 'client' | 'server') => directionKeys(key, ...nonces, 'udp', side)

describe('packet numbers', () => {
  it('are completed to the one nearest to what is expected', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 50 }),
        fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
        (expected, distance) => {
          const number = expected + distance
          fc.pre(number >= 0)
          expect(expandNumber(number % 2 ** 32, expected)).toBe(number)
        }
      )
    )
  })

  it('are subtracted across the end', () => {
    expect(difference(2, 0xffff_ffff)).toBe(3)
    expect(difference(0xffff_ffff, 2)).toBe(-3)
  })
})

describe('the replay window', () => {
  it('takes each number once, as a list of all of them would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6000 }), { maxLength: 400 }), (numbers) => {
        const window = new ReplayWindow()
        const taken = new Set<number>()
        for (const number of numbers) {
          const isNew = !taken.has(number) && number >= window.next - 2048
          expect(window.isNew(number)).toBe(isNew)
          if (!isNew) continue
          window.take(number)
          taken.add(number)
        }
      })
    )
  })
})

describe('a sealed direction', () => {
  const body = Buffer.from('what is said')

  it('gives back what was said, once', () => {
    const inbound = new Inbound(keysOf('server'))
    const outbound = new Outbound(7, keysOf('server'))
    for (let number = 0; number < 3; number++) {
      const bytes = outbound.write(DatagramType.clock, body)
      expect(inbound.read(readDatagram(bytes)!)).toEqual({ packetNumber: number, body })
      expect(inbound.read(readDatagram(bytes)!)).toBe('replayed')
    }
  })

  it('refuses every changed bit, the header included, and the other direction', () => {
    const bytes = new Outbound(7, keysOf('server')).write(DatagramType.clock, body)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      const datagram = readDatagram(forged)
      if (datagram !== undefined) expect(new Inbound(keysOf('server')).read(datagram)).toBe('forged')
    }
    expect(new Inbound(keysOf('client')).read(readDatagram(bytes)!)).toBe('forged')
  })

  it('does not let a forged number push genuine ones out of the window', () => {
    const outbound = new Outbound(7, keysOf('server'))
    const inbound = new Inbound(keysOf('server'))
    const genuine = outbound.write(DatagramType.clock, body)
    const forged = Buffer.from(genuine)
    forged.writeUInt32LE(1_000_000, 8)
    expect(inbound.read(readDatagram(forged)!)).toBe('forged')
    expect(inbound.read(readDatagram(genuine)!)).toHaveProperty('body', body)
  })

  it('never writes the same bytes twice', () => {
    const outbound = new Outbound(7, keysOf('server'))
    const texts = Array.from({ length: 50 }, () =>
      outbound.write(DatagramType.clock, body).subarray(12).toString('hex')
    )
    expect(new Set(texts).size).toBe(50)
  })
})

it('a direction without a key is believed only with its token', () => {
  const token = randomBytes(8)
  const bytes = new Outbound(7, undefined, token).write(DatagramType.bye, Buffer.of(0))
  expect(new Inbound(undefined, token).read(readDatagram(bytes)!)).toHaveProperty('body', Buffer.of(0))
  expect(new Inbound(undefined, randomBytes(8)).read(readDatagram(bytes)!)).toBe('forged')
})

describe('a token', () => {
  const nonce = randomBytes(16)
  const tokens = new AddressTokens(randomBytes(32))
  const token = tokens.make('192.0.2.1', 5000, nonce, 100_000)

  it('is good for its address, port, nonce and time alone', () => {
    expect(tokens.isGood(token, '192.0.2.1', 5000, nonce, 100_000)).toBe(true)
    expect(tokens.isGood(token, '192.0.2.1', 5000, nonce, 100_000 + tokenLifeMs)).toBe(true)
    expect(tokens.isGood(token, '192.0.2.1', 5000, nonce, 101_001 + tokenLifeMs)).toBe(false)
    expect(tokens.isGood(token, '192.0.2.1', 5000, nonce, 90_000)).toBe(false)
    expect(tokens.isGood(token, '192.0.2.2', 5000, nonce, 100_000)).toBe(false)
    expect(tokens.isGood(token, '192.0.2.1', 5001, nonce, 100_000)).toBe(false)
    expect(tokens.isGood(token, '192.0.2.1', 5000, randomBytes(16), 100_000)).toBe(false)
    expect(new AddressTokens(randomBytes(32)).isGood(token, '192.0.2.1', 5000, nonce, 100_000)).toBe(false)
    expect(tokens.isGood(token.subarray(1), '192.0.2.1', 5000, nonce, 100_000)).toBe(false)
  })
})

describe('shards', () => {
  it('are cut nearly even, none empty, and the cut follows from size and number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000_000 }), fc.integer({ min: 1, max: 1452 }), (size, most) => {
        fc.pre(size / most < 65_000)
        const { shardBytes, dataCount, blocks } = shardLayout(size, most)
        expect(shardBytes).toBeLessThanOrEqual(most)
        expect(shardBytes).toBe(Math.ceil(size / dataCount))
        expect((dataCount - 1) * shardBytes).toBeLessThan(size)
        expect(dataCount * shardBytes).toBeGreaterThanOrEqual(size)
        expect(blocks).toBe(blocksOf(dataCount))
        expect(Math.ceil(dataCount / blocks) + maxParity(dataCount) / blocks).toBeLessThanOrEqual(255)
      })
    )
  })

  it('have places that are all different and spread over the blocks', () => {
    const dataCount = 400
    const all = dataCount + maxParity(dataCount)
    const places = Array.from({ length: all }, (_, index) => shardPlace(index, dataCount))
    expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(all)
    expect(places.slice(0, 4).map(({ block }) => block)).toEqual([0, 1, 2, 0])
    expect(places[400]).toEqual({ block: 0, position: 0, isParity: true })
    expect(places[404]).toEqual({ block: 1, position: 1, isParity: true })
  })

  it('that do not fit their frame are refused', () => {
    const head = {
      frameId: 1,
      frameSize: 2500,
      stream: 0,
      flags: 0,
      index: 0,
      dataCount: 3,
      parityCount: 1,
      captureUs: 5,
      sendUs: 6
    }
    const read = (changes: Partial<typeof head>, length = 834) =>
      readData(Buffer.concat([writeDataHead({ ...head, ...changes }), Buffer.alloc(length)]))
    expect(read({})).toMatchObject(head)
    expect(read({ index: 2 }, 832)).toBeDefined()
    expect(read({ index: 3 })).toBeDefined()
    expect(read({ index: 2 })).toBeUndefined()
    expect(read({ index: 4 })).toBeUndefined()
    expect(read({}, 833)).toBeUndefined()
    expect(read({}, 0)).toBeUndefined()
    expect(read({ frameSize: 0 })).toBeUndefined()
    expect(read({ dataCount: 0 })).toBeUndefined()
    expect(read({ frameSize: 6, dataCount: 4 }, 2)).toBeUndefined()
    expect(read({ parityCount: 256 })).toBeUndefined()
  })

  it('is none of a frame of which a block would have more than 255 shards', () => {
    const read = (dataCount: number, parityCount: number) => {
      const head = { frameId: 1, frameSize: dataCount, stream: 0, flags: 0, index: 0, captureUs: 5, sendUs: 6 }
      return readData(Buffer.concat([writeDataHead({ ...head, dataCount, parityCount }), Buffer.of(1)]))
    }
    // One block, then two of 86 and 85, then three of which each has a third of both.
    for (const [dataCount, mostParity] of [
      [1, 254],
      [170, 85],
      [171, 2 * (255 - 86)],
      [510, 3 * 85]
    ] as const) {
      expect(read(dataCount, mostParity)).toMatchObject({ dataCount, parityCount: mostParity })
      expect(read(dataCount, mostParity + 1)).toBeUndefined()
    }
  })
})

describe('records', () => {
  it('come out as they were written, however the stream is cut, sealed or not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.boolean(),
        (bodies, cuts, isSealed) => {
          const writer = new RecordWriter()
          const reader = new RecordReader(300)
          if (isSealed) {
            writer.sealWith(keysOf('server'))
            reader.openWith(keysOf('server'))
          }
          const stream = Buffer.concat(bodies.map((body) => writer.write(RecordType.frame, body)))
          const read: Buffer[] = []
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const end = at + cuts[turn % cuts.length]!
            reader.push(stream.subarray(at, end))
            at = end
            for (let record = reader.read(); record !== undefined; record = reader.read()) read.push(record.body)
          }
          expect(read.map((body) => body.toString('hex'))).toEqual(
            bodies.map((body) => Buffer.from(body).toString('hex'))
          )
          expect(reader.problem).toBeUndefined()
        }
      )
    )
  })

  it('that are too long, changed or none at all end the reading', () => {
    const problem = (bytes: Buffer, isSealed = false) => {
      const reader = new RecordReader(100)
      if (isSealed) reader.openWith(keysOf('server'))
      reader.push(bytes)
      expect(reader.read()).toBeUndefined()
      expect(reader.read()).toBeUndefined()
      return reader.problem
    }
    expect(problem(new RecordWriter().write(RecordType.frame, Buffer.alloc(101)))).toBe('too long')
    expect(problem(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('not version 2')
    const writer = new RecordWriter()
    writer.sealWith(keysOf('server'))
    const sealed = writer.write(RecordType.frame, Buffer.alloc(50))
    sealed[20]! ^= 1
    expect(problem(sealed, true)).toBe('forged')
  })
})

describe('whatever comes from a network', () => {
  const readers = [
    readClock,
    readData,
    readReport,
    readResend,
    readTcpFrame,
    readTcpHello,
    readTcpRefused,
    readTcpWelcome,
    readHello,
    readDatagram
  ]
  const answers = [readRetry, readRefused, readWelcome] as Array<(datagram: Datagram) => unknown>

  it('is read or refused, and throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 15 }), (bytes, type) => {
        const body = Buffer.from(bytes)
        for (const read of readers) read(body)
        const datagram = newDatagram(type as 8, body.length, 1)
        body.copy(datagram, 12)
        for (const read of answers) read(readDatagram(datagram)!)
      })
    )
  })

  it('a hello that is cut off or longer than it says is none', () => {
    const hello = writeHello(
      {
        clientNonce: nonces[0],
        clientTimeUs: 1,
        maxDatagram: 1452,
        delayMs: 0,
        stream: 'front',
        keyName: '',
        token: Buffer.alloc(24)
      },
      key
    )
    expect(readHello(hello)).toMatchObject({ stream: 'front', maxDatagram: 1452 })
    for (let length = 0; length < hello.length; length++) expect(readHello(hello.subarray(0, length))).toBeUndefined()
    expect(readHello(Buffer.concat([hello, Buffer.of(0)]))).toBeUndefined()
  })
})

it('a key that is too short is refused without being shown', () => {
  expect(() => parseKey('  short  ')).toThrow('a key must have 16 bytes or more, this one has 5')
  expect(parseKey(' correct horse battery staple\n')).toEqual(key)
})
