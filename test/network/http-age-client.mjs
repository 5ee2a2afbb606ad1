/** Watches an MJPEG stream over HTTP: `node http-age-client.mjs ADDRESS PORT`. Answers `report` with `{ ages }`, of each frame when it was whole, in milliseconds; ends with its standard input. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const [address, port] = process.argv.slice(2)
const ages = []
let rest = Buffer.alloc(0)
const socket = connect(Number(port), address)
socket.on('error', () => {})
socket.write(`GET /stream.mjpg HTTP/1.1\r\nHost: ${address}\r\n\r\n`)
socket.on('data', (chunk) => {
  rest = Buffer.concat([rest, chunk])
  for (;;) {
    const head = /Content-Length: (\d+)\r\nX-Timestamp: ([\d.]+)\r\n\r\n/.exec(rest.toString('latin1', 0, 1000))
    const end = head && head.index + head[0].length + Number(head[1])
    if (!head || rest.length < end) return
    ages.push(Date.now() - Number(head[2]) * 1000)
    rest = rest.subarray(end)
  }
})
createInterface(process.stdin).on('line', (line) => {
  if (JSON.parse(line).report) process.stdout.write(`${JSON.stringify({ report: { ages } })}\n`)
})
await once(process.stdin, 'end')
socket.destroy()
