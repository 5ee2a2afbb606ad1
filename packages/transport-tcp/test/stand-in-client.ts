import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import {
  type Clock,
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
  writeTcpHello
} from '@streamer/protocol'
import type { Cleanup } from '../../../test/support/stand-ins.js'

/** What a client of a test says, and how. */
export interface StandInOptions {
  readonly key?: Uint8Array
  readonly keyName?: string
  readonly stream?: string
  /** Trusts this certificate, and speaks TLS. */
  readonly ca?: Buffer
}

export type SeenFrame = NonNullable<ReturnType<typeof readTcpFrame>>

/** A client of version 2 in the hands of a test: says what the test wants, and keeps all it is sent. */
export class StandInClient {
  readonly socket: Socket
  readonly nonce = randomBytes(nonceLength)
  readonly reader = new RecordReader(64 << 20)
  readonly writer = new RecordWriter()
  readonly records: ProtocolRecord[] = []
  readonly frames: SeenFrame[] = []
  /** All that was written. */
  readonly said: Buffer[] = []
  /** Bytes that came. */
  received = 0
  isGone = false
  /** Before each further record is read; keys must be there in time. */
  onRecord: (record: ProtocolRecord) => void = () => {}
  readonly #options: StandInOptions
  #wake: Array<() => void> = []

  private constructor(socket: Socket, options: StandInOptions) {
    this.socket = socket
    this.#options = options
    socket.on('error', () => {})
    socket.on('data', (data) => this.#receive(data))
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.isGone = true
        this.#tell()
      })
    }
  }

  /** Connects, and says nothing. */
  static async open(cleanup: Cleanup, port: number, options: StandInOptions = {}): Promise<StandInClient> {
    const { ca } = options
    const socket = ca
      ? connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' })
      : connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const client = cleanup.add(new StandInClient(socket, options), () => socket.destroy())
    await once(socket, ca ? 'secureConnect' : 'connect')
    return client
  }

  /** Connects and is welcomed. */
  static async join(cleanup: Cleanup, port: number, options: StandInOptions = {}): Promise<StandInClient> {
    const client = await StandInClient.open(cleanup, port, options)
    await client.join()
    return client
  }

  /** Resolves when `enough` holds; rejects when the connection is gone before. */
  async until(enough: () => boolean): Promise<void> {
    while (!enough()) {
      if (this.isGone) throw new Error('the connection is gone')
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** Resolves when the server has ended the connection. */
  async gone(): Promise<void> {
    while (!this.isGone) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  send(bytes: Buffer): void {
    this.said.push(bytes)
    this.socket.write(bytes)
  }

  say(type: 1 | 2 | 4 | 11, ...body: readonly Uint8Array[]): void {
    this.send(this.writer.write(type, ...body))
  }

  get helloBody(): Buffer {
    const { stream = '', keyName = '' } = this.#options
    return writeTcpHello({ clientNonce: this.nonce, stream, keyName })
  }

  /** Resolves with the first record of this type. */
  async ofType(type: number): Promise<Buffer> {
    const find = () => this.records.find((record) => record.type === type)
    await this.until(() => find() !== undefined)
    return find()!.body
  }

  /** Says hello and, with a key, proves it; resolves when the server has taken that. */
  async join(): Promise<void> {
    const { key } = this.#options
    this.onRecord = ({ type, body }) => {
      if (type !== RecordType.welcome || key === undefined) return
      const welcome = readTcpWelcome(body)!
      if (!isProof(welcome.proof, key, 'server', this.helloBody, welcome.proven)) throw new Error('not proven')
      this.say(RecordType.proof, makeProof(key, 'client', this.helloBody, body))
      this.writer.sealWith(directionKeys(key, this.nonce, welcome.serverNonce, 'tcp', 'client'))
      this.reader.openWith(directionKeys(key, this.nonce, welcome.serverNonce, 'tcp', 'server'))
      this.ping(0)
    }
    this.say(RecordType.hello, this.helloBody)
    await this.ofType(key === undefined ? RecordType.welcome : RecordType.clock)
  }

  ping(clientTimeUs: number): void {
    const body = Buffer.alloc(6)
    body.writeUIntLE(clientTimeUs, 0, 6)
    this.say(RecordType.ping, body)
  }

  get clocks(): Clock[] {
    return this.records.filter(({ type }) => type === RecordType.clock).map(({ body }) => readClock(body)!)
  }

  /** Resolves when so many frames have come in all. */
  async has(count: number): Promise<readonly SeenFrame[]> {
    await this.until(() => this.frames.length >= count)
    return this.frames
  }

  /** Resolves with the reason, when it was refused and the connection ended. */
  async refusal(): Promise<number> {
    const refused = readTcpRefused(await this.ofType(RecordType.refused))!
    await this.gone()
    return refused.reason
  }

  #receive(data: Buffer): void {
    this.received += data.length
    this.reader.push(data)
    for (let record = this.reader.read(); record !== undefined; record = this.reader.read()) {
      if (record.type === RecordType.frame) this.frames.push(readTcpFrame(record.body)!)
      else this.records.push(record)
      this.onRecord(record)
    }
    if (this.reader.problem !== undefined) throw new Error(`the server's bytes are ${this.reader.problem}`)
    this.#tell()
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
