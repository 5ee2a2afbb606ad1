import type { Streamer, StreamState, TransportState } from '@streamer/core'

/** Counters of the whole program at one moment. */
export interface Snapshot {
  /** Of a clock that only goes forward. */
  readonly atMs: number
  readonly streams: ReadonlyArray<{ readonly name: string; readonly state: StreamState; readonly framerate: number }>
  readonly transports: ReadonlyArray<{
    readonly name: string
    readonly state: TransportState
    readonly clients: number
    readonly delivered: number
    readonly bytes: number
  }>
  /** Frames that clients did not get because they were busy or the frames too old, since the start. */
  readonly dropped: number
}

export function takeSnapshot(streamer: Streamer): Snapshot {
  const streams = [...streamer.streams.values()].map((stream) => stream.stats())
  let dropped = 0
  for (const { transports } of streams)
    for (const totals of Object.values(transports)) dropped += totals.dropped + totals.expired
  return {
    atMs: performance.now(),
    streams: streams.map(({ name, state, framerate }) => ({ name, state, framerate })),
    transports: streamer.transports().map(({ name, state }) => {
      const totals = streams.flatMap(({ transports }) => transports[name] ?? [])
      const sum = (key: 'clients' | 'delivered' | 'bytes') => totals.reduce((all, one) => all + one[key], 0)
      return { name, state, clients: sum('clients'), delivered: sum('delivered'), bytes: sum('bytes') }
    }),
    dropped
  }
}

/** `in 30.0 fps, out 60.0 fps | http 2 clients 12.4 Mbit/s | tcp 0 | udp 0 | 3 dropped` */
export function statusText(before: Snapshot, now: Snapshot): string {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000)
  const [only, ...others] = now.streams
  const incoming =
    only && others.length === 0
      ? `in ${rateOf(only)}`
      : now.streams.map((stream) => `${stream.name} ${rateOf(stream)}`).join(', ')
  let delivered = 0
  const transports = now.transports.map((transport, index) => {
    const last = before.transports[index]
    delivered += transport.delivered - (last?.delivered ?? 0)
    if (transport.state !== 'up') return `${transport.name} ${transport.state}`
    if (transport.clients === 0) return `${transport.name} 0 clients`
    const mbps = ((transport.bytes - (last?.bytes ?? 0)) * 8) / seconds / 1e6
    return `${transport.name} ${transport.clients} ${transport.clients === 1 ? 'client' : 'clients'} ${mbps.toFixed(1)} Mbit/s`
  })
  const outgoing = `out ${(delivered / seconds).toFixed(1)} fps`
  return [`${incoming}, ${outgoing}`, ...transports, `${now.dropped} dropped`].join(' | ')
}

function rateOf({ state, framerate }: Snapshot['streams'][number]): string {
  return state === 'live' ? `${framerate.toFixed(1)} fps` : state
}
