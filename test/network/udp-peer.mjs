/**
 * Sends and receives datagrams as a test tells it in lines of JSON: `node udp-peer.mjs [port]`. It answers each with a line of the same key:
 * `{"send":{"address","port","texts"}}` when all were handed to the network; `{"next":true}` with the next datagram that nobody asked for yet, as
 * `{"text","address","port"}`; `{"received":true}` with how many have come.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const socket = createSocket('udp4')
const send = promisify(socket.send.bind(socket))
const datagrams = []
let received = 0
let wanted = 0

socket.on('message', (datagram, { address, port }) => {
  received++
  datagrams.push({ text: datagram.toString('latin1'), address, port })
  give()
})
socket.bind(Number(process.argv[2] ?? 0))
await once(socket, 'listening')
say({ listening: socket.address().port })

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line)
  if (command.send) {
    const { address, port, texts } = command.send
    await Promise.all(texts.map((text) => send(Buffer.from(text, 'latin1'), port, address)))
    say({ send: texts.length })
  } else if (command.next) {
    wanted++
    give()
  } else if (command.received) say({ received })
}
socket.close()

function give() {
  for (; wanted > 0 && datagrams.length > 0; wanted--) say({ next: datagrams.shift() })
}
