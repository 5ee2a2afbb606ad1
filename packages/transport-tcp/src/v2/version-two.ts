import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { EncodedFrame } from '@streamer/core/plugin'
import { monotonicUs } from '@streamer/core/plugin'
import {
  type Clock,
  CodecNumber,
  DataFlag,
  directionKeys,
  isProof,
  type Keys,
  nonceLength,
  type ProtocolRecord,
  RecordReader,
  RecordType,
  RecordWriter,
  RefusalReason,
  readTcpHello,
  recordHeaderLength,
  writeClock,
  writeTcpFrameHead,
  writeTcpRefused,
  writeTcpWelcome
} from '@streamer/protocol'
import type { Feed } from '../feed.js'
import { maxIgnoredBytes } from '../listen.js'
import { writeWhole } from '../write-whole.js'
import { PingAllowance } from './ping-allowance.js'

/** A hello with the longest names is half as long. Bytes. */
const maxBody = 1024
/** Bytes of a time. */
const pingLength = 6

/** What conversations in version 2 count. */
export interface VersionTwoCounters {
  versionTwo: number
  refusedKey: number
  refusedUnknownStream: number
  forged: number
  malformed: number
  pings: number
  ignoredPings: number
  ignoredBytes: number
}

/** What it needs of its connection. */
export interface VersionTwoHost {
  readonly counters: VersionTwoCounters
  /** None when anybody is served. */
  readonly keys: Keys
  /** By name; the stream of the port for an empty one. */
  feedOf(name: string): Feed | undefined
  /** Told once, when the client has shown what it must: from now on frames of `feed` are written for it. */
  onReady(feed: Feed): void
  /** There is nothing more to say; nothing is received or written after this. @param farewell the last record, if any. */
  onOver(farewell?: Buffer): void
  warn(message: string): void
}

/** A hello that waits for its proof. */
interface Proven {
  readonly key: Buffer
  readonly clientNonce: Buffer
  readonly serverNonce: Buffer
  readonly stream: string
  readonly helloBody: Buffer
  readonly welcomeBody: Buffer
}

/** Version 2 with one client: hello, welcome and proof, then frames and clocks. */
export class VersionTwo {
  readonly #host: VersionTwoHost
  readonly #socket: Socket
  readonly #reader = new RecordReader(maxBody)
  readonly #writer = new RecordWriter()
  readonly #pings = new PingAllowance()
  #state: 'hello' | 'proof' | 'open' | 'over' = 'hello'
  #proven: Proven | undefined
  #isSealed = false
  #feed: Feed | undefined
  /** The number of the last frame. */
  #last = -1
  /** The system has not taken all of a frame yet. */
  #isWriting = false
  /** A ping whose answer waits for the end of a frame. */
  #asked: Pick<Clock, 'clientTimeUs' | 'receivedUs'> | undefined
  /** The system has not taken the answer to the last ping yet. */
  #isAnswering = false
  /** Bytes since the last ping that was answered. */
  #ignored = 0

  constructor(host: VersionTwoHost, socket: Socket) {
    this.#host = host
    this.#socket = socket
  }

  /** Takes bytes as they came. */
  receive(chunk: Buffer): void {
    if (this.#state === 'over') return
    this.#reader.push(chunk)
    for (;;) {
      const record = this.#reader.read()
      if (record === undefined) break
      this.#take(record)
      if (this.#isOver) return
    }
    const { problem } = this.#reader
    if (problem === undefined) return
    if (problem === 'forged') this.#host.counters.forged++
    else this.#host.counters.malformed++
    this.#end()
  }

  /** It took too long until frames could begin. */
  giveUp(): void {
    if (this.#state === 'proof') this.#refuseKey(RefusalReason.keyNeeded)
    else this.#end()
  }

  /** Writes a frame. @returns its bytes on the wire. */
  write(frame: EncodedFrame, onTaken: (error?: Error | null) => void): number {
    const { sequence, isRepeated } = this.#feed!.number(frame, this.#last)
    this.#last = sequence
    const head = writeTcpFrameHead({
      sequence,
      captureUs: frame.timestampUs,
      sendUs: monotonicUs(),
      codec: CodecNumber.mjpeg,
      flags: isRepeated ? DataFlag.repeated : 0
    })
    const pieces = this.#frameRecord(head, frame.data)
    this.#isWriting = true
    writeWhole(this.#socket, pieces, (error) => {
      this.#isWriting = false
      this.#answer()
      onTaken(error)
    })
    return pieces.reduce((sum, { length }) => sum + length, 0)
  }

  get #isOver(): boolean {
    return this.#state === 'over'
  }

  /** A sealed picture is a new one. Otherwise it is shared with all clients and goes out as it is, behind a record that counts it. */
  #frameRecord(head: Buffer, data: Uint8Array): readonly Uint8Array[] {
    if (this.#isSealed) return [this.#writer.write(RecordType.frame, head, data)]
    const record = this.#writer.write(RecordType.frame, head)
    record.writeUInt32LE(head.length + data.length, 4)
    return [record, data]
  }

  #take(record: ProtocolRecord): void {
    if (this.#state === 'hello') this.#greet(record)
    else if (this.#state === 'proof') this.#check(record)
    else if (record.type === RecordType.ping && record.body.length >= pingLength) this.#ask(record.body)
    else this.#ignore(record)
  }

  #greet({ type, body }: ProtocolRecord): void {
    const helloBody = Buffer.from(body)
    const hello = type === RecordType.hello ? readTcpHello(helloBody) : undefined
    if (hello === undefined) {
      this.#host.counters.malformed++
      this.#end()
      return
    }
    const { keys } = this.#host
    const key = keys.get(hello.keyName)
    if (keys.size > 0 && key === undefined) {
      this.#refuseKey(hello.keyName === '' ? RefusalReason.keyNeeded : RefusalReason.keyWrong)
      return
    }
    // With a key, only who knows it learns which streams there are.
    if (key === undefined && this.#host.feedOf(hello.stream) === undefined) {
      this.#refuseStream()
      return
    }
    const serverNonce = randomBytes(nonceLength)
    const welcome = { serverNonce, serverTimeUs: monotonicUs(), codec: CodecNumber.mjpeg }
    const welcomeBody = writeTcpWelcome(welcome, helloBody, key)
    this.#socket.write(this.#writer.write(RecordType.welcome, welcomeBody))
    if (key === undefined) this.#open(hello.stream)
    else {
      const clientNonce = Buffer.from(hello.clientNonce)
      this.#proven = { key, clientNonce, serverNonce, stream: hello.stream, helloBody, welcomeBody }
      this.#state = 'proof'
    }
  }

  #check({ type, body }: ProtocolRecord): void {
    const { key, clientNonce, serverNonce, stream, helloBody, welcomeBody } = this.#proven!
    if (type !== RecordType.proof) this.#refuseKey(RefusalReason.keyNeeded)
    else if (!isProof(body, key, 'client', helloBody, welcomeBody)) this.#refuseKey(RefusalReason.keyWrong)
    else {
      this.#proven = undefined
      this.#reader.openWith(directionKeys(key, clientNonce, serverNonce, 'tcp', 'client'))
      this.#writer.sealWith(directionKeys(key, clientNonce, serverNonce, 'tcp', 'server'))
      this.#isSealed = true
      this.#open(stream)
    }
  }

  #open(stream: string): void {
    const feed = this.#host.feedOf(stream)
    if (feed === undefined) {
      this.#refuseStream()
      return
    }
    this.#feed = feed
    this.#state = 'open'
    this.#host.counters.versionTwo++
    this.#host.onReady(feed)
  }

  #ask(body: Buffer): void {
    const receivedUs = monotonicUs()
    const { counters } = this.#host
    // One answer at a time: a client that asks but does not read must not fill our memory.
    if (this.#isAnswering || !this.#pings.takes(receivedUs)) {
      counters.ignoredPings++
      this.#noteIgnored(recordHeaderLength + body.length)
      return
    }
    counters.pings++
    this.#ignored = 0
    this.#isAnswering = true
    this.#asked = { clientTimeUs: body.readUIntLE(0, pingLength), receivedUs }
    if (!this.#isWriting) this.#answer()
  }

  /** Answers the ping that waits, if there is one. Never in the middle of a frame. */
  #answer(): void {
    const asked = this.#asked
    if (asked === undefined || this.#isOver) return
    this.#asked = undefined
    const clock = { ...asked, sentUs: monotonicUs(), rateKbps: 0, parityPermille: 0 }
    this.#socket.write(this.#writer.write(RecordType.clock, writeClock(clock)), () => {
      this.#isAnswering = false
    })
  }

  /** Of a later version, or not in its place. */
  #ignore({ body }: ProtocolRecord): void {
    this.#host.counters.ignoredBytes += recordHeaderLength + body.length
    this.#noteIgnored(recordHeaderLength + body.length)
  }

  /** What a talker sends beyond the limit stays in the kernel, which makes it wait. */
  #noteIgnored(bytes: number): void {
    this.#ignored += bytes
    if (this.#ignored >= maxIgnoredBytes) this.#socket.pause()
  }

  #refuseKey(reason: number): void {
    this.#host.counters.refusedKey++
    this.#host.warn('refused a client without the right key')
    this.#refuse(reason, reason === RefusalReason.keyNeeded ? 'a key is needed' : 'the key is wrong')
  }

  #refuseStream(): void {
    this.#host.counters.refusedUnknownStream++
    this.#refuse(RefusalReason.stream, 'there is no such stream')
  }

  #refuse(reason: number, text: string): void {
    this.#end(this.#writer.write(RecordType.refused, writeTcpRefused(reason, text)))
  }

  #end(farewell?: Buffer): void {
    this.#state = 'over'
    this.#proven = undefined
    this.#host.onOver(farewell)
  }
}
