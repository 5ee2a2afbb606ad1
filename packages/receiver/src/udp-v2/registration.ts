import { randomBytes } from 'node:crypto'
import {
  DatagramType,
  nonceLength,
  type Refused,
  readDatagram,
  readRefused,
  readRetry,
  readWelcome,
  type Welcome,
  writeHello
} from '@streamer/protocol'
import type { Clock } from '../clock.js'
import { disconnect, registered, registration } from '../udp/v1/wire.js'

/** Pauses between hellos that are not answered; the last one is repeated. */
const pausesMs = [250, 500, 1000, 2000, 4000]
/** Tokens that are answered at once between two pauses: more is a server that goes round in circles, or somebody else. */
const maxPromptTokens = 2
/** From this try on, every other one is in version 1: there are servers that answer nothing longer than that. */
const firstLegacyTry = 2

export interface RegistrationOptions {
  readonly clock: Clock
  readonly stream: string
  readonly key: Uint8Array | undefined
  readonly keyName: string
  readonly maxDatagram: number
  readonly delayMs: number
  /** Until the server must have answered. */
  readonly timeoutMs: number
  /** Never throws. */
  readonly send: (datagram: Uint8Array) => void
  /** One of these is called once, unless it is stopped before. */
  readonly onWelcome: (welcome: Welcome, clientNonce: Uint8Array) => void
  readonly onRefused: (refusal: Refused) => void
  readonly onLegacy: () => void
  /** @param hint what came in place of a good answer; undefined when nothing did. */
  readonly onTimeout: (hint: string | undefined) => void
}

/** Asks a server for a connection until it answers. Used once. */
export class Registration {
  readonly #options: RegistrationOptions
  readonly #nonce = randomBytes(nonceLength)
  #token: Uint8Array = Buffer.alloc(0)
  #tries = 0
  #promptTokens = 0
  #hint: string | undefined
  #hasAskedInLegacy = false
  #isOver = false
  #retryTimer: unknown
  #deadlineTimer: unknown

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /** What takes it back where there was no answer: a server of version 1 may have heard it, and its answer may be lost. Undefined when that cannot be. */
  get goodbye(): Uint8Array | undefined {
    return this.#token.length === 0 || this.#hasAskedInLegacy ? disconnect : undefined
  }

  start(): void {
    const { clock, timeoutMs } = this.#options
    this.#deadlineTimer = clock.setTimer(() => {
      this.stop()
      this.#options.onTimeout(this.#hint)
    }, timeoutMs)
    this.#ask()
  }

  /** What comes from now on is not looked at. May be called twice. */
  stop(): void {
    this.#isOver = true
    this.#options.clock.clearTimer(this.#retryTimer)
    this.#options.clock.clearTimer(this.#deadlineTimer)
  }

  /** @returns whether the datagram is a good answer. */
  receive(bytes: Buffer): boolean {
    if (this.#isOver) return false
    if (bytes.equals(registered)) return this.#takeLegacy()
    const datagram = readDatagram(bytes)
    switch (datagram?.type) {
      case DatagramType.retry: {
        const retry = readRetry(datagram)
        if (!retry || !this.#isOurs(retry.clientNonce)) return false
        this.#takeToken(retry.token)
        return true
      }
      case DatagramType.welcome: {
        const welcome = readWelcome(datagram, this.#options.key)
        if (!welcome && this.#options.key !== undefined) this.#hint ??= 'it does not prove that it knows the key'
        if (!welcome || !this.#isOurs(welcome.clientNonce)) return false
        this.stop()
        if (this.#hasAskedInLegacy) this.#options.send(disconnect)
        this.#options.onWelcome(welcome, this.#nonce)
        return true
      }
      case DatagramType.refused: {
        const refusal = readRefused(datagram)
        if (!refusal || !this.#isOurs(refusal.clientNonce)) return false
        this.stop()
        this.#options.onRefused(refusal)
        return true
      }
      default:
        return false
    }
  }

  #isOurs(nonce: Uint8Array): boolean {
    return this.#nonce.equals(nonce)
  }

  #takeLegacy(): boolean {
    if (this.#options.key !== undefined) {
      this.#hint = 'it speaks version 1 of the protocol, which has no keys'
      return false
    }
    // One that gives tokens speaks version 2, too.
    if (this.#token.length > 0) return false
    this.stop()
    this.#options.onLegacy()
    return true
  }

  #takeToken(token: Uint8Array): void {
    if (Buffer.compare(token, this.#token) === 0) return
    this.#token = token
    this.#promptTokens++
    if (this.#promptTokens <= maxPromptTokens) this.#hello()
  }

  #ask(): void {
    this.#promptTokens = 0
    if (this.#isLegacyTry) this.#askInLegacy()
    else this.#hello()
    const pauseMs = pausesMs[Math.min(this.#tries, pausesMs.length - 1)]!
    this.#tries++
    this.#retryTimer = this.#options.clock.setTimer(() => this.#ask(), pauseMs)
  }

  get #isLegacyTry(): boolean {
    const mayBe = this.#options.key === undefined && this.#token.length === 0
    return mayBe && this.#tries >= firstLegacyTry && this.#tries % 2 === 0
  }

  #askInLegacy(): void {
    this.#hasAskedInLegacy = true
    this.#options.send(registration(this.#options.stream))
  }

  #hello(): void {
    const { clock, send, stream, key, keyName, maxDatagram, delayMs } = this.#options
    const hello = {
      clientNonce: this.#nonce,
      clientTimeUs: clock.nowMs() * 1000,
      maxDatagram,
      delayMs,
      stream,
      keyName,
      token: this.#token
    }
    send(writeHello(hello, key))
  }
}
