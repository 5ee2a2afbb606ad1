import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  challengeLength,
  type Data,
  type Datagram,
  DatagramType,
  directionKeys,
  Inbound,
  nonceLength,
  Outbound,
  type Refused,
  type Report,
  readData,
  readDatagram,
  readRefused,
  readRetry,
  readWelcome,
  type Welcome,
  writeHello,
  writeReport
} from '@streamer/protocol'
import type { Cleanup } from '../../../test/support/stand-ins.js'

/** What a client of a test says in its hello. */
export interface StandInOptions {
  readonly key?: Uint8Array
  readonly keyName?: string
  readonly stream?: string
  readonly maxDatagram?: number
  readonly delayMs?: number
  readonly address?: string
}

/** A datagram of the server's, as it was understood. */
export interface Seen {
  readonly type: number
  readonly length: number
  readonly body: Buffer
  readonly port: number
}

/** A client of version 2 in the hands of a test: says what the test wants, keeps all it is sent, repairs nothing and reports nothing by itself. */
export class StandInClient {
  readonly nonce = randomBytes(nonceLength)
  readonly seen: Seen[] = []
  socket!: Socket
  outbound: Outbound | undefined
  welcome: Welcome | undefined
  /** Told of each frame whose data shards all came; then they are not kept. */
  onFrame: ((frame: Buffer) => void) | undefined
  #packets = 0
  /** Data shards of the newest frame that is not whole. */
  #open: { readonly id: number; readonly shards: Map<number, Buffer> } = { id: -1, shards: new Map() }
  readonly #options: StandInOptions
  readonly #server: number
  readonly #address: string
  #inbound: Inbound | undefined

  private constructor(server: number, options: StandInOptions) {
    this.#server = server
    this.#options = options
    this.#address = options.address ?? '127.0.0.1'
  }

  static async open(cleanup: Cleanup, server: number, options: StandInOptions = {}): Promise<StandInClient> {
    const client = new StandInClient(server, options)
    await client.rebind()
    cleanup.add(client, () => client.close())
    return client
  }

  /** Goes on from another port, as behind a NAT that has forgotten it. */
  async rebind(): Promise<void> {
    const old = this.socket
    this.socket = createSocket('udp4').bind(0, this.#address)
    await once(this.socket, 'listening')
    this.socket.setRecvBufferSize(4 << 20)
    this.socket.on('message', (bytes, peer) => this.#receive(bytes, peer))
    old?.removeAllListeners('message')
    if (old !== undefined) await new Promise<void>((resolve) => old.close(() => resolve()))
  }

  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) =>
      this.socket.send(bytes, this.#server, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
    )
  }

  /** A datagram of its connection. */
  say(type: 2 | 3 | 4 | 5, body: Uint8Array): Promise<void> {
    return this.send(this.outbound!.write(type, body))
  }

  hello(token: Uint8Array = Buffer.alloc(0)): Buffer {
    const { key, keyName = '', stream = '', maxDatagram = 1452, delayMs = 0 } = this.#options
    const hello = { clientNonce: this.nonce, clientTimeUs: 1000, maxDatagram, delayMs, stream, keyName, token }
    return writeHello(hello, key)
  }

  /** Resolves with the first datagram that fits, of those that came and will come. */
  async first(fits: (seen: Seen) => boolean): Promise<Seen> {
    for (;;) {
      const found = this.seen.find(fits)
      if (found !== undefined) return found
      await once(this.socket, 'message')
    }
  }

  /** Resolves when `enough` holds; looks whenever a datagram has come. */
  async until(enough: () => boolean): Promise<void> {
    while (!enough()) await once(this.socket, 'message')
  }

  /** How many of this type came. */
  count(type: number): number {
    return this.seen.filter((seen) => seen.type === type).length
  }

  /** Resolves with the first of this type. */
  ofType(type: number): Promise<Seen> {
    return this.first((seen) => seen.type === type)
  }

  /** The token of the server for this address. */
  async token(): Promise<Uint8Array> {
    await this.send(this.hello())
    const { body } = await this.ofType(DatagramType.retry)
    return body
  }

  /** Registers. @returns the welcome, or the refusal. */
  async register(): Promise<Welcome | Refused> {
    await this.send(this.hello(await this.token()))
    const { type, body } = await this.first(
      (seen) => seen.type === DatagramType.welcome || seen.type === DatagramType.refused
    )
    const datagram = readDatagram(body)!
    if (type === DatagramType.refused) return readRefused(datagram)!
    const welcome = this.connect(datagram)
    await this.#begin()
    return welcome
  }

  /** Lets the server know that the welcome came, in the one way that is not answered: only who is heard is sent more than the first frame. */
  #begin(): Promise<void> {
    return this.say(DatagramType.pathResponse, Buffer.alloc(challengeLength))
  }

  /** Takes a welcome. What came before counts no more. */
  connect(datagram: Datagram): Welcome {
    const { key } = this.#options
    const welcome = readWelcome(datagram, key)
    if (welcome === undefined) throw new Error('the welcome does not prove the key')
    const keysOf = (side: 'client' | 'server') =>
      key && directionKeys(key, this.nonce, welcome.serverNonce, 'udp', side)
    this.welcome = welcome
    this.outbound = new Outbound(welcome.connection, keysOf('client'), welcome.sessionToken)
    this.#inbound = new Inbound(keysOf('server'))
    this.#packets = 0
    return welcome
  }

  /** Shards that came so far. */
  data(): Data[] {
    return this.seen.filter(({ type }) => type === DatagramType.data).map(({ body }) => readData(body)!)
  }

  /** Resolves when as many shards have come. */
  async hasData(count: number): Promise<Data[]> {
    await this.until(() => this.data().length >= count)
    return this.data()
  }

  /** Says that all came in time, but for what `changes` says. */
  report(changes: Partial<Report> = {}): Promise<void> {
    const report: Report = {
      clientTimeUs: Math.round(performance.now() * 1000),
      highest: 0,
      packets: 0,
      bytes: 0,
      minDelayUs: 0,
      maxDelayUs: 0,
      framesWhole: 0,
      framesLost: 0,
      longest: 1200,
      delayMs: this.#options.delayMs ?? 0,
      roundTripMs: 1,
      ...changes
    }
    return this.say(DatagramType.report, writeReport(report))
  }

  /** What came, for a report. */
  get totals(): { readonly highest: number; readonly packets: number } {
    return { highest: (this.#inbound!.next - 1) >>> 0, packets: this.#packets }
  }

  /** Says that all came, as an honest client does. */
  reportAll(): Promise<void> {
    return this.report(this.totals)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      try {
        this.socket.close(() => resolve())
      } catch {
        resolve()
      }
    })
  }

  #receive(bytes: Buffer, { port }: RemoteInfo): void {
    const datagram = readDatagram(bytes)
    const seen = (type: number, body: Buffer) => this.seen.push({ type, length: bytes.length, body, port })
    if (datagram === undefined) {
      seen(-1, bytes)
      return
    }
    switch (datagram.type) {
      case DatagramType.retry:
        seen(datagram.type, Buffer.from(readRetry(datagram)!.token))
        break
      case DatagramType.welcome:
        if (this.#inbound === undefined) this.connectEarly(datagram)
        seen(datagram.type, bytes)
        break
      case DatagramType.refused:
      case DatagramType.unknown:
        seen(datagram.type, bytes)
        break
      default: {
        const read = this.#inbound?.read(datagram)
        if (typeof read === 'object') {
          this.#packets++
          if (this.onFrame === undefined) seen(datagram.type, read.body)
          else if (datagram.type === DatagramType.data) this.#assemble(readData(read.body)!)
        } else seen(-2, bytes)
      }
    }
  }

  #assemble({ frameId, index, dataCount, shard }: Data): void {
    if (frameId !== this.#open.id) this.#open = { id: frameId, shards: new Map() }
    const { shards } = this.#open
    if (index < dataCount) shards.set(index, shard)
    if (shards.size < dataCount) return
    this.onFrame!(Buffer.concat(Array.from({ length: dataCount }, (_, place) => shards.get(place)!)))
    this.#open = { id: -1, shards: new Map() }
  }

  /** Data may come right behind the welcome, before a test could take it. */
  private connectEarly(datagram: Datagram): void {
    this.connect(datagram)
  }
}
