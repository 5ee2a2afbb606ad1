/**
 * Clients of version 2 of the UDP protocol for the benchmark: `node receive-v2.mjs PORT CLIENTS [LOSS_PERCENT] [KEY]`, made of `@streamer/receiver`. A share of all
 * datagrams that come is thrown away before the clients see it, as a bad way would: that is what makes the server send parity.
 *
 * Prints {"ready":true} when each has had a frame; knows `reset` and `report` as `load.c` does.
 */
import { Socket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { receive } from '../../packages/receiver/dist/index.js'

const [port, clients, lossPercent = '0', key] = process.argv.slice(2)
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
loseSome(Number(lossPercent) / 100)

let ready = 0
const frames = new Array(Number(clients)).fill(0)
const receivers = frames.map(() => receive(`udp://127.0.0.1:${port}`, key ? { key } : {}))
const watching = receivers.map(async (receiver, index) => {
  let first = true
  for await (const _ of receiver) {
    frames[index]++
    if (first && ++ready === receivers.length) say({ ready: true })
    first = false
  }
})

/** Sums over all clients, and the mean of what the server sends as parity now. */
function totals() {
  const all = receivers.map((receiver) => receiver.stats())
  const sum = (pick) => all.reduce((total, stats) => total + pick(stats), 0)
  return {
    bytes: sum(({ bytes }) => bytes),
    datagrams: sum(({ datagrams }) => datagrams.received),
    parity: sum(({ parity = 0 }) => parity) / all.length
  }
}

let before = totals()
let sinceMs = performance.now()
createInterface(process.stdin).on('line', (line) => {
  if (line === 'reset') {
    frames.fill(0)
    before = totals()
    sinceMs = performance.now()
    say({ reset: true })
  } else if (line === 'report') {
    const { bytes, datagrams, parity } = totals()
    say({
      seconds: (performance.now() - sinceMs) / 1000,
      frames: frames.reduce((sum, count) => sum + count, 0),
      bytes: bytes - before.bytes,
      datagrams: datagrams - before.datagrams,
      least: Math.min(...frames),
      most: Math.max(...frames),
      ages: null,
      lastAges: null,
      parity
    })
  }
})
await once(process.stdin, 'end')
await Promise.all(receivers.map((receiver) => receiver.close()))
await Promise.all(watching)

/** Throws away this share of what any UDP socket of this process gets: the same ones in each run. */
function loseSome(share) {
  if (share === 0) return
  const { emit } = Socket.prototype
  let state = 1
  Socket.prototype.emit = function (event, ...args) {
    if (event === 'message') {
      // A linear congruential generator (Numerical Recipes); its high bits are the good ones.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      if (state / 2 ** 32 < share) return true
    }
    return emit.call(this, event, ...args)
  }
}
