import type { Socket } from 'node:dgram'
import type { BurstSocket } from '@streamer/socket-options'
import type { DatagramBurst } from './bursts.js'

/** Told what became of datagrams. @param bytes of those that were sent. @param datagrams how many it is about. Default: 1. */
export type OnSent = (error: Error | null, bytes: number, datagrams?: number) => void

/** Where datagrams are sent, as the sender knows it. */
export interface Peer {
  readonly address: string
  readonly port: number
}

/** What sessions need of a socket. */
export interface Sender {
  /** Sends one datagram. `onSent` runs later, once. */
  send(datagram: Uint8Array, port: number, address: string, onSent: OnSent): void
  peer(address: string, port: number): Peer
  /**
   * Sends datagrams in their order. `onSent` runs for some at a time, within this call or later, until it has been told of all of them; until then the memory of
   * the bursts must not be changed, and the list never.
   */
  sendAll(bursts: readonly DatagramBurst[], peer: Peer, onSent: OnSent): void
}

/** For the log, where there are no bursts. */
export const noBurstsText =
  'each datagram costs a system call here: UDP_SEGMENT (Linux 4.18 or later, koffi) is not to be had'

/** Sends by `node:dgram`, with one system call for each datagram. */
export class PlainSender implements Sender {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  send(datagram: Uint8Array, port: number, address: string, onSent: OnSent): void {
    this.#socket.send(datagram, port, address, onSent)
  }

  peer(address: string, port: number): Peer {
    return { address, port }
  }

  sendAll(bursts: readonly DatagramBurst[], { port, address }: Peer, onSent: OnSent): void {
    for (let index = 0; index < bursts.length; index++) {
      const { datagrams } = bursts[index]!
      for (let at = 0; at < datagrams.length; at++) this.#socket.send(datagrams[at]!, port, address, onSent)
    }
  }
}

/** The kernel has no room; Node waits for some then, too. */
const noRoomCodes = new Set(['EAGAIN', 'ENOBUFS'])
/**
 * The kernel will not cut up a burst: datagrams that would have to be fragmented on the way, and a network card that makes no checksums (`EIO`). Datagrams that are sent
 * one by one may pass all the same.
 */
const noBurstsCodes = new Set(['EMSGSIZE', 'EINVAL', 'EIO'])

interface BurstPeer extends Peer {
  /** As the socket wants it; undefined where it is sent to by `node:dgram`. */
  readonly target: Uint8Array | undefined
  /** Datagrams of so many bytes or more cannot be sent in bursts on the way there. */
  refusedLength: number
}

/** Datagrams that wait for room in the kernel. */
interface Waiting {
  readonly bursts: readonly DatagramBurst[]
  /** Which of them is next, and from which of its datagrams on. */
  next: number
  at: number
  readonly peer: BurstPeer
  readonly onSent: OnSent
}

/** Sends bursts with one system call for several of them, and the rest by the socket of `node:dgram` that has the same descriptor. */
export class BurstSender implements Sender {
  readonly #bursts: BurstSocket
  readonly #plain: PlainSender
  readonly #onRefused: (peer: Peer, code: string) => void
  /** First come, first served. Each session has at most a frame and some resends in it. */
  readonly #waiting: Waiting[] = []

  /**
   * @param bursts has the descriptor of `socket`. Its owner must release it before `socket` is closed.
   * @param onRefused told when bursts cannot be sent to a peer (any more), and go one datagram at a time from now on.
   */
  constructor(socket: Socket, bursts: BurstSocket, onRefused: (peer: Peer, code: string) => void) {
    this.#bursts = bursts
    this.#plain = new PlainSender(socket)
    this.#onRefused = onRefused
  }

  send(datagram: Uint8Array, port: number, address: string, onSent: OnSent): void {
    this.#plain.send(datagram, port, address, onSent)
  }

  peer(address: string, port: number): BurstPeer {
    const target = this.#bursts.target(address, port)
    return { address, port, target, refusedLength: Number.POSITIVE_INFINITY }
  }

  sendAll(bursts: readonly DatagramBurst[], given: Peer, onSent: OnSent): void {
    const peer = given as BurstPeer
    if (!takesBursts(peer, bursts)) this.#plain.sendAll(bursts, peer, onSent)
    else if (this.#waiting.length > 0) this.#waiting.push({ bursts, next: 0, at: 0, peer, onSent })
    else {
      const next = this.#send(bursts, 0, peer, onSent)
      if (next === bursts.length) return
      this.#waiting.push({ bursts, next, at: 0, peer, onSent })
      this.#awaitRoom()
    }
  }

  /** Sends what there is room for. @returns the index of the first burst that there is none for. */
  #send(bursts: readonly DatagramBurst[], next: number, peer: BurstPeer, onSent: OnSent): number {
    while (next < bursts.length) {
      const sent = this.#bursts.send(bursts, next, peer.target!)
      for (const end = next + sent; next < end; next++) {
        const { bytes, count } = bursts[next]!
        onSent(null, bytes.length, count)
      }
      if (sent > 0) continue
      const code = this.#bursts.errorCode
      if (noRoomCodes.has(code)) return next
      const { segment, count } = bursts[next]!
      if (count > 1 && noBurstsCodes.has(code)) {
        peer.refusedLength = code === 'EIO' ? 0 : segment
        this.#onRefused(peer, code)
        this.#plain.sendAll(bursts.slice(next), peer, onSent)
        return bursts.length
      }
      onSent(sendError(peer, code), 0, count)
      next++
    }
    return next
  }

  /** Node waits for room with a datagram that it could not send: it is given the one that is next. */
  #awaitRoom(): void {
    const { bursts, next, at, peer } = this.#waiting[0]!
    this.#plain.send(bursts[next]!.datagrams[at]!, peer.port, peer.address, this.#onRoom)
  }

  readonly #onRoom: OnSent = (error, bytes) => {
    const waiting = this.#waiting[0]!
    waiting.at++
    waiting.onSent(error, bytes)
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#goOn(first)) {
        this.#awaitRoom()
        return
      }
      this.#waiting.shift()
    }
  }

  /** @returns whether all of it is sent. */
  #goOn(waiting: Waiting): boolean {
    const { bursts, peer, onSent } = waiting
    if (waiting.at > 0) {
      // What is left of the burst of which a datagram waited.
      const burst = bursts[waiting.next]!
      if (waiting.at < burst.count && this.#send([burst.behind(waiting.at)], 0, peer, onSent) === 0) return false
      waiting.next++
      waiting.at = 0
    }
    waiting.next = this.#send(bursts, waiting.next, peer, onSent)
    return waiting.next === bursts.length
  }
}

function takesBursts({ target, refusedLength }: BurstPeer, bursts: readonly DatagramBurst[]): boolean {
  if (target === undefined) return false
  if (refusedLength === Number.POSITIVE_INFINITY) return true
  return bursts.every(({ segment, count }) => count === 1 || segment < refusedLength)
}

function sendError({ address, port }: Peer, code: string): Error {
  return Object.assign(new Error(`send ${code} ${address}:${port}`), { code, syscall: 'send', address, port })
}
