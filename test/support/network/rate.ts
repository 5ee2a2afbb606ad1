import type { Host, Interface } from './host.js'

/** How narrow a bottleneck is. */
export interface RateOptions {
  /** Bits per second, with the headers of Ethernet, IP and UDP (42 bytes for each datagram). */
  readonly rateBps: number
  /** What the queue before it can hold, as the time that this takes to pass. Milliseconds. */
  readonly queueMs: number
}

/** What a `RateLimit` has let through; bytes with all headers. */
export interface RateCounts {
  readonly packets: number
  readonly bytes: number
  /** Packets that found the queue full. */
  readonly dropped: number
  /** Packets in the queue now. */
  readonly queued: number
}

/** A bottleneck in one direction of a link. Made by `Host.limit`. */
export interface RateLimit {
  /** Bytes that pass at once after a pause, whatever the rate. */
  readonly burstBytes: number
  counts(): Promise<RateCounts>
  /** The link is as fast as the machine again. */
  stop(): Promise<void>
}

/** Two full packets of Ethernet: less than one would pass nothing, and much more would hide the queue. */
const leastBurstBytes = 2 * 1514

/** What passes at once is a millisecond's worth, where that is more. */
const burstSeconds = 0.001

export async function limitRate(
  host: Host,
  { name }: Interface,
  { rateBps, queueMs }: RateOptions
): Promise<RateLimit> {
  const burstBytes = Math.max(leastBurstBytes, Math.ceil((rateBps / 8) * burstSeconds))
  const limits = ['rate', `${rateBps}bit`, 'burst', String(burstBytes), 'latency', `${queueMs}ms`]
  await host.run(['tc', 'qdisc', 'replace', 'dev', name, 'root', 'handle', '1:', 'tbf', ...limits])
  return {
    burstBytes,
    async counts() {
      const [qdisc] = JSON.parse(await host.run(['tc', '-s', '-j', 'qdisc', 'show', 'dev', name])) as [
        { packets: number; bytes: number; drops: number; qlen: number }
      ]
      return { packets: qdisc.packets, bytes: qdisc.bytes, dropped: qdisc.drops, queued: qdisc.qlen }
    },
    async stop() {
      await host.run(['tc', 'qdisc', 'del', 'dev', name, 'root'])
    }
  }
}
