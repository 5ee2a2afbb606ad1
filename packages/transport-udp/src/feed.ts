import type { EncodedFrame, Stream } from '@streamer/core/plugin'
import { type DatagramBurst, toBursts } from './bursts.js'
import { frameDatagrams, type Layout } from './wire.js'

/** The datagrams of one frame, shared by every client of its stream. */
export interface Packet {
  /** Sessions that send it now; counted by them, and only while there are none may its memory be used for another frame. */
  users: number
  /** The number of the frame, never wrapped. */
  readonly id: number
  readonly bursts: readonly DatagramBurst[]
  /** How many datagrams these are. */
  readonly datagramCount: number
}

/**
 * Numbers the frames of one stream and keeps the datagrams of the two newest, so that a frame is cut into datagrams once for all clients.
 * Two, because a client may take the frame that waited for it just after another got the next one. Their memory is used again for later frames: to get as much from the
 * system for each frame can cost more than to send it.
 */
export class Feed {
  readonly stream: Stream
  readonly #layout: Layout
  #nextId = 0
  #newest: { readonly frame: EncodedFrame; readonly packet: Packet } | undefined
  #previous: { readonly frame: EncodedFrame; readonly packet: Packet } | undefined

  constructor(stream: Stream, layout: Layout) {
    this.stream = stream
    this.#layout = layout
  }

  /**
   * What to send for `frame` to a client that got the frame with `lastId` before (-1 for none).
   * A frame that is given again, as the core does when the source is silent, gets a new number: no client ever sees one twice.
   */
  packet(frame: EncodedFrame, lastId: number): Packet {
    const known =
      this.#newest?.frame === frame ? this.#newest : this.#previous?.frame === frame ? this.#previous : undefined
    if (known !== undefined && known.packet.id > lastId) return known.packet
    const id = this.#nextId++
    const old = this.#previous?.packet
    const memory = old?.users === 0 ? memoryOf(old) : undefined
    const datagrams = frameDatagrams(frame.data, id, this.#layout, memory)
    const packet = { users: 0, id, bursts: burstsOf(datagrams), datagramCount: datagrams.length }
    this.#previous = this.#newest
    this.#newest = { frame, packet }
    return packet
  }

  /** Lets go of the frames; their numbers go on. */
  clear(): void {
    this.#newest = undefined
    this.#previous = undefined
  }
}

/** `frameDatagrams` makes them in one buffer, one behind the other. */
function burstsOf(datagrams: readonly Uint8Array[]): readonly DatagramBurst[] {
  let end = 0
  const ends = datagrams.map(({ length }) => {
    end += length
    return end
  })
  return toBursts(new Uint8Array(datagrams[0]!.buffer, 0, end), ends)
}

/** The buffer that `frameDatagrams` made: the start datagram stands at its beginning. */
function memoryOf({ bursts }: Packet): Buffer {
  return Buffer.from(bursts[0]!.bytes.buffer)
}
