import { type Burst, maxBurstBytes, maxBurstSegments } from '@streamer/socket-options'

/** Datagrams that can be sent at once, because all but the last are of one length and they lie one behind the other. */
export interface DatagramBurst extends Burst {
  /** Views of `bytes`, in their order. */
  readonly datagrams: readonly Uint8Array[]
}

/**
 * Groups datagrams into bursts, as few as possible, in the same order. Nothing is copied.
 * @param datagrams those that do not lie directly behind the one before them in memory begin a burst.
 */
export function toBursts(datagrams: readonly Uint8Array[]): readonly DatagramBurst[] {
  const bursts: DatagramBurst[] = []
  for (let from = 0; from < datagrams.length; ) {
    const to = endOf(datagrams, from)
    const first = datagrams[from]!
    const last = datagrams[to - 1]!
    const length = last.byteOffset + last.length - first.byteOffset
    bursts.push({
      bytes: new Uint8Array(first.buffer, first.byteOffset, length),
      segment: first.length,
      datagrams: datagrams.slice(from, to)
    })
    from = to
  }
  return bursts
}

/** Behind the last datagram that fits into the burst that begins with the datagram at `from`. */
function endOf(datagrams: readonly Uint8Array[], from: number): number {
  const segment = datagrams[from]!.length
  let length = segment
  let to = from + 1
  for (; to < datagrams.length && to - from < maxBurstSegments; to++) {
    const before = datagrams[to - 1]!
    const next = datagrams[to]!
    const isBehind = next.buffer === before.buffer && next.byteOffset === before.byteOffset + before.length
    length += next.length
    if (before.length !== segment || next.length > segment || !isBehind || length > maxBurstBytes) break
  }
  return to
}
