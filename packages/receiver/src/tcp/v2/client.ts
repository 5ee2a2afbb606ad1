import { randomBytes } from 'node:crypto'
import {
  CodecNumber,
  DataFlag,
  difference,
  directionKeys,
  isProof,
  makeProof,
  nonceLength,
  type ProtocolRecord,
  RecordReader,
  RecordType,
  RecordWriter,
  readClock,
  readTcpFrame,
  readTcpRefused,
  readTcpWelcome,
  type TcpWelcome,
  tcpFrameHeadLength,
  writeTcpHello
} from '@streamer/protocol'
import type { Clock } from '../../clock.js'
import { isJpeg } from '../../payload.js'
import { refusalText } from '../../refusal.js'
import { ServerClock } from '../../server-clock.js'
import type { StreamClient, StreamHost } from '../client.js'

/** Longer records are no pictures. One that is shorter, and longer than the consumer wants, is read and thrown away. */
const longestPicture = 64 * 1024 * 1024
/** Between pings. */
const pingMs = 1000
/** Times are told modulo this. */
const timeCycle = 2 ** 48

export interface TcpV2Options {
  readonly clock: Clock
  /** Empty for that of the port. */
  readonly stream: string
  /** With one, only a server that proves it is listened to. */
  readonly key: Uint8Array | undefined
  readonly keyName: string | undefined
  /** A larger picture is refused. */
  readonly maxFrameBytes: number
}

/** Version 2 (`docs/protocols/tcp-v2.md`): says hello, proves the key and has it proven, and asks once a second for the time. */
export class TcpV2Client implements StreamClient {
  readonly #options: TcpV2Options
  readonly #host: StreamHost
  readonly #reader: RecordReader
  readonly #writer = new RecordWriter()
  readonly #serverClock = new ServerClock()
  readonly #nonce = randomBytes(nonceLength)
  readonly #hello: Buffer
  #helloUs = 0
  /** Until the server was found to be the right one. */
  #isStranger = true
  #isOpen = false
  #isOver = false
  #pingTimer: unknown
  /** Of the last frame, with more than its 32 bits. */
  #sequence: number | undefined

  /** @throws RangeError when a name is too long. */
  constructor(options: TcpV2Options, host: StreamHost) {
    const { stream, keyName = '', maxFrameBytes } = options
    this.#options = options
    this.#host = host
    this.#hello = writeTcpHello({ clientNonce: this.#nonce, stream, keyName })
    this.#reader = new RecordReader(Math.max(maxFrameBytes, longestPicture) + tcpFrameHeadLength)
  }

  /** Says hello. Called once, as soon as there is a connection. */
  start(): void {
    this.#helloUs = this.#nowUs
    this.#host.send(this.#writer.write(RecordType.hello, this.#hello))
  }

  receive(bytes: Buffer): void {
    if (this.#isOver) return
    this.#reader.push(bytes)
    for (let record = this.#read(); record !== undefined; record = this.#read()) this.#take(record)
    const { problem } = this.#reader
    if (problem !== undefined && !this.#isOver) this.#fail(`what comes is no stream of records: ${problem}`)
  }

  close(): void {
    this.#isOver = true
    this.#options.clock.clearTimer(this.#pingTimer)
  }

  get #nowUs(): number {
    return this.#options.clock.nowMs() * 1000
  }

  /** Whoever is told of a frame may close us. */
  #read(): ProtocolRecord | undefined {
    return this.#isOver ? undefined : this.#reader.read()
  }

  #take({ type, body }: ProtocolRecord): void {
    if (type === RecordType.refused) this.#takeRefused(body)
    else if (this.#isStranger) {
      if (type === RecordType.welcome) this.#takeWelcome(body)
    } else if (type === RecordType.frame) this.#takeFrame(body)
    else if (type === RecordType.clock) this.#takeClock(body)
  }

  #takeRefused(body: Buffer): void {
    const refusal = readTcpRefused(body)
    if (refusal !== undefined) this.#fail(refusalText(refusal))
  }

  #takeWelcome(body: Buffer): void {
    const { key } = this.#options
    const gotUs = this.#nowUs
    const welcome = readTcpWelcome(body)
    if (welcome === undefined) this.#fail('what comes is no welcome')
    else if (welcome.codec !== CodecNumber.mjpeg) {
      this.#fail(`the stream has the codec number ${welcome.codec}, which is not known`)
    } else if (key === undefined && welcome.proof.length > 0) this.#fail('the server refuses: a key is needed')
    else if (key === undefined) {
      this.#begin(welcome, gotUs)
      // With a key, the first sealed record shows that there is such a stream.
      this.#open()
    } else if (welcome.proof.length === 0) this.#fail('a key was given, and the server has none')
    else if (!isProof(welcome.proof, key, 'server', this.#hello, welcome.proven)) {
      this.#fail('the server does not prove that it knows the key')
    } else {
      this.#host.send(this.#writer.write(RecordType.proof, makeProof(key, 'client', this.#hello, body)))
      this.#writer.sealWith(directionKeys(key, this.#nonce, welcome.serverNonce, 'tcp', 'client'))
      this.#reader.openWith(directionKeys(key, this.#nonce, welcome.serverNonce, 'tcp', 'server'))
      this.#begin(welcome, gotUs)
    }
  }

  #begin({ serverTimeUs }: TcpWelcome, gotUs: number): void {
    this.#isStranger = false
    this.#serverClock.sample(this.#helloUs, serverTimeUs, serverTimeUs, gotUs)
    this.#ping()
  }

  #open(): void {
    if (this.#isOpen || this.#isStranger) return
    this.#isOpen = true
    this.#host.opened('tcp/2')
  }

  #takeFrame(body: Buffer): void {
    this.#open()
    const { clock, maxFrameBytes } = this.#options
    const { sink } = this.#host
    const frame = readTcpFrame(body)
    if (frame === undefined || frame.codec !== CodecNumber.mjpeg) {
      sink.counters.refused++
      return
    }
    const { sequence, captureUs, flags, data } = frame
    const last = this.#sequence ?? sequence
    this.#sequence = last + difference(sequence, last)
    if (data.length > maxFrameBytes || !isJpeg(data)) {
      sink.counters.refused++
      return
    }
    const { offsetUs } = this.#serverClock
    const ageMs = offsetUs === undefined ? undefined : Math.max(0, clock.nowMs() + (offsetUs - captureUs) / 1000)
    sink.frame({
      data,
      sequence: this.#sequence,
      timestampUs: captureUs,
      ...(ageMs !== undefined && { ageMs }),
      repeated: (flags & DataFlag.repeated) !== 0
    })
  }

  #takeClock(body: Buffer): void {
    this.#open()
    const clock = readClock(body)
    if (clock === undefined) return
    const { clientTimeUs, receivedUs, sentUs } = clock
    const roundTripMs = this.#serverClock.sample(clientTimeUs, receivedUs, sentUs, this.#nowUs)
    if (roundTripMs !== undefined) this.#host.sink.measured({ roundTripMs })
  }

  #ping(): void {
    const body = Buffer.alloc(6)
    body.writeUIntLE(Math.floor(this.#nowUs) % timeCycle, 0, 6)
    this.#host.send(this.#writer.write(RecordType.ping, body))
    this.#pingTimer = this.#options.clock.setTimer(() => this.#ping(), pingMs)
  }

  #fail(what: string): void {
    this.close()
    this.#host.failed(what)
  }
}
