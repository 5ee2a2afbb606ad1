import type { Socket } from 'node:dgram'
import type { Libc } from './libc.js'
import { MSG_DONTWAIT, SO_REUSEADDR, SOL_SOCKET, SOL_UDP, sizeofInt, UDP_SEGMENT } from './numbers.js'
import { socketAddress } from './socket-address.js'

/** Datagrams of one burst at most: `UDP_MAX_SEGMENTS` of Linux 4.18; it has been 128 since 6.9. */
export const maxBurstSegments = 64
/** Bytes of one burst at most: 65535 less the headers of IPv4 and UDP, for a burst passes through the kernel as one packet. */
export const maxBurstBytes = 65_507

/** Datagrams that lie one behind the other in memory: at most `maxBurstSegments` of them and `maxBurstBytes`. */
export interface Burst {
  readonly bytes: Uint8Array
  /** Bytes of each datagram; the last one has what is left, which may be less. */
  readonly segment: number
}

/** A UDP socket that sends whole bursts with one system call. Everything else is done by the socket of `node:dgram` that it is given to. */
export interface BurstSocket {
  /**
   * Has `socket` receive, send and close as usual on this one. At once: `listening` is told of within the call.
   * @throws what `socket.bind` gave; then the descriptor is closed.
   */
  bind(socket: Socket): void
  /** The form of an address for `send`; undefined for one that is none, or of the other family. @param address numeric, as `node:dgram` gives it. */
  target(address: string, port: number): Uint8Array | undefined
  /**
   * Sends bursts in their order, without waiting; the kernel has copied them when it returns.
   * @param from index of the first one. @param target what `target` gave.
   * @returns how many were sent, the first of them `from`; 0 when that could not be sent, and `errorCode` tells why. A burst is sent whole or not at all.
   */
  send(bursts: readonly Burst[], from: number, target: Uint8Array): number
  /**
   * After a `send` of nothing: `EAGAIN` where there is no room; `EMSGSIZE`, `EINVAL` and `EIO` where the way takes no bursts of this length, or none at all
   * (a network card without checksums); or another one of the system. `EBADF` after `release`.
   */
  readonly errorCode: string
  /** Sends nothing more. To be called before the socket of `bind` is closed: the number of the descriptor may be another's from then on. May be called twice. */
  release(): void
}

/** Bursts that go with one call; a frame of 640x480 pixels is two. */
const maxMessages = 8
const sizeofUint16 = 2
/** Of a `sockaddr_in6`, the longer one. */
const maxNameLength = 28

/**
 * `sendmmsg(2)` with `UDP_SEGMENT` as a control message of each burst. The option of the socket, which `node:dgram` could use, is one for all that is sent: it would
 * have to be changed for other lengths of datagrams, while some still wait for room. One call for several bursts, for a frame begins with a shorter datagram.
 */
export class LibcBurstSocket implements BurstSocket {
  readonly #fd: number
  readonly #c: Libc
  readonly #nameLength: number
  // Memory of Buffers that are not from the pool stays where it is, and these are written once, but for what differs between bursts.
  readonly #messages: Buffer
  readonly #pieces: Buffer
  readonly #controls: Buffer
  readonly #name = Buffer.allocUnsafeSlow(maxNameLength)
  readonly #controlLengthAt: number
  readonly #valueAt: number
  /** What the memory tells of: clients of one stream are sent the same. */
  #written: readonly Burst[] | undefined
  #writtenFrom = 0
  #writtenCount = 0
  #errorCode = ''
  #isReleased = false

  /** @param fd of a UDP socket. */
  constructor(c: Libc, fd: number, isIpv6: boolean) {
    this.#fd = fd
    this.#c = c
    this.#nameLength = isIpv6 ? 28 : 16
    const { message, header, piece, control } = c.types
    this.#messages = Buffer.allocUnsafeSlow(maxMessages * message.size)
    this.#pieces = Buffer.allocUnsafeSlow(maxMessages * piece.size)
    this.#controls = Buffer.allocUnsafeSlow(maxMessages * control.size).fill(0)
    this.#controlLengthAt = offsetOf(message, 'header') + offsetOf(header, 'controlLength')
    this.#valueAt = offsetOf(control, 'value')
    for (let index = 0; index < maxMessages; index++) this.#prepare(index)
  }

  get errorCode(): string {
    return this.#errorCode
  }

  bind(socket: Socket): void {
    try {
      // Not shared between the processes of a cluster, which would have to get it from the first one.
      socket.bind({ fd: this.#fd, exclusive: true })
    } catch (error) {
      this.release()
      this.#c.close(this.#fd)
      throw error
    }
    // Node allows others to have the port, too, when it is given a descriptor, but not when it binds by itself.
    this.#c.setsockopt(this.#fd, SOL_SOCKET, SO_REUSEADDR, [0], sizeofInt)
  }

  target(address: string, port: number): Uint8Array | undefined {
    const target = socketAddress(this.#c, address, port)
    return target?.length === this.#nameLength ? target : undefined
  }

  send(bursts: readonly Burst[], from: number, target: Uint8Array): number {
    if (this.#isReleased) {
      this.#errorCode = 'EBADF'
      return 0
    }
    if (bursts !== this.#written || from !== this.#writtenFrom) this.#write(bursts, from)
    this.#name.set(target)
    const sent = this.#c.sendmmsg(this.#fd, this.#messages, this.#writtenCount, MSG_DONTWAIT)
    if (sent >= 0) return sent
    this.#errorCode = this.#c.errorCode()
    return 0
  }

  release(): void {
    this.#isReleased = true
    this.#written = undefined
  }

  #prepare(index: number): void {
    const { encode, types } = this.#c
    const controlAt = index * types.control.size
    const control = { length: this.#valueAt + sizeofUint16, level: SOL_UDP, type: UDP_SEGMENT, value: 0 }
    encode(this.#controls, controlAt, types.control, control)
    encode(this.#messages, index * types.message.size, types.message, {
      header: {
        name: this.#name,
        nameLength: this.#nameLength,
        pieces: this.#pieces.subarray(index * types.piece.size),
        pieceCount: 1,
        control: this.#controls.subarray(controlAt),
        controlLength: 0,
        flags: 0
      },
      length: 0
    })
  }

  #write(bursts: readonly Burst[], from: number): void {
    const { encode, types } = this.#c
    const count = Math.min(maxMessages, bursts.length - from)
    for (let index = 0; index < count; index++) {
      const { bytes, segment } = bursts[from + index]!
      const isSeveral = bytes.length > segment
      encode(this.#pieces, index * types.piece.size, types.piece, { base: bytes, length: bytes.length })
      if (isSeveral) encode(this.#controls, index * types.control.size + this.#valueAt, 'uint16_t', segment)
      const controlLength = isSeveral ? types.control.size : 0
      encode(this.#messages, index * types.message.size + this.#controlLengthAt, 'size_t', controlLength)
    }
    // Kept, so that the memory it points to is there as long as it may be read.
    this.#written = bursts
    this.#writtenFrom = from
    this.#writtenCount = count
  }
}

function offsetOf(
  type: { readonly members?: Readonly<Record<string, { readonly offset: number }>> },
  member: string
): number {
  return type.members![member]!.offset
}
