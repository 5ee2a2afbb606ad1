import { readdirSync } from 'node:fs'
import type { HostView, StreamStats } from '@streamer/core/plugin'
import { type Metric, Registry } from 'prom-client'
import { delayMetrics, histogramSamples, ofDelivery, ofStream, type Sample } from './samples.js'

type MetricKind = 'counter' | 'gauge' | 'histogram'

const streamStates = ['idle', 'starting', 'live', 'recovering'] as const

/**
 * What `/metrics` tells, in a registry of its own. Every number is taken from the program when it is asked for: there are no second books to keep, no timers and
 * no observers, and no camera is woken.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #host: HostView
  /** Of the scrape that is going on, so that all of its lines are of one moment. */
  #stats: readonly StreamStats[] = []

  constructor(host: HostView) {
    this.#host = host
    this.#addStreams()
    this.#addProgram()
    this.#addProcess()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The text that Prometheus reads. */
  text(): Promise<string> {
    // The registry asks every metric before it first waits for anything, so scrapes do not mix.
    this.#stats = Array.from(this.#host.streams.values(), (stream) => stream.stats())
    return this.#registry.metrics()
  }

  #addStreams(): void {
    for (const { name, help, type, read } of ofStream) {
      this.#add(name, help, type, () =>
        this.#stats.map((stats) => ({ labels: { stream: stats.name }, value: read(stats) }))
      )
    }
    for (const { name, help, type, read } of ofDelivery) {
      this.#add(name, help, type, () =>
        this.#stats.flatMap((stats) =>
          Object.entries(stats.transports).map(([transport, totals]) => ({
            labels: { stream: stats.name, transport },
            value: read(totals)
          }))
        )
      )
    }
    this.#add('streamer_stream_state', 'What a stream is doing: 1 for its state, 0 for the others.', 'gauge', () =>
      this.#stats.flatMap(({ name, state }) =>
        streamStates.map((one) => ({ labels: { stream: name, state: one }, value: one === state ? 1 : 0 }))
      )
    )
    this.#add('streamer_part_events_total', 'What the source and the encoder of a stream count.', 'counter', () =>
      this.#stats.flatMap(({ name, source, encoder }) =>
        Object.entries({ source, encoder }).flatMap(([part, counters]) =>
          Object.entries(counters).map(([event, value]) => ({ labels: { stream: name, part, event }, value }))
        )
      )
    )
    for (const { name, help, key } of delayMetrics) {
      this.#add(name, help, 'histogram', () =>
        this.#stats.flatMap((stats) => histogramSamples(name, stats.name, stats.delays[key]))
      )
    }
  }

  #addProgram(): void {
    this.#add('streamer_info', 'The version of the program; always 1.', 'gauge', () => [
      { labels: { version: this.#host.version }, value: 1 }
    ])
    this.#add('streamer_transport_up', 'Whether a transport listens.', 'gauge', () =>
      this.#host.transports().map(({ name, state }) => ({ labels: { transport: name }, value: state === 'up' ? 1 : 0 }))
    )
    this.#add('streamer_transport_events_total', 'What the transports count.', 'counter', () =>
      this.#host
        .transports()
        .flatMap(({ name, counters }) =>
          Object.entries(counters).map(([event, value]) => ({ labels: { transport: name, event }, value }))
        )
    )
  }

  /** The usual names. Those of `collectDefaultMetrics` that need an observer or a timer are not among them: nothing would end these with the transport. */
  #addProcess(): void {
    const one = (value: number): Sample[] => [{ labels: {}, value }]
    this.#add('process_cpu_user_seconds_total', 'User CPU time in seconds.', 'counter', () =>
      one(process.cpuUsage().user / 1e6)
    )
    this.#add('process_cpu_system_seconds_total', 'System CPU time in seconds.', 'counter', () =>
      one(process.cpuUsage().system / 1e6)
    )
    this.#add('process_resident_memory_bytes', 'Resident memory in bytes.', 'gauge', () =>
      one(process.memoryUsage.rss())
    )
    this.#add('process_start_time_seconds', 'Start of the program in seconds since 1970.', 'gauge', () =>
      one(this.#host.startedAtMs / 1000)
    )
    this.#add('process_open_fds', 'Open file descriptors (on Linux).', 'gauge', () => openFiles().flatMap(one))
    this.#add('nodejs_heap_size_used_bytes', 'Memory that JavaScript uses, in bytes.', 'gauge', () =>
      one(process.memoryUsage().heapUsed)
    )
    this.#add('nodejs_external_memory_bytes', 'Memory of pictures and other buffers, in bytes.', 'gauge', () =>
      one(process.memoryUsage().external)
    )
    this.#add('nodejs_version_info', 'The version of Node.js; always 1.', 'gauge', () => [
      { labels: { version: process.version }, value: 1 }
    ])
  }

  #add(name: string, help: string, type: MetricKind, read: () => readonly Sample[]): void {
    // What the registry asks of a metric. Its own classes keep values of their own, and their histograms take none from elsewhere.
    const metric = { name, help, type, aggregator: 'sum', get: async () => ({ name, help, type, values: read() }) }
    this.#registry.registerMetric(metric as unknown as Metric)
  }
}

/** How many; nothing where the system does not tell. */
function openFiles(): number[] {
  try {
    return [readdirSync('/proc/self/fd').length]
  } catch {
    return []
  }
}
