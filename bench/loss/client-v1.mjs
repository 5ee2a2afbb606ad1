/**
 * A client of version 1 of the UDP protocol for `bench/loss.mjs`: `node client-v1.mjs ADDRESS PORT`. As `docs/protocols/udp.md` has it, it gives up a frame
 * when a newer one starts. Says `watching` when it is registered; answers `report` with `{ whole, agesMs, atMs }`; ends with its standard input.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ageMs } from './stamp.mjs'

const [address, port] = process.argv.slice(2)
const chunkSize = 1200
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const socket = createSocket('udp4')
const whole = new Set()
const agesMs = []
/** When each came, milliseconds after the first. */
const atMs = []
let beganMs
let frame = { id: -1, data: Buffer.alloc(0), missing: new Set() }

socket.on('message', (datagram) => {
  const word = datagram.toString('latin1', 0, 5)
  if (word === 'FRAME') {
    const [id, size, count] = [11, 15, 19].map((at) => datagram.readUInt32LE(at))
    if (id <= frame.id) return
    frame = { id, data: Buffer.alloc(size), missing: new Set(Array(count).keys()) }
  } else if (word === 'CHUNK') {
    const index = datagram.readUInt32LE(9)
    if (datagram.readUInt32LE(5) !== frame.id || !frame.missing.delete(index)) return
    datagram.copy(frame.data, index * chunkSize, 13)
    if (frame.missing.size > 0) return
    whole.add(frame.id)
    agesMs.push(ageMs(frame.data))
    beganMs ??= performance.now()
    atMs.push(performance.now() - beganMs)
  } else if (word === 'REGIS') registered()
})
socket.bind(0)
await once(socket, 'listening')
// Room for several frames.
socket.setRecvBufferSize(4 << 20)

const register = () => socket.send('REGISTER_CLIENT', Number(port), address)
let timer = setInterval(register, 1000)
let isRegistered = false
function registered() {
  if (isRegistered) return
  isRegistered = true
  clearInterval(timer)
  timer = setInterval(() => socket.send('KEEPALIVE', Number(port), address), 5000)
  say({ watching: true })
}
register()

createInterface(process.stdin).on('line', (line) => {
  if (JSON.parse(line).report) say({ report: { whole: whole.size, agesMs, atMs } })
})
await once(process.stdin, 'end')
clearInterval(timer)
socket.close()
