import { type Burst, maxBurstBytes, maxBurstSegments } from '@streamer/socket-options'

/** Datagrams that can be sent at once, because all but the last are of one length and they lie one behind the other. */
export class DatagramBurst implements Burst {
  readonly bytes: Uint8Array
  readonly segment: number
  /** How many they are. */
  readonly count: number
  #datagrams: readonly Uint8Array[] | undefined

  constructor(bytes: Uint8Array, segment: number) {
    this.bytes = bytes
    this.segment = segment
    this.count = Math.ceil(bytes.length / segment)
  }

  /** Views of `bytes`, in their order; made when they are first asked for. */
  get datagrams(): readonly Uint8Array[] {
    const { bytes, segment, count } = this
    this.#datagrams ??= Array.from({ length: count }, (_, at) => bytes.subarray(at * segment, (at + 1) * segment))
    return this.#datagrams
  }

  /** What is left behind the first datagrams. @param from less than `count`. */
  behind(from: number): DatagramBurst {
    return new DatagramBurst(this.bytes.subarray(from * this.segment), this.segment)
  }
}

/**
 * Groups datagrams into bursts, as few as possible, in the same order. Nothing is copied.
 * @param bytes the datagrams, one behind the other. @param ends where each of them ends in `bytes`, the first begins at 0.
 */
export function toBursts(bytes: Uint8Array, ends: readonly number[]): readonly DatagramBurst[] {
  const bursts: DatagramBurst[] = []
  let begin = 0
  for (let from = 0; from < ends.length; ) {
    const segment = ends[from]! - begin
    let to = from + 1
    while (to < ends.length && to - from < maxBurstSegments) {
      // After a shorter one there is none more; a longer one begins the next burst.
      const isShorter = ends[to - 1]! !== begin + (to - from) * segment
      if (isShorter || ends[to]! - ends[to - 1]! > segment || ends[to]! - begin > maxBurstBytes) break
      to++
    }
    const end = ends[to - 1]!
    bursts.push(new DatagramBurst(bytes.subarray(begin, end), segment))
    begin = end
    from = to
  }
  return bursts
}
