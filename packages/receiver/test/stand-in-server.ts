import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import {
  AddressTokens,
  ByeReason,
  blocksOf,
  CodecNumber,
  DataFlag,
  DatagramType,
  type DatagramTypeNumber,
  type DataHead,
  directionKeys,
  Inbound,
  isProof,
  newDatagram,
  Outbound,
  type ReceivedHello,
  RefusalReason,
  type Report,
  readDatagram,
  readHello,
  readReport,
  readResend,
  shardLayout,
  writeClock,
  writeDataHead,
  writeRefused,
  writeRetry,
  writeWelcome
} from '@streamer/protocol'
import { encodeParity } from '@streamer/reed-solomon'
import { onTestFinished } from 'vitest'

/** Random numbers that are the same in every run: mulberry32. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** One frame, cut: heads without flags and times, and the shards that belong to them. */
export function cut(
  frame: Uint8Array,
  frameId: number,
  { maxShard = 1200, parity = 0, captureUs = 0 } = {}
): Array<{ readonly head: DataHead; readonly shard: Uint8Array }> {
  const { shardBytes, dataCount, blocks } = shardLayout(frame.length, maxShard)
  const parityShards = Array.from({ length: parity }, () => new Uint8Array(shardBytes))
  for (let block = 0; block < blocks; block++) {
    const own = parityShards.filter((_, index) => index % blocks === block)
    if (own.length > 0) encodeParity(frame, shardBytes, own, block, blocks)
  }
  const head = {
    frameId,
    frameSize: frame.length,
    stream: 0,
    flags: 0,
    dataCount,
    parityCount: parity,
    captureUs,
    sendUs: 0
  }
  const shards = Array.from({ length: dataCount }, (_, index) =>
    frame.subarray(index * shardBytes, (index + 1) * shardBytes)
  )
  return [...shards, ...parityShards].map((shard, index) => ({ head: { ...head, index }, shard }))
}

export interface StandInOptions {
  readonly key?: Uint8Array
  /** Whether a datagram gets lost on its way; asked of those that `Outbound` made. */
  readonly loses?: (type: number, bytes: Uint8Array) => boolean
  /** Parity shards of a frame of so many data shards. */
  readonly parity?: (dataCount: number) => number
  readonly maxShard?: number
  /** Answers each hello with a refusal. */
  readonly refuses?: { readonly reason: number; readonly text: string }
  /** A server of version 1. */
  readonly isLegacy?: boolean
  readonly codec?: number
}

interface Events {
  hello: [ReceivedHello]
  welcomed: []
  report: [Report]
  resend: [{ readonly frameId: number; readonly indices: readonly number[] }]
  pathResponse: [Buffer]
  bye: [number]
}

/** A server of version 2 with one client and one stream, as far as tests of clients need it. It knows no sockets. */
export class StandInServer extends EventEmitter<Events> {
  readonly tokens = new AddressTokens(randomBytes(32))
  readonly #options: StandInOptions
  readonly #nowMs: () => number
  readonly #send: (bytes: Buffer) => void
  readonly #sent = new Map<number, ReturnType<typeof cut>>()
  #inbound: Inbound | undefined
  #outbound: Outbound | undefined
  #connection = 0
  #frameId: number
  #nonce: Buffer = Buffer.alloc(0)
  #welcome: Buffer = Buffer.alloc(0)
  /** Datagrams that were lost on their way, by `loses`. */
  lost = 0
  /** Everything else than data is lost too, in both directions. */
  isSilent = false

  constructor(nowMs: () => number, send: (bytes: Buffer) => void, options: StandInOptions = {}, firstFrame = 0) {
    super()
    this.#nowMs = nowMs
    this.#send = send
    this.#options = options
    this.#frameId = firstFrame
  }

  get connection(): number {
    return this.#connection
  }

  receive(bytes: Buffer): void {
    if (this.isSilent) return
    const hello = readHello(bytes)
    if (hello) this.#takeHello(hello)
    else this.#takeDatagram(bytes)
  }

  /** Sends a frame; @returns its id. */
  frame(data: Uint8Array, captureUs = this.#nowMs() * 1000): number {
    const { parity = () => 0, maxShard = 1200 } = this.#options
    const frameId = this.#frameId
    this.#frameId = (this.#frameId + 1) >>> 0
    const { dataCount } = shardLayout(data.length, maxShard)
    const shards = cut(data, frameId, { maxShard, captureUs, parity: parity(dataCount) })
    this.#sent.set(frameId, shards)
    for (const { head, shard } of shards) this.#sendShard(head, shard)
    return frameId
  }

  /** Sends any protected datagram. */
  send(type: DatagramTypeNumber, body: Uint8Array = Buffer.alloc(0)): void {
    this.#post(type, this.#outbound!.write(type, body))
  }

  bye(reason: number = ByeReason.stopping): void {
    this.send(DatagramType.bye, Buffer.of(reason))
  }

  /** As after a new start: it knows no connection. */
  forget(): void {
    this.#inbound = undefined
    this.#outbound = undefined
    this.#nonce = Buffer.alloc(0)
  }

  #takeHello(hello: ReceivedHello): void {
    const { key, refuses, isLegacy, codec = CodecNumber.mjpeg } = this.#options
    const answer = { clientNonce: hello.clientNonce, clientTimeUs: hello.clientTimeUs }
    this.emit('hello', hello)
    if (isLegacy) this.#send(Buffer.from('REGISTERED'))
    else if (!this.tokens.isGood(hello.token, 'here', 1, hello.clientNonce, this.#nowMs())) {
      this.#send(writeRetry({ ...answer, token: this.tokens.make('here', 1, hello.clientNonce, this.#nowMs()) }))
    } else if (refuses) this.#send(writeRefused({ ...answer, ...refuses }))
    else if (key && hello.proof.length === 0) {
      this.#send(writeRefused({ ...answer, reason: RefusalReason.keyNeeded, text: '' }))
    } else if (key && !isProof(hello.proof, key, 'client', hello.proven)) {
      this.#send(writeRefused({ ...answer, reason: RefusalReason.keyWrong, text: '' }))
    } else if (this.#nonce.equals(hello.clientNonce)) this.#send(this.#welcome)
    else {
      const welcome = {
        ...answer,
        connection: ++this.#connection,
        serverTimeUs: this.#nowMs() * 1000,
        serverNonce: randomBytes(16),
        sessionToken: key ? Buffer.alloc(8) : randomBytes(8),
        stream: 0,
        codec,
        timeoutMs: 10_000
      }
      const keysOf = (side: 'client' | 'server') =>
        key && directionKeys(key, hello.clientNonce, welcome.serverNonce, 'udp', side)
      this.#inbound = new Inbound(keysOf('client'), welcome.sessionToken)
      this.#outbound = new Outbound(this.#connection, keysOf('server'))
      this.#nonce = Buffer.from(hello.clientNonce)
      this.#welcome = writeWelcome(welcome, key)
      this.#send(this.#welcome)
      this.emit('welcomed')
    }
  }

  #takeDatagram(bytes: Buffer): void {
    const datagram = readDatagram(bytes)
    if (!datagram) throw new Error(`what the client sent is no datagram: ${bytes.toString('hex')}`)
    if (!this.#inbound) {
      this.#send(newDatagram(DatagramType.unknown, 0, datagram.connection))
      return
    }
    // Goodbyes of earlier connections.
    if (datagram.connection !== this.#connection) return
    const received = this.#inbound.read(datagram)
    if (typeof received === 'string') throw new Error(`a datagram of the client is ${received}`)
    const { body } = received
    switch (datagram.type) {
      case DatagramType.report: {
        const report = readReport(body)!
        const nowUs = this.#nowMs() * 1000
        const times = { clientTimeUs: report.clientTimeUs, receivedUs: nowUs, sentUs: nowUs }
        this.send(DatagramType.clock, writeClock({ ...times, rateKbps: 4000, parityPermille: 100 }))
        this.emit('report', report)
        break
      }
      case DatagramType.resend: {
        const { frameId, indices } = readResend(body)!
        for (const index of indices) {
          const sent = this.#sent.get(frameId)?.[index]
          if (sent) this.#sendShard({ ...sent.head, flags: DataFlag.resent }, sent.shard)
        }
        this.emit('resend', { frameId, indices })
        break
      }
      case DatagramType.pathResponse:
        this.emit('pathResponse', Buffer.from(body))
        break
      case DatagramType.bye:
        this.emit('bye', body[0]!)
        break
      default:
        throw new Error(`clients do not send type ${datagram.type}`)
    }
  }

  #sendShard(head: DataHead, shard: Uint8Array): void {
    const bytes = writeDataHead({ ...head, sendUs: (this.#nowMs() * 1000) >>> 0 })
    this.#post(DatagramType.data, this.#outbound!.write(DatagramType.data, Buffer.concat([bytes, shard])))
  }

  #post(type: DatagramTypeNumber, bytes: Buffer): void {
    if (this.isSilent) return
    if (this.#options.loses?.(type, bytes)) this.lost++
    else this.#send(bytes)
  }
}

/** The same on a loopback socket of its own. */
export async function standInServer(options: StandInOptions = {}): Promise<{ server: StandInServer; port: number }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.setRecvBufferSize(4 * 1024 * 1024)
  let clientPort = 0
  const server = new StandInServer(
    () => performance.now(),
    (bytes) => socket.send(bytes, clientPort, '127.0.0.1'),
    options
  )
  socket.on('message', (bytes, { port }) => {
    clientPort = port
    server.receive(bytes)
  })
  onTestFinished(() => void socket.close())
  return { server, port: socket.address().port }
}

/** Parity of one in each four data shards, in each block. */
export function quarter(dataCount: number): number {
  return blocksOf(dataCount) * Math.ceil(dataCount / blocksOf(dataCount) / 4)
}
