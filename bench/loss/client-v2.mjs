/**
 * A client of version 2 of the UDP protocol for `bench/loss.mjs`: `node client-v2.mjs ADDRESS PORT [DELAY_MS]`, made of `@streamer/receiver`. Says `watching`
 * when it is connected; answers `report` with `{ whole, agesMs, atMs, lossBefore, lossAfter }`; ends with its standard input.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { receive } from '../../packages/receiver/dist/index.js'
import { ageMs } from './stamp.mjs'

const [address, port, delayMs = '0'] = process.argv.slice(2)
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const whole = new Set()
const agesMs = []
/** When each came, milliseconds after the first. */
const atMs = []
let beganMs
const receiver = receive(`udp://${address}:${port}`, {
  delayMs: Number(delayMs),
  onState: (state) => {
    if (state === 'receiving') say({ watching: true })
  }
})

createInterface(process.stdin).on('line', (line) => {
  if (!JSON.parse(line).report) return
  const { datagrams, framesLost, framesRepaired, resends, late, dropped } = receiver.stats()
  say({ report: { whole: whole.size, agesMs, atMs, datagrams, framesLost, framesRepaired, resends, late, dropped } })
})
const watching = (async () => {
  for await (const { sequence, data } of receiver) {
    whole.add(sequence)
    agesMs.push(ageMs(data))
    beganMs ??= performance.now()
    atMs.push(performance.now() - beganMs)
  }
})()
await once(process.stdin, 'end')
await receiver.close()
await watching
