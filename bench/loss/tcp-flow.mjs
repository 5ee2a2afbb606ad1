/**
 * A TCP flow with endless data for `bench/loss.mjs`: `node tcp-flow.mjs serve` says `listening` with its port; `node tcp-flow.mjs ADDRESS PORT` takes what it
 * can get, and answers `report` with `{ bytes, seconds }` since the last report. Ends with its standard input.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const [address, port] = process.argv.slice(2)
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const chunk = Buffer.alloc(64 * 1024)
let bytes = 0
let sinceMs = performance.now()
let close

if (address === 'serve') {
  const server = createServer((socket) => {
    const fill = () => {
      while (socket.write(chunk));
    }
    socket.on('drain', fill)
    socket.on('error', () => {})
    fill()
  })
  server.listen(0)
  await once(server, 'listening')
  say({ listening: server.address().port })
  close = () => process.exit()
} else {
  const socket = connect(Number(port), address)
  socket.on('data', ({ length }) => (bytes += length))
  socket.on('error', () => {})
  close = () => socket.destroy()
}
createInterface(process.stdin).on('line', (line) => {
  if (!JSON.parse(line).report) return
  say({ report: { bytes, seconds: (performance.now() - sinceMs) / 1000 } })
  bytes = 0
  sinceMs = performance.now()
})
await once(process.stdin, 'end')
close()
