import { headerLength, magic, version } from '@streamer/protocol'
import { expect, test } from 'vitest'
import { UdpV2Client } from '../src/udp-v2/index.js'
import { HandClock } from './hand-clock.js'
import { quarter, StandInServer, seeded } from './stand-in-server.js'
import { noCounts, pictureOf } from './support.js'

/** `FUZZ_DATAGRAMS=1000000` is the whole test; `FUZZ_SEED` tries others. */
const datagrams = Number(process.env.FUZZ_DATAGRAMS ?? 20_000)
const seed = Number(process.env.FUZZ_SEED ?? 1)

const key = Buffer.from('a secret of enough bytes')

/** Datagrams of all kinds, as a server sends them, changed at random. */
class Fuzzer {
  readonly #random: () => number
  readonly #genuine: Buffer[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  keep(bytes: Buffer): void {
    if (this.#genuine.length < 200) this.#genuine.push(Buffer.from(bytes))
    else this.#genuine[this.#below(200)] = Buffer.from(bytes)
  }

  next(connection: number): Buffer {
    const kind = this.#below(4)
    if (kind === 0) return this.#noise(this.#below(80))
    if (kind === 1) return this.#headed(connection)
    const bytes = Buffer.from(this.#genuine[this.#below(this.#genuine.length)] ?? Buffer.alloc(1))
    for (let flips = 1 + this.#below(4); flips > 0 && bytes.length > 0; flips--) {
      // Mostly where numbers stand.
      const at = this.#below(this.#random() < 0.7 ? Math.min(bytes.length, 42) : bytes.length)
      bytes[at]! ^= 1 << this.#below(8)
    }
    if (kind === 3 && bytes.length >= headerLength) {
      // Unseen, so that it gets past the window.
      bytes.writeUInt32LE(this.#below(0x1_0000_0000), 8)
      bytes.writeUInt32LE(connection, 4)
      bytes.writeUInt16LE(bytes.length, 2)
    }
    return this.#random() < 0.1 ? bytes.subarray(0, this.#below(bytes.length + 1)) : bytes
  }

  /** A good header with anything behind it. */
  #headed(connection: number): Buffer {
    const bytes = this.#noise(headerLength + this.#below(60))
    bytes[0] = magic
    // Byes and unknowns would only end the test early; they have their own.
    const types = [8, 9, 10, 11, 11, 11, 12, 13, 14, 3, 7]
    bytes[1] = (version << 4) | types[this.#below(types.length)]!
    bytes.writeUInt16LE(bytes.length, 2)
    bytes.writeUInt32LE(connection, 4)
    if (bytes.length > headerLength + 26 && this.#random() < 0.5) this.#plausible(bytes)
    return bytes
  }

  /** Data whose numbers fit together. */
  #plausible(bytes: Buffer): void {
    const shardBytes = bytes.length - headerLength - 26
    const dataCount = 1 + this.#below(this.#random() < 0.5 ? 4 : 0xffff)
    const index = this.#below(dataCount)
    bytes.writeUInt32LE(shardBytes * dataCount, headerLength + 4)
    bytes[headerLength + 8] = 0
    bytes.writeUInt16LE(index, headerLength + 10)
    bytes.writeUInt16LE(dataCount, headerLength + 12)
    bytes.writeUInt16LE(this.#below(3), headerLength + 14)
  }

  #noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#below(256)))
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}

test.each([
  ['without a key', undefined, 0],
  ['without a key, with a delay', undefined, 2000],
  ['with a key', key, 0]
])(
  '%s, random and changed datagrams neither stop a client nor make it grow',
  (_, own, delayMs) => {
    const random = seeded(seed)
    const fuzzer = new Fuzzer(random)
    const clock = new HandClock()
    const maxFrameBytes = 100_000
    let frames = 0
    let failures = 0
    let client: UdpV2Client
    let sent = 0
    const server = new StandInServer(
      () => clock.nowMs(),
      (bytes) => {
        fuzzer.keep(bytes)
        if (own || random() < 0.9) client.receive(bytes)
      },
      { ...(own && { key: own }), parity: quarter }
    )
    const start = (): void => {
      client = new UdpV2Client(
        {
          clock,
          address: 'udp://there',
          stream: '',
          key: own,
          keyName: undefined,
          delayMs,
          maxFrameBytes,
          connectTimeoutMs: 5000
        },
        {
          sink: {
            counters: noCounts(),
            opened: () => {},
            frame: () => frames++,
            measured: () => {},
            failed: () => failures++
          },
          send: (datagram) => {
            sent++
            clock.setTimer(() => receive(Buffer.from(datagram)), 1)
          },
          onLegacy: () => failures++
        }
      )
      client.start()
    }
    const receive = (bytes: Buffer): void => {
      try {
        server.receive(bytes)
      } catch {
        // The stand-in is strict, and what it finds wrong is the goodbye of a client that was replaced.
      }
    }
    start()
    clock.pass(100)
    let most = { frames: 0, bytes: 0, timers: 0 }
    for (let count = 0; count < datagrams; count++) {
      client!.receive(fuzzer.next(random() < 0.9 ? server.connection : Math.floor(random() * 100)))
      if (count % 50 === 0) {
        server.frame(pictureOf(count, 3000))
        clock.pass(10)
      }
      const { assembling } = client!.details ?? {}
      most = {
        frames: Math.max(most.frames, assembling?.frames ?? 0),
        bytes: Math.max(most.bytes, assembling?.bytes ?? 0),
        timers: Math.max(most.timers, clock.timers)
      }
      if (failures > 0) {
        // A changed bye ends it, as it should without a key.
        expect(own).toBeUndefined()
        client!.close()
        failures = 0
        start()
        clock.pass(50)
      }
    }
    expect(most.frames).toBeLessThanOrEqual(delayMs === 0 ? 8 : 64)
    expect(most.bytes).toBeLessThan(9 * 1024 * 1024)
    expect(sent).toBeLessThan(datagrams)
    expect(frames).toBeGreaterThan(0)
    if (own) expect(frames).toBe(Math.ceil(datagrams / 50))
  },
  600_000
)
