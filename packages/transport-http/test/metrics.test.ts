import { createHook } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { delayBoundsMs, type HostView } from '@streamer/core/plugin'
import { afterEach, expect, test } from 'vitest'
import { root } from '../../../test/support/documents.js'
import { Metrics } from '../src/metrics/metrics.js'
import { RawClient, type Served, serve, standInPicture } from './stand-ins.js'

let served: Served
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await served.transport.stop()
})

interface Scrape {
  readonly type: string | null
  readonly text: string
  readonly helps: ReadonlyMap<string, string>
  readonly types: ReadonlyMap<string, string>
  readonly samples: ReadonlyMap<string, number>
}

/** Reads the text format by its rules (prometheus.io/docs/instrumenting/exposition_formats), strictly. */
async function scrape(): Promise<Scrape> {
  const response = await fetch(`${served.base}/metrics`)
  const text = await response.text()
  const helps = new Map<string, string>()
  const types = new Map<string, string>()
  const samples = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line)
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)
    const sample = /^([a-z_][a-z0-9_]*)(\{(?:[a-z]\w*="(?:[^"\\]|\\.)*",?)*\})? (\S+)$/.exec(line)
    if (help) helps.set(help[1]!, help[2]!)
    else if (type) types.set(type[1]!, type[2]!)
    else {
      expect(sample, line).not.toBeNull()
      const value = Number(sample![3])
      expect(value, line).not.toBeNaN()
      expect(samples.has(`${sample![1]}${sample![2] ?? ''}`), line).toBe(false)
      samples.set(`${sample![1]}${sample![2] ?? ''}`, value)
    }
  }
  return { type: response.headers.get('content-type'), text, helps, types, samples }
}

test('what Prometheus reads has a name by its conventions, a type and a help for everything', async () => {
  served = await serve({}, ['front', 'a "b"\\'])
  const { type, helps, types, samples } = await scrape()
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect([...types.keys()]).toEqual([...helps.keys()])
  for (const [name, kind] of types) {
    expect(name.endsWith('_total'), name).toBe(kind === 'counter')
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/)
  }
  for (const sample of samples.keys()) {
    const name = sample.replace(/\{.*/, '')
    expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), name).toBe(true)
  }
  expect(samples.get('streamer_frames_captured_total{stream="front"}')).toBe(0)
  expect(samples.get('streamer_frames_captured_total{stream="a \\"b\\"\\\\"}')).toBe(0)
  expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(0)
  for (const stream of served.streams.values()) expect(stream.subscribed).toBe(0)
})

test('the numbers are those of the streams, counters stay when clients go, and histograms add up', async () => {
  served = await serve()
  const { stream, port } = served
  const client = new RawClient(port, 'GET /stream.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  clients.push(client)
  await stream.clients(1)
  for (let number = 0; number < 3; number++) {
    const length = client.bytes.length
    stream.publish(standInPicture(number, 100))
    await client.until(length + 100)
  }
  const of = '{stream="camera",transport="test"}'
  const open = await scrape()
  expect(open.samples.get(`streamer_clients${of}`)).toBe(1)
  expect(open.samples.get(`streamer_frames_delivered_total${of}`)).toBe(3)
  expect(open.samples.get(`streamer_delivered_bytes_total${of}`)).toBe(300)
  client.close()
  await stream.clients(0)
  const { samples } = await scrape()
  expect(samples.get(`streamer_clients${of}`)).toBe(0)
  expect(samples.get(`streamer_frames_delivered_total${of}`)).toBe(3)
  expect(samples.get('streamer_frames_captured_total{stream="camera"}')).toBe(3)
  expect(samples.get('streamer_stream_state{stream="camera",state="live"}')).toBe(1)
  expect(samples.get('streamer_stream_state{stream="camera",state="idle"}')).toBe(0)
  for (const name of ['capture_to_publish', 'publish_to_delivery', 'capture_to_delivery']) {
    const metric = `streamer_${name}_seconds`
    const buckets = [...delayBoundsMs.map((ms) => `${ms / 1000}`), '+Inf'].map((le) =>
      samples.get(`${metric}_bucket{stream="camera",le="${le}"}`)
    )
    expect(buckets).toEqual(buckets.toSorted((a, b) => a! - b!))
    expect([metric, buckets.at(-1)]).toEqual([metric, 3])
    expect(samples.get(`${metric}_count{stream="camera"}`)).toBe(3)
    expect(samples.get(`${metric}_sum{stream="camera"}`)).toBeGreaterThan(0)
  }
})

test('every metric of the dashboard is one that there is', async () => {
  served = await serve()
  const dashboard = readFileSync(join(root, 'docs/grafana/streamer.json'), 'utf8')
  const { panels } = JSON.parse(dashboard) as { panels: Array<{ title: string; targets?: Array<{ expr: string }> }> }
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const wanted = expressions.flatMap((expr) => expr.match(/\b(?:streamer|process|nodejs)_\w+/g) ?? [])
  const { types } = await scrape()
  expect(wanted.length).toBeGreaterThan(10)
  for (const name of wanted) {
    const base = name.replace(/_(bucket|sum|count)$/, '')
    expect(types.has(name) ? 'known' : types.get(base), name).toBe(types.has(name) ? 'known' : 'histogram')
  }
})

test('the metrics need no timer, no observer and no handle, whether asked or not', async () => {
  served = await serve()
  const { stream } = served
  const host: HostView = {
    version: '1',
    startedAtMs: 0,
    streams: new Map([[stream.name, stream]]),
    transports: () => [],
    disconnect: () => false
  }
  const kinds = new Set<string>()
  const hook = createHook({ init: (_, kind) => kinds.add(kind) }).enable()
  const metrics = new Metrics(host)
  await metrics.text()
  hook.disable()
  expect([...kinds].filter((kind) => kind !== 'PROMISE')).toEqual([])
})
