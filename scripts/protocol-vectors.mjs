// Writes docs/protocols/vectors/*.json: bytes for those who write the protocols in another language. `tsc` has to run before.
// What is sealed, proven or repaired is made here anew, from the documents alone; `packages/protocol/test/vectors.test.ts` and
// `test/clients/python/check_vectors.py` hold the rest to two implementations.
import { execFileSync } from 'node:child_process'
import { createCipheriv, createHmac, hkdfSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (text) => Buffer.from(text, 'hex')
/** Bytes that look like any others and are the same each time. */
const someBytes = (length, seed) => {
  let state = seed
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    })
  )
}

const keyText = 'correct horse battery staple'
const key = Buffer.from(keyText, 'utf8')
const clientNonce = bytes('000102030405060708090a0b0c0d0e0f')
const serverNonce = bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
const sessionToken = bytes('5e551017000dabcd')
const token = someBytes(24, 24)
const connection = 0x01020304
const clientTimeUs = 0x010203040506
const serverTimeUs = 0x00f1e2d3c4b5

const hkdf = (salt, label, length) => Buffer.from(hkdfSync('sha256', key, salt, label, length))
const hmac = (proofKey, ...parts) => createHmac('sha256', proofKey).update(Buffer.concat(parts)).digest()
const clientProofKey = hkdf('', 'streamer v2 client proof', 32)
const serverProofKey = hkdf('', 'streamer v2 server proof', 32)

/** Keys of both directions of a connection. */
function directionsOf(protocol) {
  const of = (side) => {
    const made = hkdf(Buffer.concat([clientNonce, serverNonce]), `streamer v2 ${protocol} ${side}`, 44)
    return { key: made.subarray(0, 32), iv: made.subarray(32) }
  }
  return { client: of('client'), server: of('server') }
}

/** The keys as they stand in a file. */
function keysOf(protocol) {
  const { client, server } = directionsOf(protocol)
  return {
    key_text: `  ${keyText}\n`,
    key: hex(key),
    client_nonce: hex(clientNonce),
    server_nonce: hex(serverNonce),
    client_proof_key: hex(clientProofKey),
    server_proof_key: hex(serverProofKey),
    client_key: hex(client.key),
    client_iv: hex(client.iv),
    server_key: hex(server.key),
    server_iv: hex(server.iv)
  }
}

/** RFC 8439, with a nonce as "Keys" says. @param number a BigInt. */
function seal({ key: directionKey, iv }, number, header, body) {
  const nonce = Buffer.from(iv)
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ number, 4)
  const cipher = createCipheriv('chacha20-poly1305', directionKey, nonce, { authTagLength: 16 })
  cipher.setAAD(header, { plaintextLength: body.length })
  return Buffer.concat([header, cipher.update(body), cipher.final(), cipher.getAuthTag()])
}

const typeNames = {
  hello: 1,
  report: 2,
  resend: 3,
  path_response: 4,
  bye: 5,
  retry: 8,
  welcome: 9,
  refused: 10,
  data: 11,
  clock: 12,
  probe: 13,
  path_challenge: 14,
  unknown: 15
}

/** A datagram of a connection, without a key: those of the client have the session token before their body. */
function datagramOf(protocol, type, packetNumber, body) {
  const isClient = typeNames[type] < 8
  const whole = Buffer.concat([isClient ? sessionToken : Buffer.alloc(0), body])
  const datagram = protocol.newDatagram(typeNames[type], whole.length, connection, packetNumber)
  datagram.set(whole, protocol.headerLength)
  return datagram
}

/** A frame of 53 bytes in five shards of 11, of which the last has nine. */
const smallFrame = someBytes(53, 53)
const smallShard = 11
/** 400 shards in three blocks, the last one of five bytes. */
const largeFrame = someBytes(3197, 3197)
const largeShard = 8

/** Multiplication in GF(2^8), bit by bit. */
function multiply(a, b) {
  let product = 0
  for (; b > 0; b >>= 1) {
    if (b & 1) product ^= a
    a = (a << 1) ^ (a & 0x80 ? 0x11d : 0)
  }
  return product
}
const inverses = Array.from({ length: 256 }, (_, a) =>
  Array.from({ length: 256 }, (_, b) => b).find((b) => multiply(a, b) === 1)
)

/** Parity as "Repair" says it. */
function parityOf(frame, shardBytes, count) {
  const dataCount = Math.ceil(frame.length / shardBytes)
  const blocks = Math.ceil(dataCount / 170)
  return Array.from({ length: count }, (_, j) => {
    const shard = Buffer.alloc(shardBytes)
    for (let n = j % blocks; n < dataCount; n += blocks) {
      const factor = inverses[Math.floor(n / blocks) ^ (255 - Math.floor(j / blocks))]
      for (let b = 0; b < shardBytes; b++) shard[b] ^= multiply(frame[n * shardBytes + b] ?? 0, factor)
    }
    return shard
  })
}

function frameVector(name, frame, shardBytes, parityCount, lost) {
  const dataCount = Math.ceil(frame.length / shardBytes)
  return {
    name,
    frame_size: frame.length,
    data_count: dataCount,
    shard_size: shardBytes,
    blocks: Math.ceil(dataCount / 170),
    parity_count: parityCount,
    frame: hex(frame),
    parity: parityOf(frame, shardBytes, parityCount).map(hex),
    // By index; what is left gives back the frame.
    lost
  }
}

/**
 * The vectors of the UDP protocol.
 * @param protocol the exports of `@streamer/protocol`.
 */
export function udpVectors(protocol) {
  const hello = {
    client_nonce: hex(clientNonce),
    client_time: clientTimeUs,
    max_datagram: 1452,
    delay: 150,
    stream: '',
    key_name: '',
    token: ''
  }
  const helloVector = (name, changes, proves = false) => {
    const fields = { ...hello, ...changes }
    const datagram = protocol.writeHello(
      {
        clientNonce,
        clientTimeUs,
        maxDatagram: fields.max_datagram,
        delayMs: fields.delay,
        stream: fields.stream,
        keyName: fields.key_name,
        token: bytes(fields.token)
      },
      proves ? key : undefined
    )
    const proof = proves ? { proof: hex(hmac(clientProofKey, datagram.subarray(15, datagram.length - 33))) } : {}
    return { name, type: 'hello', fields: { ...fields, ...proof }, hex: hex(datagram) }
  }
  const answer = { client_nonce: hex(clientNonce), client_time: clientTimeUs }
  const welcomeVector = (name, session, proves = false) => {
    const datagram = protocol.writeWelcome(
      {
        clientNonce,
        clientTimeUs,
        connection,
        serverTimeUs,
        serverNonce,
        sessionToken: session,
        stream: 1,
        codec: 1,
        timeoutMs: 30_000
      },
      proves ? key : undefined
    )
    const fields = {
      ...answer,
      connection,
      server_time: serverTimeUs,
      server_nonce: hex(serverNonce),
      session_token: hex(session),
      stream: 1,
      codec: 1,
      timeout: 30_000,
      ...(proves ? { proof: hex(hmac(serverProofKey, datagram.subarray(0, datagram.length - 32))) } : {})
    }
    return { name, type: 'welcome', fields, hex: hex(datagram) }
  }
  const plain = (name, type, packetNumber, fields, body) => {
    const token = typeNames[type] < 8 ? { session_token: hex(sessionToken) } : {}
    const datagram = datagramOf(protocol, type, packetNumber, body)
    return { name, type, fields: { connection, packet_number: packetNumber, ...token, ...fields }, hex: hex(datagram) }
  }

  const parity = parityOf(smallFrame, smallShard, 3)
  const dataVector = (name, packetNumber, index, flags = 0, frameId = 0xffffffff) => {
    const shard = index < 5 ? smallFrame.subarray(index * smallShard, (index + 1) * smallShard) : parity[index - 5]
    const head = {
      frame_id: frameId,
      frame_size: smallFrame.length,
      stream: 1,
      flags,
      index,
      data_count: 5,
      parity_count: 3,
      capture_time: serverTimeUs,
      send_time: (serverTimeUs + 5000) % 2 ** 32
    }
    const body = Buffer.concat([
      protocol.writeDataHead({
        frameId,
        frameSize: head.frame_size,
        stream: 1,
        flags,
        index,
        dataCount: 5,
        parityCount: 3,
        captureUs: head.capture_time,
        sendUs: head.send_time
      }),
      shard
    ])
    return plain(name, 'data', packetNumber, { ...head, shard: hex(shard) }, body)
  }
  const report = {
    client_time: clientTimeUs,
    highest: 4_000_000_000,
    packets: 3_999_999_000,
    bytes: 305_419_896,
    min_delay: 4_294_967_000,
    max_delay: 2000,
    frames_whole: 1234,
    frames_lost: 5,
    longest: 1452,
    delay: 150,
    round_trip: 23
  }
  const reportBody = protocol.writeReport({
    clientTimeUs,
    highest: report.highest,
    packets: report.packets,
    bytes: report.bytes,
    minDelayUs: report.min_delay,
    maxDelayUs: report.max_delay,
    framesWhole: report.frames_whole,
    framesLost: report.frames_lost,
    longest: report.longest,
    delayMs: report.delay,
    roundTripMs: report.round_trip
  })
  const clock = {
    client_time: clientTimeUs,
    received: serverTimeUs,
    sent: serverTimeUs + 70,
    rate: 12_345,
    parity: 250
  }
  const clockBody = protocol.writeClock({
    clientTimeUs,
    receivedUs: clock.received,
    sentUs: clock.sent,
    rateKbps: clock.rate,
    parityPermille: clock.parity
  })
  const indices = [0, 7, 399, 65_535]
  const challenge = bytes('c4a11e46e0000001')
  const unprotected = (name, type, fields, datagram) => ({ name, type, fields, hex: hex(datagram) })

  const datagrams = [
    helloVector('hello', {}),
    helloVector('hello with a token', { stream: 'front', token: hex(token) }),
    helloVector('hello with a token and a proof', { stream: 'Tür', key_name: 'anna', token: hex(token) }, true),
    unprotected(
      'retry',
      'retry',
      { ...answer, token: hex(token) },
      protocol.writeRetry({ clientNonce, clientTimeUs, token })
    ),
    welcomeVector('welcome', sessionToken),
    welcomeVector('welcome with a proof', Buffer.alloc(8), true),
    unprotected(
      'refused',
      'refused',
      { ...answer, reason: 1, text: 'there is no such stream' },
      protocol.writeRefused({ clientNonce, clientTimeUs, reason: 1, text: 'there is no such stream' })
    ),
    dataVector('data, the first shard', 0, 0),
    dataVector('data, the last data shard, which is shorter', 4, 4),
    dataVector('data, a parity shard', 5, 5),
    dataVector('data, asked for again, of a repeated picture, after the wrap', 0xffffffff, 2, 3, 0),
    plain('report', 'report', 0, report, reportBody),
    plain('clock', 'clock', 6, clock, clockBody),
    plain('resend', 'resend', 1, { frame_id: 0xffffffff, indices }, protocol.writeResend(0xffffffff, indices)),
    plain('path challenge', 'path_challenge', 7, { challenge: hex(challenge) }, challenge),
    plain('path response', 'path_response', 2, { challenge: hex(challenge) }, challenge),
    plain('bye of the client', 'bye', 3, { reason: 0 }, Buffer.of(0)),
    {
      name: 'bye of the server',
      type: 'bye',
      fields: { connection, packet_number: 8, reason: 1 },
      hex: hex(withBody(protocol.newDatagram(typeNames.bye, 1, connection, 8), Buffer.of(1)))
    },
    plain('probe, much shorter than real ones', 'probe', 9, { zeros: 20 }, Buffer.alloc(20)),
    unprotected('unknown', 'unknown', { connection }, protocol.newDatagram(typeNames.unknown, 0, connection))
  ]

  const keys = directionsOf('udp')
  const sealedVector = (name, side, type, packetNumber, body) => {
    const header = Buffer.alloc(12)
    protocol.newDatagram(typeNames[type], 0, connection, Number(packetNumber % 2n ** 32n)).copy(header)
    header.writeUInt16LE(12 + body.length + 16, 2)
    return {
      name,
      from: side,
      type,
      packet_number: Number(packetNumber),
      body: hex(body),
      hex: hex(seal(keys[side], packetNumber, header, body))
    }
  }
  const first = bytes(datagrams[7].hex)
  const changed = (change) => {
    const copy = Buffer.from(first)
    return hex(change(copy) ?? copy)
  }
  const head = bytes(datagrams[7].hex).subarray(12)
  const dataChanged = (change, body = Buffer.from(head)) => {
    const made = change(body) ?? body
    return hex(withBody(protocol.newDatagram(typeNames.data, made.length, connection), made))
  }

  return {
    about:
      'Examples for docs/protocols/udp-v2.md, made by scripts/protocol-vectors.mjs. Bytes are hexadecimal text, the names of fields those of the document.',
    datagrams,
    keys: keysOf('udp'),
    sealed: [
      sealedVector('the first report', 'client', 'report', 0n, reportBody),
      sealedVector('a clock', 'server', 'clock', 1n, clockBody),
      sealedVector('data', 'server', 'data', 258n, head),
      sealedVector('a bye, after more than 2^32 datagrams', 'server', 'bye', 2n ** 32n + 5n, Buffer.of(1))
    ],
    // `expected` is one above the highest number that came.
    packet_numbers: [
      [0, 0, 0],
      [5, 3, 5],
      [3, 5, 3],
      [4294967295, 0, 4294967295],
      [0, 4294967295, 4294967296],
      [4294967295, 4294967296, 4294967295],
      [2, 4294967300, 4294967298],
      [4294967290, 4294967300, 4294967290],
      [1, 12884901887, 12884901889]
    ].map(([lower, expected, number]) => ({ lower, expected, number })),
    frames: [
      frameVector('one block, whose last shard is short', smallFrame, smallShard, 3, [1, 4, 5]),
      frameVector(
        'three blocks: a burst of eleven, the last shard and a parity shard are lost',
        largeFrame,
        largeShard,
        15,
        [...Array.from({ length: 11 }, (_, index) => 100 + index), 399, 401]
      )
    ],
    ignored: [
      { name: 'shorter than a header', hex: hex(first.subarray(0, 11)) },
      { name: 'another magic', hex: changed((copy) => copy.fill(0xd4, 0, 1)) },
      { name: 'version 3', hex: changed((copy) => copy.fill(0x3b, 1, 2)) },
      { name: 'its length says one more', hex: changed((copy) => void copy.writeUInt16LE(copy.length + 1, 2)) },
      { name: 'its length says one less', hex: changed((copy) => void copy.writeUInt16LE(copy.length - 1, 2)) },
      { name: 'a byte behind its end', hex: changed((copy) => Buffer.concat([copy, Buffer.of(0)])) }
    ],
    ignored_data: [
      { name: 'no shard', hex: dataChanged((body) => body.subarray(0, 26)) },
      { name: 'a shard that is too short', hex: dataChanged((body) => body.subarray(0, body.length - 1)) },
      { name: 'a shard that is too long', hex: dataChanged((body) => Buffer.concat([body, Buffer.of(0)])) },
      { name: 'a frame of no bytes', hex: dataChanged((body) => void body.writeUInt32LE(0, 4)) },
      { name: 'no data shards', hex: dataChanged((body) => void body.writeUInt16LE(0, 12)) },
      { name: 'an index beyond the parity shards', hex: dataChanged((body) => void body.writeUInt16LE(8, 10)) },
      {
        name: 'six bytes do not fill four shards of two',
        hex: dataChanged((body) => {
          body.writeUInt32LE(6, 4)
          body.writeUInt16LE(4, 12)
          return body.subarray(0, 28)
        })
      },
      { name: 'more than 255 shards in a block', hex: dataChanged((body) => void body.writeUInt16LE(251, 14)) }
    ]
  }
}

function withBody(datagram, body) {
  body.copy(datagram, datagram.length - body.length)
  return datagram
}

/**
 * The vectors of the TCP protocol.
 * @param protocol the exports of `@streamer/protocol`.
 */
export function tcpVectors(protocol) {
  const { RecordType, RecordWriter } = protocol
  const writer = new RecordWriter()
  const record = (name, type, fields, body) => ({ name, type, fields, hex: hex(writer.write(RecordType[type], body)) })
  const hello = protocol.writeTcpHello({ clientNonce, stream: 'front', keyName: 'anna' })
  const welcome = { serverNonce, serverTimeUs, codec: 1 }
  const welcomeFields = { server_nonce: hex(serverNonce), server_time: serverTimeUs, codec: 1 }
  const plainWelcome = protocol.writeTcpWelcome(welcome, hello)
  const serverProof = hmac(serverProofKey, hello, plainWelcome)
  const provenWelcome = protocol.writeTcpWelcome(welcome, hello, key)
  const clientProof = hmac(clientProofKey, hello, plainWelcome, serverProof)
  const frame = { sequence: 7, capture_time: serverTimeUs, send_time: serverTimeUs + 900, codec: 1, flags: 1 }
  const picture = someBytes(20, 20)
  const frameBody = Buffer.concat([
    protocol.writeTcpFrameHead({
      sequence: 7,
      captureUs: frame.capture_time,
      sendUs: frame.send_time,
      codec: 1,
      flags: 1
    }),
    picture
  ])
  const ping = Buffer.alloc(6)
  ping.writeUIntLE(clientTimeUs, 0, 6)
  const clock = { client_time: clientTimeUs, received: serverTimeUs, sent: serverTimeUs + 70, rate: 0, parity: 0 }
  const clockBody = protocol.writeClock({
    clientTimeUs,
    receivedUs: clock.received,
    sentUs: clock.sent,
    rateKbps: 0,
    parityPermille: 0
  })
  const keys = directionsOf('tcp')
  const sealedRecord = (name, side, type, number, body) => {
    const header = Buffer.alloc(8)
    header[0] = 0xd5
    header[1] = 0x20 | RecordType[type]
    header.writeUInt32LE(body.length + 16, 4)
    return { name, from: side, type, number, body: hex(body), hex: hex(seal(keys[side], BigInt(number), header, body)) }
  }
  return {
    about:
      'Examples for docs/protocols/tcp-v2.md, made by scripts/protocol-vectors.mjs. Bytes are hexadecimal text, the names of fields those of the document.',
    records: [
      record('hello', 'hello', { client_nonce: hex(clientNonce), stream: 'front', key_name: 'anna' }, hello),
      record('welcome', 'welcome', welcomeFields, plainWelcome),
      record('welcome with a proof', 'welcome', { ...welcomeFields, proof: hex(serverProof) }, provenWelcome),
      record('proof', 'proof', { proof: hex(clientProof) }, clientProof),
      record(
        'refused',
        'refused',
        { reason: 2, text: 'there is no room for another client' },
        protocol.writeTcpRefused(2, 'there is no room for another client')
      ),
      record('frame', 'frame', { ...frame, picture: hex(picture) }, frameBody),
      record('ping', 'ping', { client_time: clientTimeUs }, ping),
      record('clock', 'clock', clock, clockBody)
    ],
    keys: keysOf('tcp'),
    sealed: [
      sealedRecord('the first ping', 'client', 'ping', 0, ping),
      sealedRecord('the first frame', 'server', 'frame', 0, frameBody),
      sealedRecord('a clock behind it', 'server', 'clock', 1, clockBody)
    ]
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(fileURLToPath(import.meta.url), '../..')
  const protocol = await import('../packages/protocol/dist/index.js')
  const files = { 'udp-v2': udpVectors(protocol), 'tcp-v2': tcpVectors(protocol) }
  for (const [name, vectors] of Object.entries(files)) {
    const path = join(root, 'docs/protocols/vectors', `${name}.json`)
    writeFileSync(path, `${JSON.stringify(vectors, null, 2)}\n`)
    execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', path], { cwd: root })
    console.log(`wrote ${path}`)
  }
}
