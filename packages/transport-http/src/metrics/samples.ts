import { type DelayHistogram, type DeliveryTotals, delayBoundsMs, type StreamStats } from '@streamer/core/plugin'

/** One line of the answer. `metricName` where it is not that of the metric: the parts of a histogram. */
export interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  readonly metricName?: string
}

/** Counters and gauges with one value a stream. Names follow the conventions of Prometheus: base units, `_total` for what only goes up. */
export const ofStream: ReadonlyArray<{
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: (stats: StreamStats) => number
}> = [
  {
    name: 'streamer_frames_captured_total',
    help: 'Frames that came from the source.',
    type: 'counter',
    read: ({ captured }) => captured
  },
  {
    name: 'streamer_frames_lost_total',
    help: 'Frames that are missing in the numbering of the source.',
    type: 'counter',
    read: ({ lost }) => lost
  },
  {
    name: 'streamer_frames_refused_total',
    help: 'Things that the source or the encoder gave for frames and that are none.',
    type: 'counter',
    read: ({ refused }) => refused
  },
  {
    name: 'streamer_frames_published_total',
    help: 'Encoded frames given to the clients, repeated ones and placeholders included.',
    type: 'counter',
    read: ({ published }) => published
  },
  {
    name: 'streamer_frames_repeated_total',
    help: 'Frames given again because the source was silent.',
    type: 'counter',
    read: ({ repeated }) => repeated
  },
  {
    name: 'streamer_placeholders_total',
    help: '"No signal" pictures given in place of frames.',
    type: 'counter',
    read: ({ placeholders }) => placeholders
  },
  {
    name: 'streamer_source_starts_total',
    help: 'Times that the source was started, the first one included.',
    type: 'counter',
    read: ({ starts }) => starts
  },
  {
    name: 'streamer_source_failures_total',
    help: 'Times that the source failed, ended or went silent.',
    type: 'counter',
    read: ({ failures }) => failures
  },
  {
    name: 'streamer_source_frames_per_second',
    help: 'Frames from the source over about the last second.',
    type: 'gauge',
    read: ({ framerate }) => framerate
  }
]

/** Counters and gauges with one value for each stream and transport. */
export const ofDelivery: ReadonlyArray<{
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: (totals: DeliveryTotals) => number
}> = [
  { name: 'streamer_clients', help: 'Open clients.', type: 'gauge', read: ({ clients }) => clients },
  {
    name: 'streamer_frames_delivered_total',
    help: 'Frames delivered to clients.',
    type: 'counter',
    read: ({ delivered }) => delivered
  },
  {
    name: 'streamer_delivered_bytes_total',
    help: 'Bytes of the delivered frames, without what the protocol adds.',
    type: 'counter',
    read: ({ bytes }) => bytes
  },
  {
    name: 'streamer_frames_dropped_total',
    help: 'Frames that clients did not get because they were busy.',
    type: 'counter',
    read: ({ dropped }) => dropped
  },
  {
    name: 'streamer_frames_skipped_total',
    help: 'Frames left out to hold the frame rate of a client.',
    type: 'counter',
    read: ({ skipped }) => skipped
  },
  {
    name: 'streamer_frames_expired_total',
    help: 'Frames that were too old when their client was ready.',
    type: 'counter',
    read: ({ expired }) => expired
  }
]

/** Histograms with one set of buckets a stream. */
export const delayMetrics = [
  {
    name: 'streamer_capture_to_publish_seconds',
    help: 'From the capture of a frame until it is encoded and given to the clients.',
    key: 'captureToPublish'
  },
  {
    name: 'streamer_publish_to_delivery_seconds',
    help: 'From then until its bytes had left for the system, for each client.',
    key: 'publishToDelivery'
  },
  {
    name: 'streamer_capture_to_delivery_seconds',
    help: 'From the capture of a frame until its bytes had left for the system, for each client.',
    key: 'captureToDelivery'
  }
] as const

/** The lines of one histogram: buckets cumulated, as Prometheus wants them. */
export function histogramSamples(name: string, stream: string, { counts, sumMs }: DelayHistogram): Sample[] {
  const samples: Sample[] = []
  let count = 0
  counts.forEach((inBucket, index) => {
    count += inBucket
    const boundMs = delayBoundsMs[index]
    const le = boundMs === undefined ? '+Inf' : boundMs / 1000
    samples.push({ metricName: `${name}_bucket`, labels: { stream, le }, value: count })
  })
  samples.push(
    { metricName: `${name}_sum`, labels: { stream }, value: sumMs / 1000 },
    { metricName: `${name}_count`, labels: { stream }, value: count }
  )
  return samples
}
