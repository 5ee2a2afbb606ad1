import { randomBytes, randomInt } from 'node:crypto'
import { monotonicUs } from '@streamer/core/plugin'
import {
  AddressTokens,
  ByeReason,
  CodecNumber,
  DatagramType,
  directionKeys,
  isProof,
  newDatagram,
  nonceLength,
  type ReceivedHello,
  RefusalReason,
  readDatagram,
  readHello,
  sessionTokenLength,
  tokenLifeMs,
  writeRefused,
  writeRetry,
  writeWelcome
} from '@streamer/protocol'
import type { UdpOptions } from '../config.js'
import type { Keys } from '../keys.js'
import type { RateLimit } from '../rate-limit.js'
import type { Sender } from '../sender.js'
import { safeDatagram } from './longest-datagram.js'
import { Pacer } from './pacer.js'
import { QualityGuide } from './quality.js'
import { Scratch } from './scratch.js'
import { type ConnectionCounters, type SessionHost, SessionV2 } from './session.js'
import type { ShardedFrames } from './sharded-frames.js'

/** What registrations count. */
export interface RegistrationCounters extends ConnectionCounters {
  registrations: number
  repeatedRegistrations: number
  disconnects: number
  timedOut: number
  revoked: number
  refusedFull: number
  refusedRate: number
  refusedUnknownStream: number
  refusedKey: number
  ignoredStrangers: number
}

/** What version 2 needs of its transport. */
export interface VersionTwoHost {
  readonly sender: Sender
  readonly counters: RegistrationCounters
  readonly options: UdpOptions
  readonly keys: Keys
  /** Registrations without a token that are answered, and datagrams of unknown connections. */
  readonly rateLimit: RateLimit
  /** By name, the first one first. */
  readonly frames: ReadonlyMap<string, ShardedFrames>
  /** There is no room for one more. */
  isFull(): boolean
  onSendError(error: Error, label: string): void
  /** Told when a client from `address` has got a connection without a key. */
  onOpen(address: string): void
  warn(message: string): void
}

/** Nonces of the last registrations; one that was recorded must not begin anew. More of them than 30 s of honest registrations. */
const maxNonces = 4096
/** How often it is looked after clients that are silent. */
const sweepMs = 250
/** For so long the welcome is sent again at each look, unless something comes of it: it may have been lost. */
const welcomeAgainMs = 2000
/** How often it is looked whether the quality suits the clients. */
const lookMs = 1000

interface Connection {
  readonly session: SessionV2
  readonly welcome: Buffer
}

/** Version 2 of the protocol on the socket of a transport: registers clients and keeps their sessions. */
export class VersionTwo {
  readonly #host: VersionTwoHost
  readonly #sessionHost: SessionHost
  readonly #tokens = new AddressTokens(randomBytes(32))
  readonly #pacer = new Pacer()
  readonly #connections = new Map<number, Connection>()
  /** Registrations of the last time, with their connections as long as these are there. */
  readonly #nonces = new Map<string, { readonly atMs: number; readonly connection: number }>()
  /** Runs while there are connections: a machine without viewers is left alone. */
  #sweeper: NodeJS.Timeout | undefined
  /** By stream, where its quality may be changed. */
  readonly #guides = new Map<ShardedFrames, QualityGuide>()
  readonly #looker: NodeJS.Timeout | undefined

  constructor(host: VersionTwoHost) {
    this.#host = host
    this.#sessionHost = {
      sender: host.sender,
      counters: host.counters,
      options: host.options,
      pacer: this.#pacer,
      scratch: new Scratch(),
      onSendError: (error, label) => host.onSendError(error, label),
      onEnd: (session, why) => this.#forget(session, why)
    }
    const { minQuality } = host.options
    if (minQuality === undefined) return
    for (const frames of host.frames.values()) this.#guides.set(frames, new QualityGuide(minQuality))
    this.#looker = setInterval(() => this.#guide(), lookMs)
  }

  /** Clients that are served. */
  get size(): number {
    return this.#connections.size
  }

  /** Takes a datagram; false when it is none of version 2. */
  receive(bytes: Buffer, address: string, port: number, nowMs: number): boolean {
    const hello = readHello(bytes)
    if (hello !== undefined) {
      this.#register(hello, bytes.length, address, port, nowMs)
      return true
    }
    const datagram = readDatagram(bytes)
    if (datagram === undefined) return false
    const known = this.#connections.get(datagram.connection)
    if (known !== undefined) known.session.receive(datagram, address, port, nowMs)
    else {
      this.#host.counters.ignoredStrangers++
      // Never an answer to what could be an answer.
      const isFromClient = datagram.type === DatagramType.report || datagram.type === DatagramType.resend
      if (isFromClient && this.#host.rateLimit.allows(address, nowMs)) {
        this.#send(newDatagram(DatagramType.unknown, 0, datagram.connection), address, port)
      }
    }
    return true
  }

  /** Says goodbye to all. */
  close(): void {
    clearInterval(this.#sweeper)
    clearInterval(this.#looker)
    for (const { session } of this.#connections.values()) session.close(ByeReason.stopping)
    this.#connections.clear()
    this.#nonces.clear()
    this.#pacer.close()
  }

  #register(hello: ReceivedHello, helloLength: number, address: string, port: number, nowMs: number): void {
    const { counters, keys, frames } = this.#host
    const { clientNonce, clientTimeUs, token } = hello
    if (!this.#tokens.isGood(token, address, port, clientNonce, nowMs)) {
      this.#retry(hello, address, port, nowMs)
      return
    }
    const key = keys.get(hello.keyName)
    const answer = { clientNonce, clientTimeUs }
    const refuse = (reason: number, text: string): void => {
      const refusal = writeRefused({ ...answer, reason, text })
      if (refusal.length <= 3 * helloLength) this.#send(refusal, address, port)
    }
    if (keys.size > 0 && (key === undefined || !isProof(hello.proof, key, 'client', hello.proven))) {
      counters.refusedKey++
      this.#host.warn('refused a client without the right key')
      if (hello.proof.length === 0) refuse(RefusalReason.keyNeeded, 'a key is needed')
      else refuse(RefusalReason.keyWrong, 'the key is wrong')
      return
    }
    const nonce = `${address} ${port} ${Buffer.from(clientNonce).toString('hex')}`
    const before = this.#nonces.get(nonce)
    if (before !== undefined) {
      const known = this.#connections.get(before.connection)
      if (known === undefined) return
      counters.repeatedRegistrations++
      this.#send(known.welcome, address, port)
      return
    }
    const wanted = hello.stream === '' ? frames.values().next().value : frames.get(hello.stream)
    if (wanted === undefined) {
      counters.refusedUnknownStream++
      refuse(RefusalReason.stream, 'there is no such stream')
      return
    }
    for (const { session } of this.#connections.values()) {
      if (session.address === address && session.port === port) this.#end(session)
    }
    if (this.#host.isFull()) {
      counters.refusedFull++
      this.#host.warn(`no room for another client: maxClients is ${this.#host.options.maxClients}`)
      refuse(RefusalReason.full, 'there is no room for another client')
      return
    }
    this.#welcome(hello, key, nonce, wanted, address, port, nowMs)
  }

  #retry({ clientNonce, clientTimeUs }: ReceivedHello, address: string, port: number, nowMs: number): void {
    if (!this.#host.rateLimit.allows(address, nowMs)) {
      this.#host.counters.refusedRate++
      this.#host.warn('registrations come too fast; those above registrationsPerSecond get no answer')
      return
    }
    const token = this.#tokens.make(address, port, clientNonce, nowMs)
    this.#send(writeRetry({ clientNonce, clientTimeUs, token }), address, port)
  }

  #welcome(
    hello: ReceivedHello,
    key: Buffer | undefined,
    nonce: string,
    frames: ShardedFrames,
    address: string,
    port: number,
    nowMs: number
  ): void {
    const { options, counters } = this.#host
    const { clientNonce, clientTimeUs } = hello
    const serverNonce = randomBytes(nonceLength)
    const isKeyed = key !== undefined
    const token = isKeyed ? Buffer.alloc(sessionTokenLength) : randomBytes(sessionTokenLength)
    const connection = this.#newConnection()
    const welcome = writeWelcome(
      {
        clientNonce,
        clientTimeUs,
        connection,
        serverTimeUs: monotonicUs(),
        serverNonce,
        sessionToken: token,
        stream: frames.number,
        codec: CodecNumber.mjpeg,
        timeoutMs: options.clientTimeoutMs
      },
      key
    )
    const keysOf = (side: 'client' | 'server') =>
      key === undefined ? undefined : directionKeys(key, clientNonce, serverNonce, 'udp', side)
    const session = new SessionV2(
      this.#sessionHost,
      frames,
      { address, port },
      {
        connection,
        keys: { client: keysOf('client'), server: keysOf('server') },
        token,
        maxDatagram: Math.max(safeDatagram, hello.maxDatagram),
        delayMs: hello.delayMs
      },
      nowMs
    )
    counters.registrations++
    this.#connections.set(connection, { session, welcome })
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs)
    this.#remember(nonce, connection, nowMs)
    this.#send(welcome, address, port)
    if (!isKeyed) this.#host.onOpen(address)
    session.open()
  }

  #newConnection(): number {
    for (;;) {
      const connection = randomInt(1, 0x1_0000_0000)
      if (!this.#connections.has(connection)) return connection
    }
  }

  #remember(nonce: string, connection: number, nowMs: number): void {
    for (const [known, { atMs, connection: its }] of this.#nonces) {
      const isOld = nowMs - atMs > 2 * tokenLifeMs && !this.#connections.has(its)
      if (!isOld && this.#nonces.size < maxNonces) break
      this.#nonces.delete(known)
    }
    this.#nonces.set(nonce, { atMs: nowMs, connection })
  }

  #send(bytes: Buffer, address: string, port: number): void {
    const { counters } = this.#host
    this.#host.sender.send(bytes, port, address, (error, sent) => {
      if (error === null) {
        counters.datagramsSent++
        counters.bytesSent += sent
      } else counters.sendErrors++
    })
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const { session, welcome } of this.#connections.values()) {
      const silentMs = nowMs - session.lastHeardMs
      if (silentMs <= this.#host.options.clientTimeoutMs) {
        session.sweep(nowMs)
        if (!session.isHeard && silentMs <= welcomeAgainMs) this.#send(welcome, session.address, session.port)
      } else {
        this.#host.counters.timedOut++
        session.close(ByeReason.silent)
        this.#drop(session)
      }
    }
    if (this.#connections.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #guide(): void {
    const sessions = Array.from(this.#connections.values(), ({ session }) => session)
    for (const [frames, guide] of this.#guides) {
      const rates = sessions.filter((session) => session.frames === frames).map((session) => session.rates)
      guide.look(frames.stream.controls, rates).catch((error: Error) => {
        this.#host.warn(`cannot change the quality of stream "${frames.stream.name}": ${error.message}`)
      })
    }
  }

  /** A client said goodbye, or its stream is gone. */
  #forget(session: SessionV2, why: 'disconnects' | 'revoked'): void {
    this.#host.counters[why]++
    this.#drop(session)
  }

  /** The client has another connection now. */
  #end(session: SessionV2): void {
    session.close()
    this.#drop(session)
  }

  #drop(session: SessionV2): void {
    this.#connections.delete(session.connection)
    if (this.#connections.size === 0) for (const frames of this.#host.frames.values()) frames.clear()
  }
}
