import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tcpVectors, udpVectors } from '../../../scripts/protocol-vectors.mjs'
import { encodeParity, repairData, shardsInBlock } from '../../reed-solomon/src/index.js'
import { open, seal } from '../src/aead.js'
import * as protocol from '../src/index.js'

type Fields = Record<string, string | number | number[]>
interface Vector {
  readonly name: string
  readonly type: string
  readonly fields: Fields
  readonly hex: string
}
interface Sealed {
  readonly name: string
  readonly from: protocol.Side
  readonly type: string
  readonly body: string
  readonly hex: string
}
interface FrameVector {
  readonly name: string
  readonly frame_size: number
  readonly data_count: number
  readonly shard_size: number
  readonly blocks: number
  readonly frame: string
  readonly parity: readonly string[]
  readonly lost: readonly number[]
}
interface Named {
  readonly name: string
  readonly hex: string
}
interface UdpVectors {
  readonly datagrams: readonly Vector[]
  readonly keys: Readonly<Record<string, string>>
  readonly sealed: ReadonlyArray<Sealed & { readonly packet_number: number }>
  readonly packet_numbers: ReadonlyArray<Record<'lower' | 'expected' | 'number', number>>
  readonly frames: readonly FrameVector[]
  readonly ignored: readonly Named[]
  readonly ignored_data: readonly Named[]
}
interface TcpVectors {
  readonly records: readonly Vector[]
  readonly keys: Readonly<Record<string, string>>
  readonly sealed: ReadonlyArray<Sealed & { readonly number: number }>
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../docs/protocols/vectors/${name}.json`, import.meta.url), 'utf8'))
const udp = read<UdpVectors>('udp-v2')
const tcp = read<TcpVectors>('tcp-v2')

const bytes = (value: unknown): Buffer => Buffer.from(value as string, 'hex')
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const number = (value: unknown): number => value as number
const text = (value: unknown): string => value as string
const named = <T extends { readonly name: string }>(vectors: readonly T[]) =>
  vectors.map((vector) => [vector.name, vector] as const)
const key = bytes(udp.keys.key)

it('the files are those that scripts/protocol-vectors.mjs makes', () => {
  expect(udp).toEqual(udpVectors(protocol))
  expect(tcp).toEqual(tcpVectors(protocol))
})

/** How a type is written from its fields, and what fields are read. Bodies come without the session token. */
const udpTypes: Readonly<
  Record<
    string,
    { write(fields: Fields): Uint8Array; read(datagram: protocol.Datagram, body: Buffer, fields: Fields): unknown }
  >
> = {
  hello: {
    write: (fields) =>
      protocol.writeHello(
        {
          clientNonce: bytes(fields.client_nonce),
          clientTimeUs: number(fields.client_time),
          maxDatagram: number(fields.max_datagram),
          delayMs: number(fields.delay),
          stream: text(fields.stream),
          keyName: text(fields.key_name),
          token: bytes(fields.token)
        },
        fields.proof === undefined ? undefined : key
      ),
    read: ({ bytes: whole }, _, { proof }) => {
      const hello = protocol.readHello(Buffer.concat([protocol.registerWord, whole]))!
      if (proof !== undefined) expect(protocol.isProof(hello.proof, key, 'client', hello.proven)).toBe(true)
      return {
        client_nonce: hex(hello.clientNonce),
        client_time: hello.clientTimeUs,
        max_datagram: hello.maxDatagram,
        delay: hello.delayMs,
        stream: hello.stream,
        key_name: hello.keyName,
        token: hex(hello.token),
        ...(proof === undefined ? {} : { proof: hex(hello.proof) })
      }
    }
  },
  retry: {
    write: (fields) => protocol.writeRetry({ ...answer(fields), token: bytes(fields.token) }),
    read: (datagram) => {
      const { token, ...rest } = protocol.readRetry(datagram)!
      return { ...answerFields(rest), token: hex(token) }
    }
  },
  welcome: {
    write: (fields) =>
      protocol.writeWelcome(
        {
          ...answer(fields),
          connection: number(fields.connection),
          serverTimeUs: number(fields.server_time),
          serverNonce: bytes(fields.server_nonce),
          sessionToken: bytes(fields.session_token),
          stream: number(fields.stream),
          codec: number(fields.codec),
          timeoutMs: number(fields.timeout)
        },
        fields.proof === undefined ? undefined : key
      ),
    read: (datagram, _, { proof }) => {
      const welcome = protocol.readWelcome(datagram, proof === undefined ? undefined : key)!
      return {
        ...answerFields(welcome),
        connection: welcome.connection,
        server_time: welcome.serverTimeUs,
        server_nonce: hex(welcome.serverNonce),
        session_token: hex(welcome.sessionToken),
        stream: welcome.stream,
        codec: welcome.codec,
        timeout: welcome.timeoutMs,
        ...(proof === undefined ? {} : { proof: hex(datagram.bytes.subarray(-32)) })
      }
    }
  },
  refused: {
    write: (fields) =>
      protocol.writeRefused({ ...answer(fields), reason: number(fields.reason), text: text(fields.text) }),
    read: (datagram) => {
      const { reason, text, ...rest } = protocol.readRefused(datagram)!
      return { ...answerFields(rest), reason, text }
    }
  },
  data: {
    write: (fields) =>
      Buffer.concat([
        protocol.writeDataHead({
          frameId: number(fields.frame_id),
          frameSize: number(fields.frame_size),
          stream: number(fields.stream),
          flags: number(fields.flags),
          index: number(fields.index),
          dataCount: number(fields.data_count),
          parityCount: number(fields.parity_count),
          captureUs: number(fields.capture_time),
          sendUs: number(fields.send_time)
        }),
        bytes(fields.shard)
      ]),
    read: (_, body) => {
      const data = protocol.readData(body)!
      return {
        frame_id: data.frameId,
        frame_size: data.frameSize,
        stream: data.stream,
        flags: data.flags,
        index: data.index,
        data_count: data.dataCount,
        parity_count: data.parityCount,
        capture_time: data.captureUs,
        send_time: data.sendUs,
        shard: hex(data.shard)
      }
    }
  },
  report: {
    write: (fields) =>
      protocol.writeReport({
        clientTimeUs: number(fields.client_time),
        highest: number(fields.highest),
        packets: number(fields.packets),
        bytes: number(fields.bytes),
        minDelayUs: number(fields.min_delay),
        maxDelayUs: number(fields.max_delay),
        framesWhole: number(fields.frames_whole),
        framesLost: number(fields.frames_lost),
        longest: number(fields.longest),
        delayMs: number(fields.delay),
        roundTripMs: number(fields.round_trip)
      }),
    read: (_, body) => {
      const report = protocol.readReport(body)!
      return {
        client_time: report.clientTimeUs,
        highest: report.highest,
        packets: report.packets,
        bytes: report.bytes,
        min_delay: report.minDelayUs,
        max_delay: report.maxDelayUs,
        frames_whole: report.framesWhole,
        frames_lost: report.framesLost,
        longest: report.longest,
        delay: report.delayMs,
        round_trip: report.roundTripMs
      }
    }
  },
  clock: { write: writeClock, read: (_, body) => clockFields(body) },
  resend: {
    write: (fields) => protocol.writeResend(number(fields.frame_id), fields.indices as number[]),
    read: (_, body) => {
      const { frameId, indices } = protocol.readResend(body)!
      return { frame_id: frameId, indices }
    }
  },
  path_challenge: { write: (fields) => bytes(fields.challenge), read: (_, body) => ({ challenge: hex(body) }) },
  path_response: { write: (fields) => bytes(fields.challenge), read: (_, body) => ({ challenge: hex(body) }) },
  bye: { write: (fields) => Uint8Array.of(number(fields.reason)), read: (_, body) => ({ reason: body[0] }) },
  probe: { write: (fields) => Buffer.alloc(number(fields.zeros)), read: (_, body) => ({ zeros: body.length }) },
  unknown: {
    write: (fields) => protocol.newDatagram(protocol.DatagramType.unknown, 0, number(fields.connection)),
    read: ({ connection }) => ({ connection })
  }
}

const answer = (fields: Fields) => ({
  clientNonce: bytes(fields.client_nonce),
  clientTimeUs: number(fields.client_time)
})
const answerFields = ({ clientNonce, clientTimeUs }: { clientNonce: Uint8Array; clientTimeUs: number }) => ({
  client_nonce: hex(clientNonce),
  client_time: clientTimeUs
})

function writeClock(fields: Fields): Buffer {
  return protocol.writeClock({
    clientTimeUs: number(fields.client_time),
    receivedUs: number(fields.received),
    sentUs: number(fields.sent),
    rateKbps: number(fields.rate),
    parityPermille: number(fields.parity)
  })
}

function clockFields(body: Buffer): Fields {
  const { clientTimeUs, receivedUs, sentUs, rateKbps, parityPermille } = protocol.readClock(body)!
  return { client_time: clientTimeUs, received: receivedUs, sent: sentUs, rate: rateKbps, parity: parityPermille }
}

const camel = (type: string) => type.replace(/_./g, (pair) => pair[1]!.toUpperCase())
const datagramTypes: Readonly<Record<string, number>> = protocol.DatagramType
const typeNumber = (type: string) => datagramTypes[camel(type)] as protocol.DatagramTypeNumber

describe('a datagram of the vectors is written and read by its fields', () => {
  it('of every type', () => {
    expect(new Set(udp.datagrams.map(({ type }) => camel(type)))).toEqual(new Set(Object.keys(datagramTypes)))
  })

  it.each(named(udp.datagrams))('%s', (_, { type, fields, hex: written }) => {
    const { packet_number, ...own } = fields
    const whole = bytes(written)
    const datagram = protocol.readDatagram(type === 'hello' ? whole.subarray(protocol.registerWord.length) : whole)!
    expect(datagram.type).toBe(typeNumber(type))
    if (packet_number === undefined) {
      expect(hex(udpTypes[type]!.write(own))).toBe(written)
      expect(udpTypes[type]!.read(datagram, datagram.body, own)).toEqual(own)
      return
    }
    const { connection, session_token = '', ...body } = own
    expect(datagram).toMatchObject({ connection, packetNumber: packet_number })
    const token = bytes(session_token)
    const rewritten = Buffer.concat([token, udpTypes[type]!.write(body)])
    const again = protocol.newDatagram(typeNumber(type), rewritten.length, number(connection), number(packet_number))
    again.set(rewritten, protocol.headerLength)
    expect(hex(again)).toBe(written)
    const inbound = new protocol.Inbound(undefined, token)
    const received = inbound.read(datagram) as protocol.Received
    expect(udpTypes[type]!.read(datagram, received.body, body)).toEqual(body)
  })
})

describe('what the vectors want ignored is not read', () => {
  it.each(named(udp.ignored))('%s', (_, { hex: written }) => {
    expect(protocol.readDatagram(bytes(written))).toBeUndefined()
  })

  it.each(named(udp.ignored_data))('data with %s', (_, { hex: written }) => {
    expect(protocol.readData(protocol.readDatagram(bytes(written))!.body)).toBeUndefined()
  })
})

it.each(udp.packet_numbers)('packet number $lower, where $expected is expected, is $number', (vector) => {
  expect(protocol.expandNumber(vector.lower, vector.expected)).toBe(vector.number)
})

describe.each([['udp', udp] as const, ['tcp', tcp] as const])('keys of %s', (name, { keys, sealed }) => {
  const of = (side: protocol.Side) =>
    protocol.directionKeys(key, bytes(keys.client_nonce), bytes(keys.server_nonce), name, side)

  it('are made of the key and the nonces', () => {
    expect(hex(protocol.parseKey(keys.key_text!))).toBe(keys.key)
    for (const side of ['client', 'server'] as const) {
      expect(hex(of(side).key)).toBe(keys[`${side}_key`])
      expect(hex(of(side).iv)).toBe(keys[`${side}_iv`])
    }
  })

  it.each(named<Sealed>(sealed))('seal %s', (_, vector) => {
    const { from, body, hex: written } = vector
    const place = vector as Sealed & { packet_number?: number; number?: number }
    const packetNumber = (place.packet_number ?? place.number)!
    const whole = bytes(written)
    const headerLength = name === 'udp' ? protocol.headerLength : protocol.recordHeaderLength
    const header = whole.subarray(0, headerLength)
    const again = Buffer.from(header)
    const target = Buffer.concat([again, Buffer.alloc(whole.length - headerLength)])
    expect(seal(of(from), packetNumber, header, [bytes(body)], target, headerLength)).toBe(whole.length)
    expect(hex(target)).toBe(written)
    expect(hex(open(of(from), packetNumber, header, whole.subarray(headerLength))!)).toBe(body)
  })
})

it('sealed datagrams of the vectors are what a connection sends, and takes', () => {
  const { keys, sealed } = udp
  const [report] = sealed
  const clientKeys = protocol.directionKeys(
    key,
    bytes(keys.client_nonce),
    bytes(keys.server_nonce),
    'udp',
    report!.from
  )
  const datagram = protocol.readDatagram(bytes(report!.hex))!
  const outbound = new protocol.Outbound(datagram.connection, clientKeys)
  expect(hex(outbound.write(typeNumber(report!.type), bytes(report!.body)))).toBe(report!.hex)
  expect(new protocol.Inbound(clientKeys).read(datagram)).toEqual({ packetNumber: 0, body: bytes(report!.body) })
})

describe('a frame of the vectors', () => {
  it.each(named(udp.frames))('%s', (_, vector) => {
    const { frame_size, data_count, shard_size, blocks, lost } = vector
    const frame = bytes(vector.frame)
    expect(frame.length).toBe(frame_size)
    expect(protocol.shardLayout(frame_size, shard_size)).toEqual({
      shardBytes: shard_size,
      dataCount: data_count,
      blocks
    })
    const parity = vector.parity.map(() => new Uint8Array(shard_size))
    const ofBlock = (block: number) => parity.filter((_, index) => index % blocks === block)
    for (let block = 0; block < blocks; block++) encodeParity(frame, shard_size, ofBlock(block), block, blocks)
    expect(parity.map(hex)).toEqual(vector.parity)

    const received = Buffer.from(frame)
    for (const index of lost) received.subarray(index * shard_size, (index + 1) * shard_size).fill(0)
    for (let block = 0; block < blocks; block++) {
      const indices = Array.from({ length: shardsInBlock(data_count, block, blocks) }, (_, n) => block + n * blocks)
      const views = indices.map((index) => received.subarray(index * shard_size, (index + 1) * shard_size))
      const here = views.map((view, n) => (lost.includes(indices[n]!) ? undefined : view))
      const gaps = views.map((view, n) => (lost.includes(indices[n]!) ? view : undefined))
      const came = ofBlock(block).map((shard, n) =>
        lost.includes(data_count + n * blocks + block) ? undefined : shard
      )
      expect(repairData(here, came, shard_size, gaps)).toBe(true)
    }
    expect(received.equals(frame)).toBe(true)
  })
})

/** How the body of a record is written from its fields, and read. */
const tcpTypes: Readonly<
  Record<string, { write(fields: Fields): Uint8Array; read(body: Buffer, fields: Fields): unknown }>
> = {
  hello: {
    write: (fields) =>
      protocol.writeTcpHello({
        clientNonce: bytes(fields.client_nonce),
        stream: text(fields.stream),
        keyName: text(fields.key_name)
      }),
    read: (body) => {
      const { clientNonce, stream, keyName } = protocol.readTcpHello(body)!
      return { client_nonce: hex(clientNonce), stream, key_name: keyName }
    }
  },
  welcome: {
    write: (fields) =>
      protocol.writeTcpWelcome(
        {
          serverNonce: bytes(fields.server_nonce),
          serverTimeUs: number(fields.server_time),
          codec: number(fields.codec)
        },
        tcpHello(),
        fields.proof === undefined ? undefined : key
      ),
    read: (body, { proof: proven }) => {
      const { serverNonce, serverTimeUs, codec, proof } = protocol.readTcpWelcome(body)!
      return {
        server_nonce: hex(serverNonce),
        server_time: serverTimeUs,
        codec,
        ...(proven === undefined ? {} : { proof: hex(proof) })
      }
    }
  },
  proof: {
    write: () => protocol.makeProof(key, 'client', tcpHello(), tcpBody('welcome with a proof')),
    read: (body) => ({ proof: hex(body) })
  },
  refused: {
    write: (fields) => protocol.writeTcpRefused(number(fields.reason), text(fields.text)),
    read: (body) => protocol.readTcpRefused(body)
  },
  frame: {
    write: (fields) =>
      Buffer.concat([
        protocol.writeTcpFrameHead({
          sequence: number(fields.sequence),
          captureUs: number(fields.capture_time),
          sendUs: number(fields.send_time),
          codec: number(fields.codec),
          flags: number(fields.flags)
        }),
        bytes(fields.picture)
      ]),
    read: (body) => {
      const { sequence, captureUs, sendUs, codec, flags, data } = protocol.readTcpFrame(body)!
      return { sequence, capture_time: captureUs, send_time: sendUs, codec, flags, picture: hex(data) }
    }
  },
  ping: {
    write: (fields) => {
      const body = Buffer.alloc(6)
      body.writeUIntLE(number(fields.client_time), 0, 6)
      return body
    },
    read: (body) => ({ client_time: body.readUIntLE(0, 6) })
  },
  clock: { write: writeClock, read: (body) => clockFields(body) }
}

const tcpBody = (name: string): Buffer =>
  bytes(tcp.records.find((record) => record.name === name)!.hex).subarray(protocol.recordHeaderLength)
const tcpHello = (): Buffer => tcpBody('hello')

describe('a record of the vectors is written and read by its fields', () => {
  it.each(named(tcp.records))('%s', (_, { type, fields, hex: written }) => {
    const recordType = protocol.RecordType[type as keyof typeof protocol.RecordType]
    expect(hex(new protocol.RecordWriter().write(recordType, tcpTypes[type]!.write(fields)))).toBe(written)
    const reader = new protocol.RecordReader(1000)
    reader.push(bytes(written))
    const record = reader.read()!
    expect(record.type).toBe(recordType)
    expect(tcpTypes[type]!.read(record.body, fields)).toEqual(fields)
  })
})
