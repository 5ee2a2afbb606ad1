/**
 * What arrives of a stream over bad networks, for each version of the UDP protocol: `npx tsc -b && node bench/loss.mjs [--quick] [--only TEXT] [--seconds N]
 * [--seed N] [--version N]`. Needs root, and Debian's `iproute2`, `nftables` and `conntrack`.
 *
 * A server, a router and a client are network namespaces of their own (`test/support/network`). The server sends frames of 40 000 bytes, 640x480 at 30 per
 * second; the router does to datagrams what `loss/conditions.mjs` says: loss and a limited rate by the kernel; bursts, delay and jitter by a seeded relay, so
 * that they are the same for each version. The loss is that of both directions, the limit is on the way to the client.
 *
 * - sent: frames that the server handed to the network, of those that its source made
 * - whole: frames that the client had whole, of those that the source made
 * - extra: bytes that the server sent beyond those of the JPEGs it sent, with the headers of IP and UDP, in percent of these
 * - lost: packets that the server sent and that did not come to the client, dropped by the queue included
 * - Mbit/s: of these, without any headers; TCP Mbit/s: of a TCP flow beside it, where there is one, from two seconds after it has begun
 * - fps, least: whole frames per second after the first two seconds, the mean and the least of any second
 * - age: from the source's push to the client having the frame whole, in milliseconds
 */
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { conditions } from './loss/conditions.mjs'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    version: { type: 'string' }
  }
})
const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))
execFileSync(process.execPath, [pathOf('../node_modules/typescript/bin/tsc'), '-b', pathOf('../test/support/network')])
const { routedNetwork } = await import('../test/support/network/dist/topologies.js')
const relayProgram = pathOf('../test/support/network/dist/relay-program.js')

/** A client program gets address and port, says `watching` when frames may come, and answers `report` with `{ whole, agesMs, atMs }`. */
const versions = {
  1: { client: pathOf('./loss/client-v1.mjs'), transport: { use: 'udp', payload: 'jpeg' } },
  2: { client: pathOf('./loss/client-v2.mjs'), transport: { use: 'udp', legacy: 'deny' } }
}
const flowProgram = pathOf('./loss/tcp-flow.mjs')
const serverProgram = pathOf('./loss/server.mjs')
const framerate = 30
const frameBytes = 40_000
const port = 9999
const seconds = Number(flags.seconds ?? (flags.quick ? 3 : 20))
const seed = Number(flags.seed)

console.log(
  `${os.cpus()[0]?.model}, ${os.cpus().length} cores, Linux ${os.release().replace(/-.*/, '')}, Node ${process.version}, load ${os.loadavg()[0].toFixed(1)}`
)
console.log(`${seconds} s each, ${framerate} frames of ${frameBytes} bytes per second; seed of the relay: ${seed}\n`)
console.log(
  '| condition | version | sent | whole % | extra % | lost % | age p50 ms | age p95 ms | fps | least | Mbit/s | TCP Mbit/s |'
)
console.log('|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|')
const climbs = []
const chosen = conditions.filter(({ name, quick }) => name.includes(flags.only) && (quick || !flags.quick))
for (const condition of chosen) {
  for (const version of flags.version ? [flags.version] : Object.keys(versions)) {
    const { sent, made, whole, extra, lost, agesMs, atMs, tcpBps } = await measure(condition, versions[version])
    const percent = (share) => (share * 100).toFixed(1)
    const cells = [`${sent} of ${made}`, percent(whole / made), percent(extra), percent(lost)]
    const ages = [0.5, 0.95].map((share) => quantile(agesMs, share)?.toFixed(1) ?? '')
    console.log(
      `| ${[condition.name, version, ...cells, ...ages, ...framerates(atMs), megabits(tcpBps)].join(' | ')} |`
    )
    if (condition.freeAfterMs) climbs.push(`version ${version}: ${climb(atMs, condition.freeAfterMs)}`)
    if (condition.clean && whole === 0) process.exitCode = 1
  }
}
for (const line of climbs) console.log(`\nAll frames again after the limit was gone, ${line}`)
if (process.exitCode) console.error('not one frame was whole where nothing is lost')

async function measure(condition, version) {
  const { network, client, router, server } = await routedNetwork()
  try {
    const frames = Math.round(seconds * framerate)
    const transport = { ...version.transport, host: '0.0.0.0', port }
    const serving = server.spawn([serverProgram, JSON.stringify({ transport, frames, framerate, frameBytes })])
    await within(10, serving.next('listening'), 'the server to listen')
    const target = await spoil(condition, { client, router, server })
    const waitMs = String(condition.waitMs ?? 0)
    const watching = client.spawn([version.client, target.address, String(target.port), waitMs])
    await within(30, watching.next('watching'), 'the client to be registered')
    const freeing = setTimeout(() => void target.limit?.stop(), condition.freeAfterMs ?? 2 ** 31 - 1)
    const flow = condition.tcp && (await beside({ client, router, server }))
    await within(30 + 2 * seconds, serving.next('finished'), 'the last frame')
    clearTimeout(freeing)
    const tcp = flow && (await flow.ask('report'))
    // What is under way still comes; a protocol that repairs may need a few turns more.
    await new Promise((resolve) => setTimeout(resolve, 500 + 8 * (condition.delayMs ?? 0) + (condition.queueMs ?? 0)))
    const { sent } = await serving.ask('report')
    const report = await watching.ask('report')
    const outgoing = (await server.traffic(router)).sent
    const incoming = (await client.traffic(router)).received
    return {
      made: frames,
      sent,
      whole: report.whole,
      agesMs: report.agesMs,
      atMs: report.atMs,
      tcpBps: tcp && (tcp.bytes * 8) / tcp.seconds,
      extra: outgoing.bytes / (sent * frameBytes) - 1,
      lost: 1 - incoming.packets / outgoing.packets
    }
  } finally {
    await network.close()
  }
}

function megabits(bps) {
  return bps === undefined ? '' : (bps / 1e6).toFixed(1)
}

/** Whole frames per second after the first two seconds: the mean, the least of any second, and the mean in Mbit/s. */
function framerates(atMs) {
  const counts = []
  for (const ms of atMs) {
    const second = Math.floor(ms / 1000) - 2
    if (second >= 0) counts[second] = (counts[second] ?? 0) + 1
  }
  // The last second is not a whole one.
  const whole = Array.from(counts, (count) => count ?? 0).slice(0, -1)
  if (whole.length === 0) return ['', '', '']
  const mean = whole.reduce((sum, count) => sum + count, 0) / whole.length
  return [mean.toFixed(1), Math.min(...whole), megabits(mean * frameBytes * 8)]
}

/** How long it took from `freeMs` on until 29 frames came within a second. */
function climb(atMs, freeMs) {
  const first = atMs.findIndex((ms, index) => ms >= freeMs && atMs[index + 28] - ms <= 1000)
  return first < 0 ? 'never' : `after ${((atMs[first] - freeMs) / 1000).toFixed(1)} s`
}

/** A TCP flow from the server to the client that takes what it can get. */
async function beside({ client, router, server }) {
  const source = server.spawn([flowProgram, 'serve'])
  const flow = client.spawn([flowProgram, server.addressFor(router), String(await source.next('listening'))])
  await new Promise((resolve) => setTimeout(resolve, 2000))
  await flow.ask('report')
  return flow
}

/** Makes the network as bad as it shall be. Returns where the client finds the server. */
async function spoil(condition, { client, router, server }) {
  const { lossPercent = 0, meanBurst, delayMs = 0, jitterMs = 0, rateBps, queueMs } = condition
  const limit = rateBps ? await router.limit(client, { rateBps, queueMs }) : undefined
  if (!meanBurst && !delayMs && !jitterMs) {
    if (lossPercent) await router.lose(lossPercent)
    return { address: server.addressFor(router), port, limit }
  }
  const path = { lossPercent, delayMs, jitterMs, ...(meanBurst && { meanBurst }) }
  const options = {
    listen: { address: '0.0.0.0' },
    server: { address: server.addressFor(router), port },
    toServer: path,
    toClient: path,
    seed
  }
  const relay = router.spawn([relayProgram, JSON.stringify(options)])
  const listening = await relay.next('listening')
  return { address: router.addressFor(client), port: listening.port }
}

/** A protocol that is being worked on may wait for ever. */
async function within(limitSeconds, promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitSeconds} s for ${what}, in vain`)), limitSeconds * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
    // What it was waited for in vain ends with the network.
    promise.catch(() => {})
  }
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
