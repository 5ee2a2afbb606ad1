/**
 * A viewer for tests in networks of their own: `node streamer-viewer.mjs ADDRESS '{"key":…}'`. Answers `more` with the statistics once so many frames
 * more have come; ends with its standard input, or by SIGTERM, saying goodbye.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { receive } from '../../packages/receiver/dist/index.js'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const receiver = receive(process.argv[2], JSON.parse(process.argv[3] ?? '{}'))
const waiting = []
let count = 0

createInterface(process.stdin).on('line', (line) => {
  const { more } = JSON.parse(line)
  if (more !== undefined) waiting.push(count + more)
})
const watching = (async () => {
  for await (const { data } of receiver) {
    if (data[0] !== 0xff || data[1] !== 0xd8) throw new Error('no JPEG')
    count++
    while (waiting.length > 0 && waiting[0] <= count) {
      waiting.shift()
      say({ more: receiver.stats() })
    }
  }
})()
await Promise.race([once(process.stdin, 'end'), once(process, 'SIGTERM')])
await receiver.close()
await watching
process.stdin.destroy()
